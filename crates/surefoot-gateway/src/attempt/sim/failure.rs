//! Failures as a provider tells them.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use surefoot_dialect::{Dialect, fault_read};
use surefoot_types::Fault;

/// A response that is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its HTTP status.
    pub status: u16,
    /// What it says.
    pub message: String,
    /// When it tells the caller to come back.
    pub retry_after: Option<Duration>,
    /// Whether it is a proxy's page in HTML and not the provider's own error.
    pub page: bool,
}

impl Failure {
    /// The provider's error of this status.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), retry_after: None, page: false }
    }

    /// Its body in a dialect.
    pub fn body(&self, dialect: Dialect) -> Bytes {
        let Self { status, message, .. } = self;
        if self.page {
            return Bytes::from(format!(
                "<!DOCTYPE html>\n<html><head><title>{status}</title></head><body><h1>{message}</h1></body></html>\n"
            ));
        }
        let body = match dialect {
            Dialect::OpenaiChat | Dialect::OpenaiResponses => {
                let (kind, code) = openai_kind(*status);
                json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
            }
            Dialect::Bedrock => json!({"message": message}),
            Dialect::Gemini => json!({"error": {"code": status, "message": message, "status": google_kind(*status)}}),
            Dialect::Anthropic => {
                json!({"type": "error", "error": {"type": anthropic_kind(*status), "message": message}})
            }
        };
        body.to_string().into()
    }

    /// What it means to who called.
    pub fn fault(&self) -> Fault {
        let dialect = Dialect::OpenaiChat;
        fault_read(dialect, self.status, self.retry_after, &self.body(dialect))
    }
}

fn openai_kind(status: u16) -> (&'static str, Option<&'static str>) {
    match status {
        401 => ("invalid_request_error", Some("invalid_api_key")),
        402 => ("insufficient_quota", Some("insufficient_quota")),
        404 => ("invalid_request_error", Some("model_not_found")),
        429 => ("requests", Some("rate_limit_exceeded")),
        400..=499 => ("invalid_request_error", None),
        _ => ("server_error", None),
    }
}

fn google_kind(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        400..=499 => "INVALID_ARGUMENT",
        503 | 529 => "UNAVAILABLE",
        _ => "INTERNAL",
    }
}

fn anthropic_kind(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        _ => "api_error",
    }
}
