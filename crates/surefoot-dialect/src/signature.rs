//! Whose signature it is. A provider takes back only the reasoning that it signed, and refuses any
//! other, so a signature that is kept by a client of another dialect says who gave it.

use std::borrow::Cow;

use surefoot_types::conversation::Dialect;

/// What a signature begins with that was not given in the client's own dialect.
pub(crate) const MARK: &str = "surefoot:";

/// How the mark looks in a request: as it is, or in base64, which Gemini's SDKs insist on.
pub(crate) const MARKS: [&str; 2] = [MARK, "c3VyZWZvb3Q6"];

/// The signature as a client of this dialect is to keep it.
pub(crate) fn told(client: Dialect, by: Option<Dialect>, signature: &str) -> Cow<'_, str> {
    match by {
        Some(by) if by != client => Cow::Owned(format!("{MARK}{}:{signature}", by.name())),
        _ => Cow::Borrowed(signature),
    }
}

/// Who gave a signature that stands in this dialect, and the signature itself.
pub(crate) fn read(dialect: Dialect, wire: String) -> (Dialect, String) {
    let marked = wire.strip_prefix(MARK).and_then(|rest| rest.split_once(':'));
    match marked.and_then(|(name, signature)| Some((Dialect::named(name)?, signature))) {
        Some((by, signature)) => (by, signature.to_owned()),
        None => (dialect, wire),
    }
}

/// Whether a provider of `target` takes what was signed by `by`. Anthropic's signatures hold on
/// Bedrock and the other way round; an OpenAI-shaped server that has any passes on Anthropic's.
pub(crate) fn fits(target: Dialect, by: Option<Dialect>) -> bool {
    let is_anthropic_s = |dialect| matches!(dialect, Dialect::Anthropic | Dialect::Bedrock);
    by.is_none_or(|by| by == target || (is_anthropic_s(target) && (is_anthropic_s(by) || by == Dialect::OpenaiChat)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_read_back() {
        for client in Dialect::ALL {
            for by in Dialect::ALL {
                let wire = told(client, Some(by), "a:b");
                assert_eq!(wire == "a:b", client == by);
                assert_eq!(read(client, wire.into_owned()), (by, "a:b".to_owned()));
            }
            for odd in ["", "surefoot:", "surefoot:nobody:x"] {
                assert_eq!(read(client, odd.to_owned()), (client, odd.to_owned()));
            }
        }
    }
}
