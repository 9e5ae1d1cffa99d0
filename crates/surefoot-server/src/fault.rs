//! A fault as an HTTP response: the one place where codes become statuses.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use surefoot_dialect::{Dialect, fault_write};
use surefoot_types::{Code, Fault, Retry, ids::TraceId};

use crate::reply::TRACE;

const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

/// The status of a code.
pub(crate) fn status(code: Code) -> StatusCode {
    match code {
        Code::BadRequest => StatusCode::BAD_REQUEST,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::Forbidden | Code::Blocked => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::RateLimited | Code::OverBudget => StatusCode::TOO_MANY_REQUESTS,
        Code::Upstream => StatusCode::BAD_GATEWAY,
        Code::UpstreamTimeout => StatusCode::GATEWAY_TIMEOUT,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        // Nobody reads it; nginx's number for the same.
        Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
    }
}

/// A fault in the words of a dialect.
pub(crate) fn response(dialect: Dialect, fault: &Fault, trace: TraceId) -> Response {
    let mut response = Response::new(Body::from(fault_write(dialect, fault, trace)));
    *response.status_mut() = status(fault.code);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(value) = HeaderValue::from_str(&trace.to_string()) {
        headers.insert(TRACE, value);
    }
    told_when(headers, fault);
    response
}

/// Says when to come back.
fn told_when(headers: &mut HeaderMap, fault: &Fault) {
    if let Retry::Later(Some(after)) = fault.retry {
        // Whole seconds, rounded up: coming back early only costs another refusal. SDKs read the exact one first.
        headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_millis().div_ceil(1_000) as u64));
        headers.insert(RETRY_AFTER_MS, HeaderValue::from(after.as_micros().div_ceil(1_000) as u64));
    }
}

/// A fault at one of the doors of `/api`, which have no trace.
pub(crate) fn plain(fault: &Fault) -> Response {
    let body = serde_json::json!({"error": {
        "code": fault.code.name(),
        "message": fault.told(),
        "param": fault.param,
    }});
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status(fault.code);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    told_when(headers, fault);
    response
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn retry_after_is_told_in_whole_seconds() {
        let fault = Fault::new(Code::RateLimited, "slower").retry(Retry::Later(Some(Duration::from_millis(1_200))));
        let response = response(Dialect::OpenaiChat, &fault, TraceId::from_bits(1));
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "2");
        assert_eq!(response.headers()["retry-after-ms"], "1200");
        assert!(response.headers()[TRACE].to_str().unwrap().starts_with("tr_"));
    }

    #[test]
    fn whose_fault_it_is_shows_in_the_status() {
        for code in [Code::BadRequest, Code::TooLarge, Code::Unauthenticated, Code::Forbidden, Code::NotFound] {
            assert!(status(code).is_client_error(), "{code:?}");
        }
        for code in [Code::Upstream, Code::UpstreamTimeout, Code::Unavailable, Code::Internal] {
            assert!(status(code).is_server_error(), "{code:?}");
        }
    }
}
