//! Errors in each dialect's shape, and what a provider's error means for trying again.

use std::time::Duration;

use bytes::Bytes;
use jiff::{Timestamp, fmt::rfc2822::DateTimeParser};
use serde_json::{Map, Value, json};
use surefoot_types::{Code, Fault, Retry, conversation::Dialect, ids::TraceId};

use crate::json::bytes_of;

mod redact;

/// What a provider's error response means. `retry_after` is what its header advises.
///
/// The body may be the dialect's error, another JSON, HTML or nothing. The provider's own words
/// are carried into the message, shortened and without anything that looks like a key; not for
/// 401, where they are about Surefoot's key and no business of the caller.
pub fn fault_read(dialect: Dialect, status: u16, retry_after: Option<Duration>, body: &[u8]) -> Fault {
    let told = Told::of(body);
    let kind = kind_of(dialect, status, &told);
    let mut message = format!("The provider answered {status}");
    if kind != Kind::Credentials && !told.message.is_empty() {
        message.push_str(": ");
        message.push_str(&redact::shown(&told.message));
    }
    if !message.ends_with(['.', '!', '?', '…']) {
        message.push('.');
    }
    let (code, retry) = match kind {
        Kind::Rate => (Code::RateLimited, Retry::Later(retry_after)),
        Kind::Busy => (Code::Upstream, Retry::Later(retry_after)),
        Kind::Slow => (Code::UpstreamTimeout, Retry::Later(retry_after)),
        Kind::Request => (Code::BadRequest, Retry::Never),
        Kind::Credentials | Kind::Forbidden | Kind::Model | Kind::Money | Kind::Odd => {
            (Code::Upstream, Retry::Elsewhere)
        }
    };
    let mut fault = Fault::new(code, message).hint(kind.hint()).retry(retry);
    fault.upstream_status = Some(status);
    if kind == Kind::Request {
        fault.param = told.param;
    }
    fault
}

/// The fault that a provider reports inside a successful response: `error` is the dialect's error
/// object, or whatever stands in its place.
pub(crate) fn in_band(dialect: Dialect, error: &Value) -> Fault {
    let body = json!({"type": "error", "error": error});
    let told = Told::of_value(&body);
    fault_read(dialect, told.status(), None, &bytes_of(&body))
}

/// The fault of an answer that cannot be read.
pub(crate) fn unreadable(what: &str, error: impl std::fmt::Display) -> Fault {
    Fault::new(Code::Upstream, format!("The provider's {what} cannot be read: {error}."))
        .hint("Try again; if it stays so, check that the provider speaks the dialect that it is set to.")
        .retry(Retry::Later(None))
}

/// What a failure is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rate,
    Busy,
    Slow,
    Request,
    Credentials,
    Forbidden,
    Model,
    Money,
    Odd,
}

impl Kind {
    fn hint(self) -> &'static str {
        match self {
            Self::Rate => "Wait and try again, or add another target to the model.",
            Self::Busy | Self::Slow => "Try again, or add another target to the model.",
            Self::Request => "Change the request as the message says.",
            Self::Credentials => "Check the provider's `api_key` in surefoot.toml.",
            Self::Forbidden => "Check what the provider's key may use.",
            Self::Model => "Check the model's name and the provider's base URL in surefoot.toml.",
            Self::Money => "Top up the provider's account, or add another target to the model.",
            Self::Odd => "Check the provider's base URL in surefoot.toml.",
        }
    }
}

fn kind_of(dialect: Dialect, status: u16, told: &Told) -> Kind {
    if told.is_out_of_money(dialect) {
        return Kind::Money;
    }
    if told.code == "model_not_found" {
        return Kind::Model;
    }
    match status {
        429 => Kind::Rate,
        408 | 504 => Kind::Slow,
        400 | 413 | 422 => Kind::Request,
        401 => Kind::Credentials,
        402 => Kind::Money,
        403 => Kind::Forbidden,
        404 => Kind::Model,
        409 | 200..=299 | 500.. => Kind::Busy,
        _ => Kind::Odd,
    }
}

/// What an error body says, as far as it can be read.
#[derive(Debug, Default)]
struct Told {
    message: String,
    kind: String,
    code: String,
    param: Option<String>,
}

impl Told {
    fn of(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => Self::of_value(&value),
            Err(_) => Self { message: plain_words(body), ..Self::default() },
        }
    }

    fn of_value(body: &Value) -> Self {
        // Some OpenAI-compatible servers wrap the error in an array, or put its fields at the top.
        let body = body.get(0).unwrap_or(body);
        let error = body.get("error").unwrap_or(body);
        let text = |name: &str| match error.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let message = match error {
            Value::String(message) => message.clone(),
            _ => ["message", "Message", "detail"]
                .map(text)
                .into_iter()
                .find(|words| !words.is_empty())
                .unwrap_or_default(),
        };
        Self { message, kind: text("type"), code: text("code"), param: Some(text("param")).filter(|p| !p.is_empty()) }
    }

    /// Quota and credit do not come back by waiting, whatever the status says.
    fn is_out_of_money(&self, dialect: Dialect) -> bool {
        match dialect {
            Dialect::OpenaiChat | Dialect::OpenaiResponses => {
                const CODES: [&str; 2] = ["insufficient_quota", "billing_hard_limit_reached"];
                CODES.contains(&self.code.as_str()) || CODES.contains(&self.kind.as_str())
            }
            // Told with status 400, as a fault of the request, which it is not.
            Dialect::Anthropic => {
                self.kind == "billing_error" || self.message.to_ascii_lowercase().contains("credit balance is too low")
            }
            Dialect::Gemini | Dialect::Bedrock => false,
        }
    }

    /// The status that would have gone with it.
    fn status(&self) -> u16 {
        if let Some(status) = self.code.parse().ok().filter(|status| (400..600).contains(status)) {
            return status;
        }
        match (self.kind.as_str(), self.code.as_str()) {
            ("invalid_request_error", _) => 400,
            ("authentication_error", _) => 401,
            ("billing_error", _) => 402,
            ("permission_error", _) => 403,
            ("not_found_error", _) => 404,
            ("request_too_large", _) => 413,
            ("rate_limit_error" | "rate_limit_exceeded" | "insufficient_quota" | "tokens" | "requests", _)
            | (_, "rate_limit_exceeded" | "insufficient_quota") => 429,
            ("timeout_error", _) => 504,
            ("overloaded_error", _) => 529,
            _ => 500,
        }
    }
}

