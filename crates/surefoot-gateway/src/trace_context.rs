//! W3C trace context: which trace of the caller's a request is part of, and how that is told onwards.
//! <https://www.w3.org/TR/trace-context/>

use surefoot_types::{
    ids::{AttemptId, TraceId},
    trace::Trace,
};

/// Longest `tracestate` that is passed on: the least that the standard asks for.
const LONGEST_STATE: usize = 512;

/// What a caller told of its own trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// `traceparent`, well-formed.
    pub parent: String,
    /// `tracestate`, as it came.
    pub state: Option<String>,
}

impl TraceContext {
    /// Reads the two headers. A `traceparent` that is not well-formed counts as none, as the standard asks, and a
    /// `tracestate` is nothing without it.
    pub fn read(parent: Option<&str>, state: Option<&str>) -> Option<Self> {
        let parent = parent.map(str::trim).filter(|parent| is_parent(parent))?;
        let fits = |state: &&str| {
            !state.is_empty() && state.len() <= LONGEST_STATE && state.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        };
        Some(Self { parent: parent.to_owned(), state: state.map(str::trim).filter(fits).map(str::to_owned) })
    }
}

/// The trace's id in the words of W3C: the caller's, or this trace's own, as 32 hex digits.
pub fn trace_id(trace: &Trace) -> String {
    let theirs = trace.parent.as_deref().and_then(|parent| parent.get(3..35));
    theirs.map_or_else(|| own_trace_id(trace.id), str::to_owned)
}

/// The id of the span that a request is, as 16 hex digits.
pub fn request_span(id: TraceId) -> String {
    span(id.to_bits())
}

/// The id of the span that an attempt is, as 16 hex digits.
pub fn attempt_span(id: AttemptId) -> String {
    span(id.to_bits())
}

/// The `traceparent` that an attempt sends to its provider. It is marked as sampled unless the caller's own says
/// that it is not.
pub fn told_onwards(trace: &Trace, attempt: AttemptId) -> String {
    let flags = trace.parent.as_deref().and_then(|parent| parent.get(53..55)).unwrap_or("01");
    format!("00-{}-{}-{flags}", trace_id(trace), attempt_span(attempt))
}

fn own_trace_id(id: TraceId) -> String {
    format!("{:032x}", id.to_bits())
}

/// The part of an id that is chance. A span's id may not be nothing but zeros.
fn span(bits: u128) -> String {
    format!("{:016x}", (bits as u64).max(1))
}

/// `00-<32 hex>-<16 hex>-<2 hex>`, with ids that are not all zeros. Later versions may have more behind it.
fn is_parent(text: &str) -> bool {
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let id = |part: &str, length| hex(part, length) && part.bytes().any(|byte| byte != b'0');
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace, span, flags, rest @ ..] = parts.as_slice() else { return false };
    let whole = hex(version, 2) && id(trace, 32) && id(span, 16) && hex(flags, 2);
    whole && *version != "ff" && (rest.is_empty() || *version != "00")
}

#[cfg(test)]
mod tests {
    use surefoot_types::Timestamp;

    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

    #[test]
    fn what_is_well_formed() {
        for (parent, expected) in [
            (PARENT, true),
            ("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later", true),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", false),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", false),
            ("", false),
        ] {
            assert_eq!(TraceContext::read(Some(parent), None).is_some(), expected, "{parent}");
        }
        let read = TraceContext::read(Some(PARENT), Some("a=1,b=2")).unwrap();
        assert_eq!(read.state.as_deref(), Some("a=1,b=2"));
        assert_eq!(TraceContext::read(None, Some("a=1")), None);
        assert_eq!(TraceContext::read(Some(PARENT), Some("a=\u{e9}")).unwrap().state, None);
    }

    #[test]
    fn a_provider_is_told_the_callers_trace_and_the_attempts_span() {
        let mut trace = Trace::begun(TraceId::from_bits(0xab), Timestamp::UNIX_EPOCH, "openai_chat", "m");
        let attempt = AttemptId::from_bits(0x1234);
        let own = "00-000000000000000000000000000000ab-0000000000001234-01";
        assert_eq!(told_onwards(&trace, attempt), own);
        trace.parent = Some(PARENT.into());
        assert_eq!(told_onwards(&trace, attempt), "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000001234-00");
        assert!(is_parent(own));
    }
}
