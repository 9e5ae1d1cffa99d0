//! What a call's end says of the target and of the key: one table.

use std::time::Duration;

use surefoot_types::{Code, Fault, Retry};

/// What a call's end says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The target is well.
    Good,
    /// The target is unwell.
    Bad,
    /// Nothing: the request was at fault, or ended for reasons of its own.
    Nothing,
    /// The target wants to be left alone, so long if it says so; whether it is unwell besides.
    Later(Option<Duration>, bool),
    /// This key is of no use here: at this target, or at all of its provider.
    Useless(Scope),
}

/// Where a key is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Target,
    Provider,
}

/// What the end of a call says; `None`: it was answered.
pub(super) fn verdict(fault: Option<&Fault>) -> Verdict {
    let Some(fault) = fault else { return Verdict::Good };
    match (fault.code, fault.retry) {
        (Code::RateLimited, Retry::Later(after)) => Verdict::Later(after, false),
        (Code::Upstream | Code::UpstreamTimeout, Retry::Later(Some(after))) => Verdict::Later(Some(after), true),
        (Code::Upstream, Retry::Elsewhere) => match fault.upstream_status {
            // Not its key's (401), or nothing left to spend (402, OpenAI's 429, Anthropic's 400).
            Some(400 | 401 | 402 | 429) => Verdict::Useless(Scope::Provider),
            Some(_) => Verdict::Useless(Scope::Target),
            None => Verdict::Bad,
        },
        (Code::Upstream | Code::UpstreamTimeout, _) => Verdict::Bad,
        _ => Verdict::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_blamed_for_what() {
        let fault = |code, retry, status| {
            let mut fault = Fault::new(code, "x").retry(retry);
            fault.upstream_status = status;
            fault
        };
        let (soon, later) = (Some(Duration::from_secs(3)), Retry::Later(None));
        for (name, fault, expected) in [
            ("a malformed request", fault(Code::BadRequest, Retry::Never, Some(400)), Verdict::Nothing),
            ("too long for the model", fault(Code::BadRequest, Retry::Elsewhere, Some(400)), Verdict::Nothing),
            ("a caller who hung up", fault(Code::Cancelled, Retry::Never, None), Verdict::Nothing),
            ("a full line", fault(Code::Unavailable, later, None), Verdict::Nothing),
            ("429", fault(Code::RateLimited, later, Some(429)), Verdict::Later(None, false)),
            ("429 with a time", fault(Code::RateLimited, Retry::Later(soon), Some(429)), Verdict::Later(soon, false)),
            ("503 with a time", fault(Code::Upstream, Retry::Later(soon), Some(503)), Verdict::Later(soon, true)),
            ("500", fault(Code::Upstream, later, Some(500)), Verdict::Bad),
            ("529", fault(Code::Upstream, later, Some(529)), Verdict::Bad),
            ("refused connections", fault(Code::Upstream, later, None), Verdict::Bad),
            ("no TLS", fault(Code::Upstream, Retry::Elsewhere, None), Verdict::Bad),
            ("silence", fault(Code::UpstreamTimeout, later, None), Verdict::Bad),
            ("401", fault(Code::Upstream, Retry::Elsewhere, Some(401)), Verdict::Useless(Scope::Provider)),
            ("no money", fault(Code::Upstream, Retry::Elsewhere, Some(429)), Verdict::Useless(Scope::Provider)),
            ("403", fault(Code::Upstream, Retry::Elsewhere, Some(403)), Verdict::Useless(Scope::Target)),
            ("no such model", fault(Code::Upstream, Retry::Elsewhere, Some(404)), Verdict::Useless(Scope::Target)),
        ] {
            assert_eq!(verdict(Some(&fault)), expected, "{name}");
        }
        assert_eq!(verdict(None), Verdict::Good);
    }
}