/// The words of a body that is not JSON; nothing for HTML, which is a proxy's page and not the
/// provider's answer.
fn plain_words(body: &[u8]) -> String {
    match std::str::from_utf8(body) {
        Ok(text) if !text.trim_start().starts_with('<') => text.trim().to_owned(),
        _ => String::new(),
    }
}

/// An error in the caller's dialect.
pub fn fault_write(dialect: Dialect, fault: &Fault, trace: TraceId) -> Bytes {
    bytes_of(&error_object(dialect, fault, &json!({"trace_id": trace})))
}

/// The dialect's error with `surefoot` beside it.
pub(crate) fn error_object(dialect: Dialect, fault: &Fault, surefoot: &Value) -> Value {
    let trace = surefoot.get("trace_id");
    let mut body = Map::new();
    match dialect {
        Dialect::OpenaiChat | Dialect::OpenaiResponses => {
            let mut error = json!({
                "message": fault.told(),
                "type": openai_type(fault.code),
                "param": fault.param,
                "code": fault.code.name(),
            });
            if let Some(trace) = trace {
                error["trace_id"] = trace.clone();
            }
            body.insert("error".into(), error);
        }
        Dialect::Anthropic => {
            body.insert("type".into(), "error".into());
            body.insert("error".into(), json!({"type": anthropic_type(fault.code), "message": fault.told()}));
            if let Some(trace) = trace {
                body.insert("request_id".into(), trace.clone());
            }
        }
        Dialect::Bedrock => {
            body.insert("message".into(), fault.told().into());
        }
        Dialect::Gemini => {
            let (status, name) = google_status(fault.code);
            body.insert("error".into(), json!({"code": status, "message": fault.told(), "status": name}));
        }
    }
    if !surefoot.is_null() {
        body.insert("surefoot".into(), surefoot.clone());
    }
    Value::Object(body)
}

fn openai_type(code: Code) -> &'static str {
    match code {
        Code::BadRequest | Code::TooLarge | Code::NotFound | Code::Unauthenticated | Code::Cancelled => {
            "invalid_request_error"
        }
        Code::Forbidden | Code::Blocked => "permission_error",
        Code::RateLimited => "rate_limit_error",
        Code::OverBudget => "insufficient_quota",
        Code::Upstream | Code::UpstreamTimeout | Code::Unavailable | Code::Internal => "server_error",
    }
}

fn anthropic_type(code: Code) -> &'static str {
    match code {
        Code::BadRequest | Code::Cancelled => "invalid_request_error",
        Code::TooLarge => "request_too_large",
        Code::Unauthenticated => "authentication_error",
        Code::Forbidden | Code::Blocked => "permission_error",
        Code::NotFound => "not_found_error",
        Code::RateLimited => "rate_limit_error",
        Code::OverBudget => "billing_error",
        Code::UpstreamTimeout => "timeout_error",
        Code::Unavailable => "overloaded_error",
        Code::Upstream | Code::Internal => "api_error",
    }
}

/// The status and its name in Google's words.
fn google_status(code: Code) -> (u16, &'static str) {
    match code {
        Code::BadRequest => (400, "INVALID_ARGUMENT"),
        Code::TooLarge => (413, "INVALID_ARGUMENT"),
        Code::Unauthenticated => (401, "UNAUTHENTICATED"),
        Code::Forbidden | Code::Blocked => (403, "PERMISSION_DENIED"),
        Code::NotFound => (404, "NOT_FOUND"),
        Code::RateLimited | Code::OverBudget => (429, "RESOURCE_EXHAUSTED"),
        Code::Cancelled => (499, "CANCELLED"),
        Code::Internal => (500, "INTERNAL"),
        Code::Upstream => (502, "UNAVAILABLE"),
        Code::Unavailable => (503, "UNAVAILABLE"),
        Code::UpstreamTimeout => (504, "DEADLINE_EXCEEDED"),
    }
}

/// The wait that a `retry-after` header advises: seconds, with or without a fraction, or an HTTP
/// date, which is zero once it has passed.
pub fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    static DATES: DateTimeParser = DateTimeParser::new();
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let wait = DATES.parse_timestamp(value).ok()?.duration_since(now);
    Some(Duration::try_from(wait).unwrap_or_default())
}

#[cfg(test)]
mod tests;
