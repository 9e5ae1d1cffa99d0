//! Which door an address is. Only its end counts, so that an address below any vendor's prefix is one too.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use surefoot_dialect::Dialect;

/// A door of the simulator.
#[derive(Debug, PartialEq)]
pub(super) enum Door<'a> {
    /// A conversation.
    Chat {
        dialect: Dialect,
        /// The model and whether the answer is streamed, where the address says so and not the body.
        named: Option<(Cow<'a, str>, bool)>,
    },
    /// Texts to embed, in OpenAI's words.
    Embeddings,
    /// Documents to rank.
    Rerank,
    /// Texts to moderate.
    Moderations,
}

impl Door<'_> {
    /// What its callers speak.
    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::Chat { dialect, .. } => *dialect,
            Self::Embeddings | Self::Rerank | Self::Moderations => Dialect::OpenaiChat,
        }
    }
}

/// The door at a path.
pub(super) fn door(path: &str) -> Option<Door<'_>> {
    let plain = |dialect| Some(Door::Chat { dialect, named: None });
    let (before, last) = path.rsplit_once('/')?;
    match last {
        "completions" if before.ends_with("/chat") => plain(Dialect::OpenaiChat),
        "responses" => plain(Dialect::OpenaiResponses),
        "messages" => plain(Dialect::Anthropic),
        "embeddings" => Some(Door::Embeddings),
        "rerank" => Some(Door::Rerank),
        "moderations" => Some(Door::Moderations),
        "converse" | "converse-stream" => {
            let (_, model) = before.split_once("/model/")?;
            Some(Door::Chat { dialect: Dialect::Bedrock, named: Some((decoded(model)?, last != "converse")) })
        }
        _ => {
            let (model, verb) = last.rsplit_once(':').filter(|_| before.ends_with("/models"))?;
            let (dialect, streamed) = match verb {
                "generateContent" => (Dialect::Gemini, false),
                "streamGenerateContent" => (Dialect::Gemini, true),
                "rawPredict" => (Dialect::Anthropic, false),
                "streamRawPredict" => (Dialect::Anthropic, true),
                _ => return None,
            };
            Some(Door::Chat { dialect, named: Some((decoded(model)?, streamed)) })
        }
    }
}

fn decoded(model: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(model).decode_utf8().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doors() {
        let chat = |dialect, named: Option<(&str, bool)>| {
            let named = named.map(|(model, streamed)| (model.to_owned().into(), streamed));
            Some(Door::Chat { dialect, named })
        };
        for (path, expected) in [
            ("/v1/chat/completions", chat(Dialect::OpenaiChat, None)),
            ("/openai/deployments/ok/chat/completions", chat(Dialect::OpenaiChat, None)),
            ("/v1/completions", None),
            ("/v1/responses", chat(Dialect::OpenaiResponses, None)),
            ("/v1/messages", chat(Dialect::Anthropic, None)),
            ("/v1beta/models/ok:generateContent", chat(Dialect::Gemini, Some(("ok", false)))),
            (
                "/v1/p/publishers/google/models/ok%2Bx:streamGenerateContent",
                chat(Dialect::Gemini, Some(("ok+x", true))),
            ),
            ("/v1/p/publishers/anthropic/models/ok:rawPredict", chat(Dialect::Anthropic, Some(("ok", false)))),
            ("/v1beta/models/ok:countTokens", None),
            ("/model/echo%2Bcut-3/converse-stream", chat(Dialect::Bedrock, Some(("echo+cut-3", true)))),
            ("/model/ok/converse", chat(Dialect::Bedrock, Some(("ok", false)))),
            ("/v1beta/openai/embeddings", Some(Door::Embeddings)),
            ("/v2/rerank", Some(Door::Rerank)),
            ("/v1/moderations", Some(Door::Moderations)),
            ("/v1/nothing", None),
            ("nothing", None),
        ] {
            assert_eq!(door(path), expected, "{path}");
        }
    }
}
