//! What can go wrong, in a closed set of codes: whose fault it is, and whether to try again.
//!
//! The retry loop asks the fault and never guesses from text; the doors map a code to a status in
//! one place each. Adding a code is a decision; adding a detail to a message is not.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// The kinds of failure that Surefoot tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The request cannot be understood or is not allowed as it stands.
    BadRequest,
    /// The request is larger than is read.
    TooLarge,
    /// No key, or one that is not known.
    Unauthenticated,
    /// A known key that may not do this.
    Forbidden,
    /// A model, function, trace or other thing that does not exist.
    NotFound,
    /// Too many requests or tokens; `retry` says when to come back.
    RateLimited,
    /// The money for this is spent or held.
    OverBudget,
    /// A guard refused what goes in or comes out.
    Blocked,
    /// The provider failed, or answered with something that cannot be read.
    Upstream,
    /// The provider did not answer in time.
    UpstreamTimeout,
    /// The caller hung up.
    Cancelled,
    /// Surefoot cannot serve now (starting, stopping, store unavailable).
    Unavailable,
    /// A mistake inside Surefoot.
    Internal,
}

/// Whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blame {
    /// The application that called.
    Caller,
    /// Surefoot itself.
    Surefoot,
    /// The model provider.
    Upstream,
    /// A rule that the operator set: limits, budgets, guards.
    Policy,
}

impl Code {
    /// Whose fault a failure of this kind is.
    pub fn blame(self) -> Blame {
        match self {
            Self::BadRequest
            | Self::TooLarge
            | Self::Unauthenticated
            | Self::Forbidden
            | Self::NotFound
            | Self::Cancelled => Blame::Caller,
            Self::RateLimited | Self::OverBudget | Self::Blocked => Blame::Policy,
            Self::Upstream | Self::UpstreamTimeout => Blame::Upstream,
            Self::Unavailable | Self::Internal => Blame::Surefoot,
        }
    }

    /// The name used in JSON, logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::TooLarge => "too_large",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::RateLimited => "rate_limited",
            Self::OverBudget => "over_budget",
            Self::Blocked => "blocked",
            Self::Upstream => "upstream",
            Self::UpstreamTimeout => "upstream_timeout",
            Self::Cancelled => "cancelled",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

/// Whether, where and when trying again makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// The same request fails the same way everywhere.
    #[default]
    Never,
    /// Another target may answer; this one will not (bad provider key, model gone, quota used up).
    Elsewhere,
    /// The same target may answer later: after this long where it said so.
    Later(Option<Duration>),
}

/// One failure, told so that its reader knows what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The kind.
    pub code: Code,
    /// What happened, in a sentence without secrets.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The field of the request that is at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub param: Option<String>,
    /// The status that a provider answered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream_status: Option<u16>,
    /// Advice on trying again.
    #[serde(default)]
    pub retry: Retry,
}

impl Fault {
    /// A fault that trying again does not mend.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, param: None, upstream_status: None, retry: Retry::Never }
    }

    /// A malformed request; `param` is the field at fault, or empty.
    pub fn bad_request(param: &str, message: impl Into<String>) -> Self {
        let mut fault = Self::new(Code::BadRequest, message);
        fault.param = (!param.is_empty()).then(|| param.to_owned());
        fault
    }

    /// A mistake inside Surefoot.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, message)
    }

    /// The same fault with what to do about it.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same fault with advice on trying again.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Whose fault it is.
    pub fn blame(&self) -> Blame {
        self.code.blame()
    }

    /// Message and hint in one line, for people.
    pub fn told(&self) -> String {
        match &self.hint {
            Some(hint) if self.message.ends_with(['.', '!', '?']) => format!("{} {hint}", self.message),
            Some(hint) => format!("{}. {hint}", self.message),
            None => self.message.clone(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}
