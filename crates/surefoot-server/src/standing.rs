//! How a caller stands with its limits and budgets, as headers: each dialect's own names, so that SDKs and the
//! programs around them find what they look for.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue},
    response::Response,
};
use surefoot_dialect::Dialect;
use surefoot_gateway::{Quota, Standing};
use surefoot_types::Timestamp;

/// What is left of the tightest budget, in dollars.
const BUDGET: HeaderName = HeaderName::from_static("x-surefoot-budget-remaining");

/// Names of a limit's size, of what is left of it, and of when it is whole again.
type Names = [&'static str; 3];

/// The names for requests, then for tokens.
fn names(dialect: Dialect) -> [Names; 2] {
    match dialect {
        Dialect::Anthropic => [
            [
                "anthropic-ratelimit-requests-limit",
                "anthropic-ratelimit-requests-remaining",
                "anthropic-ratelimit-requests-reset",
            ],
            [
                "anthropic-ratelimit-tokens-limit",
                "anthropic-ratelimit-tokens-remaining",
                "anthropic-ratelimit-tokens-reset",
            ],
        ],
        // The others have none of their own that their clients read.
        _ => [
            ["x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"],
            ["x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"],
        ],
    }
}

/// The response with its headers. What is not limited has none.
pub(crate) fn told(mut response: Response, dialect: Dialect, standing: &Standing, now: Timestamp) -> Response {
    let headers = response.headers_mut();
    let [requests, tokens] = names(dialect);
    for (names, quota) in [(requests, standing.requests), (tokens, standing.tokens)] {
        if let Some(quota) = quota {
            quota_told(headers, names, quota, dialect, now);
        }
    }
    if let Some(left) = standing.budget
        && let Ok(value) = HeaderValue::from_str(left.to_string().trim_start_matches('$'))
    {
        headers.insert(BUDGET, value);
    }
    response
}

fn quota_told(headers: &mut HeaderMap, names: Names, quota: Quota, dialect: Dialect, now: Timestamp) {
    let [limit, remaining, reset] = names.map(HeaderName::from_static);
    headers.insert(limit, HeaderValue::from(quota.limit));
    headers.insert(remaining, HeaderValue::from(quota.remaining));
    let told = match dialect {
        Dialect::Anthropic => quota.reset.to_string(),
        // How long, in whole seconds, rounded up: `12s`.
        _ => {
            let millis = u64::try_from(quota.reset.as_millisecond() - now.as_millisecond()).unwrap_or(0);
            format!("{}s", millis.div_ceil(1_000))
        }
    };
    if let Ok(told) = HeaderValue::from_str(&told) {
        headers.insert(reset, told);
    }
}
