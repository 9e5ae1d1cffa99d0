//! What differs between providers, as a table: a new vendor is a row.
//!
//! Where a vendor needs what no column says, the missing column is looked for before code is written.

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use surefoot_types::conversation::Dialect;

use crate::api::Api;

/// The version of Anthropic's API that Surefoot's own requests are written for, and its name on Vertex.
pub(crate) const ANTHROPIC_VERSION: &str = "2023-06-01";
pub(crate) const VERTEX_VERSION: &str = "vertex-2023-10-16";

/// How an API differs from others.
#[derive(Debug, PartialEq)]
pub struct Preset {
    /// What it is called in settings.
    pub kind: &'static str,
    /// Which of the vendor's APIs it is; the first row of a kind is the one that is meant when none is named.
    pub api: &'static str,
    /// The wire format that it speaks.
    pub dialect: Dialect,
    /// Its address. `{region}`, `{project}` and `{location}` are filled from the settings; empty where each user has
    /// an own one.
    pub base_url: &'static str,
    /// How a key is shown.
    pub auth: Auth,
    /// Whether it is of use without a key.
    pub keyless: bool,
    /// The vendor whose prices and capabilities hold at this address.
    pub vendor: Option<&'static str>,
    /// How an address is made of the base URL.
    pub paths: Paths,
    /// Where it takes texts to embed, in OpenAI's words.
    pub embeddings: Option<Side>,
    /// Where it takes documents to rank.
    pub rerank: Option<Side>,
    /// Where it takes texts to moderate.
    pub moderations: Option<Side>,
    /// What of its dialect it does not know.
    pub lacks: Lacks,
}

/// How a key is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// `authorization: Bearer KEY`.
    Bearer,
    /// A token that somebody renews, as a bearer's.
    Token,
    /// In a header of its own.
    Header(&'static str),
    /// A key in a header of its own, a token as a bearer's.
    HeaderOrBearer(&'static str),
    /// A signature (AWS, version 4), or a key as a bearer's.
    Signed,
}

/// How an address is made of the base URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paths {
    /// As the dialect says.
    Plain,
    /// As the dialect says; below the deployment's name where the address has a version in it.
    Azure,
    /// Below the publisher, `{publisher}/models/{model}`.
    Vertex(&'static str),
}

/// Something beside conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side {
    /// Its path; below the base URL, or below the host.
    pub path: &'static str,
    /// Whether the path begins at the host.
    pub of_host: bool,
    /// Whether the key is shown as a bearer's, whatever it is for conversations.
    pub bearer: bool,
}

/// What of OpenAI's chat an API does not know. Members at the top of a request; what a caller asked for and does not
/// get is told to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lacks {
    /// Members that it refuses.
    pub members: &'static [&'static str],
    /// Members that it has under another name.
    pub renamed: &'static [(&'static str, &'static str)],
    /// Whether it knows no role `developer`: its messages are then a system's.
    pub developer: bool,
}

const fn below(path: &'static str) -> Option<Side> {
    Some(Side { path, of_host: false, bearer: false })
}

/// Lacks nothing.
pub(crate) const NOTHING: Lacks = Lacks { members: &[], renamed: &[], developer: false };
/// Servers that know OpenAI's chat as it was before its reasoning models.
const OLDER: Lacks = Lacks { members: &[], renamed: &[("max_completion_tokens", "max_tokens")], developer: true };
/// Mistral refuses every member that it does not know.
const MISTRAL: Lacks = Lacks {
    members: &[
        "stream_options",
        "logprobs",
        "top_logprobs",
        "logit_bias",
        "user",
        "store",
        "service_tier",
        "verbosity",
        "safety_identifier",
        "prompt_cache_retention",
        "modalities",
        "audio",
        "web_search_options",
    ],
    renamed: &[("max_completion_tokens", "max_tokens"), ("seed", "random_seed")],
    developer: true,
};
const COHERE: Lacks = Lacks {
    members: &[
        "stream_options",
        "store",
        "metadata",
        "logit_bias",
        "top_logprobs",
        "n",
        "modalities",
        "prediction",
        "audio",
        "service_tier",
        "parallel_tool_calls",
        "user",
    ],
    ..OLDER
};

/// A row that the others differ from: OpenAI's own.
const OPENAI: Preset = Preset {
    kind: "openai",
    api: "chat",
    dialect: Dialect::OpenaiChat,
    base_url: "https://api.openai.com/v1",
    auth: Auth::Bearer,
    keyless: false,
    vendor: Some("openai"),
    paths: Paths::Plain,
    embeddings: below("/embeddings"),
    rerank: None,
    moderations: below("/moderations"),
    lacks: NOTHING,
};
/// Other vendors with OpenAI's chat.
const ALIKE: Preset = Preset { moderations: None, lacks: OLDER, ..OPENAI };
/// Servers of one's own.
const OWN: Preset = Preset { keyless: true, vendor: None, lacks: NOTHING, ..ALIKE };
const VERTEX: Preset = Preset {
    kind: "vertex",
    api: "gemini",
    dialect: Dialect::Gemini,
    base_url: "https://{location}-aiplatform.googleapis.com/v1/projects/{project}/locations/{location}",
    auth: Auth::Token,
    vendor: Some("gemini"),
    paths: Paths::Vertex("google"),
    embeddings: None,
    moderations: None,
    ..OPENAI
};

/// Every kind of API that there is a row for.
pub static PRESETS: &[Preset] = &[
    OPENAI,
    Preset { api: "responses", dialect: Dialect::OpenaiResponses, ..OPENAI },
    Preset {
        kind: "azure",
        base_url: "",
        auth: Auth::HeaderOrBearer("api-key"),
        vendor: Some("azure"),
        paths: Paths::Azure,
        moderations: None,
        ..OPENAI
    },
    Preset {
        kind: "azure",
        api: "responses",
        dialect: Dialect::OpenaiResponses,
        base_url: "",
        auth: Auth::HeaderOrBearer("api-key"),
        vendor: Some("azure"),
        moderations: None,
        paths: Paths::Azure,
        ..OPENAI
    },
    Preset {
        kind: "anthropic",
        api: "messages",
        dialect: Dialect::Anthropic,
        base_url: "https://api.anthropic.com/v1",
        auth: Auth::Header("x-api-key"),
        vendor: Some("anthropic"),
        embeddings: None,
        moderations: None,
        ..OPENAI
    },
    Preset {
        kind: "gemini",
        api: "gemini",
        dialect: Dialect::Gemini,
        base_url: "https://generativelanguage.googleapis.com/v1beta",
        auth: Auth::Header("x-goog-api-key"),
        vendor: Some("gemini"),
        embeddings: Some(Side { path: "/openai/embeddings", of_host: false, bearer: true }),
        moderations: None,
        ..OPENAI
    },
    VERTEX,
    Preset {
        api: "messages",
        dialect: Dialect::Anthropic,
        vendor: Some("anthropic"),
        paths: Paths::Vertex("anthropic"),
        ..VERTEX
    },
    Preset {
        kind: "bedrock",
        api: "converse",
        dialect: Dialect::Bedrock,
        base_url: "https://bedrock-runtime.{region}.amazonaws.com",
        auth: Auth::Signed,
        vendor: Some("bedrock"),
        embeddings: None,
        moderations: None,
        ..OPENAI
    },
    Preset {
        kind: "mistral",
        base_url: "https://api.mistral.ai/v1",
        vendor: Some("mistral"),
        moderations: below("/moderations"),
        lacks: MISTRAL,
        ..ALIKE
    },
    Preset {
        kind: "groq",
        base_url: "https://api.groq.com/openai/v1",
        vendor: Some("groq"),
        embeddings: None,
        lacks: NOTHING,
        ..ALIKE
    },
    Preset {
        kind: "deepseek",
        base_url: "https://api.deepseek.com",
        vendor: Some("deepseek"),
        embeddings: None,
        ..ALIKE
    },
    Preset { kind: "xai", base_url: "https://api.x.ai/v1", vendor: Some("xai"), lacks: NOTHING, ..ALIKE },
    Preset {
        kind: "xai",
        api: "responses",
        dialect: Dialect::OpenaiResponses,
        base_url: "https://api.x.ai/v1",
        vendor: Some("xai"),
        lacks: NOTHING,
        ..ALIKE
    },
    Preset {
        kind: "together",
        base_url: "https://api.together.xyz/v1",
        vendor: Some("together"),
        rerank: below("/rerank"),
        ..ALIKE
    },
    Preset { kind: "fireworks", base_url: "https://api.fireworks.ai/inference/v1", vendor: Some("fireworks"), ..ALIKE },
    Preset { kind: "openrouter", base_url: "https://openrouter.ai/api/v1", vendor: None, lacks: NOTHING, ..ALIKE },
    Preset {
        kind: "perplexity",
        base_url: "https://api.perplexity.ai",
        vendor: Some("perplexity"),
        embeddings: None,
        ..ALIKE
    },
    Preset {
        kind: "cohere",
        base_url: "https://api.cohere.ai/compatibility/v1",
        vendor: Some("cohere"),
        rerank: Some(Side { path: "/v2/rerank", of_host: true, bearer: false }),
        lacks: COHERE,
        ..ALIKE
    },
    Preset {
        kind: "cerebras",
        base_url: "https://api.cerebras.ai/v1",
        vendor: Some("cerebras"),
        embeddings: None,
        lacks: NOTHING,
        ..ALIKE
    },
    Preset {
        kind: "moonshot",
        base_url: "https://api.moonshot.ai/v1",
        vendor: Some("moonshot"),
        embeddings: None,
        ..ALIKE
    },
    Preset { kind: "ollama", base_url: "http://127.0.0.1:11434/v1", lacks: OLDER, ..OWN },
    Preset { kind: "vllm", base_url: "http://127.0.0.1:8000/v1", rerank: below("/rerank"), ..OWN },
    Preset { kind: "llamacpp", base_url: "http://127.0.0.1:8080/v1", rerank: below("/rerank"), lacks: OLDER, ..OWN },
    Preset { kind: "sglang", base_url: "http://127.0.0.1:30000/v1", rerank: below("/rerank"), ..OWN },
    Preset { kind: "lmstudio", base_url: "http://127.0.0.1:1234/v1", lacks: OLDER, ..OWN },
];

/// Any server that speaks OpenAI's chat.
pub static COMPATIBLE: &Preset = &OWN;

/// The row of a kind: its first, or the one of the API that is named.
pub fn find(kind: &str, api: Option<&str>) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.kind == kind && api.is_none_or(|api| preset.api == api))
}

/// All that stands unescaped in a part of a path.
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where something beside conversations is asked for.
pub(crate) fn side(api: &Api, side: Side, model: &str) -> String {
    match (api.preset.paths, &api.version) {
        (Paths::Azure, Some(version)) => deployment(api, model, side.path, version),
        _ if side.of_host => format!("{}{}", host(&api.base_url), side.path),
        _ => format!("{}{}", api.base_url, side.path),
    }
}

/// Where an answer is asked for, whole or streamed.
pub(crate) fn chat(api: &Api, model: &str, streamed: bool) -> String {
    let preset = api.preset;
    let base = &api.base_url;
    match (preset.dialect, preset.paths) {
        (Dialect::Anthropic, Paths::Vertex(publisher)) => {
            let verb = if streamed { "streamRawPredict" } else { "rawPredict" };
            format!("{base}/publishers/{publisher}/models/{}:{verb}", part(model))
        }
        (Dialect::OpenaiChat, Paths::Azure) if api.version.is_some() => {
            deployment(api, model, "/chat/completions", api.version.as_deref().unwrap_or_default())
        }
        (Dialect::OpenaiResponses, Paths::Azure) if api.version.is_some() => {
            format!("{base}/openai/responses?api-version={}", api.version.as_deref().unwrap_or_default())
        }
        (Dialect::OpenaiChat, _) => format!("{base}/chat/completions"),
        (Dialect::OpenaiResponses, _) => format!("{base}/responses"),
        (Dialect::Anthropic, _) => format!("{base}/messages"),
        (Dialect::Bedrock, _) => {
            format!("{base}/model/{}/{}", part(model), if streamed { "converse-stream" } else { "converse" })
        }
        (Dialect::Gemini, paths) => {
            let mut url = base.clone();
            if let Paths::Vertex(publisher) = paths {
                // Writing to a String cannot fail.
                let _ = write!(url, "/publishers/{publisher}");
            }
            let verb = if streamed { "streamGenerateContent?alt=sse" } else { "generateContent" };
            let _ = write!(url, "/models/{}:{verb}", part(model));
            url
        }
    }
}

fn deployment(api: &Api, model: &str, path: &str, version: &str) -> String {
    format!("{}/openai/deployments/{}{path}?api-version={version}", api.base_url, part(model))
}

fn part(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, PART)
}

/// The scheme and host of an address.
fn host(url: &str) -> &str {
    let from = url.find("://").map_or(0, |at| at + 3);
    url[from..].find('/').map_or(url, |at| &url[..from + at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_all_that_is_needed() {
        for preset in PRESETS {
            let name = format!("{} {}", preset.kind, preset.api);
            assert_eq!(find(preset.kind, Some(preset.api)), Some(preset), "{name} stands twice");
            assert!(preset.keyless == preset.base_url.starts_with("http://"), "{name}");
            assert!(!preset.base_url.ends_with('/'), "{name}");
            let chat = preset.dialect == Dialect::OpenaiChat;
            assert!(chat || preset.lacks == NOTHING || preset.dialect == Dialect::OpenaiResponses, "{name}");
        }
        assert_eq!(find("openai", None).map(|preset| preset.api), Some("chat"));
        assert_eq!(find("openai", Some("converse")), None);
    }

    #[test]
    fn addresses() {
        let aws = "anthropic.claude-3-haiku-20240307-v1:0";
        let arn = "arn:aws:bedrock:us-east-1:1:inference-profile/x";
        for (kind, api, version, streamed, model, expected) in [
            ("openai", None, None, false, "m", "U/chat/completions"),
            ("openai", Some("responses"), None, true, "m", "U/responses"),
            ("azure", None, None, false, "m", "U/chat/completions"),
            ("azure", None, Some("1"), false, "my dep", "U/openai/deployments/my%20dep/chat/completions?api-version=1"),
            ("azure", Some("responses"), Some("1"), false, "m", "U/openai/responses?api-version=1"),
            ("anthropic", None, None, false, "m", "U/messages"),
            ("gemini", None, None, false, "gemini-2.5-pro", "U/models/gemini-2.5-pro:generateContent"),
            ("gemini", None, None, true, "m", "U/models/m:streamGenerateContent?alt=sse"),
            ("vertex", None, None, false, "m", "U/publishers/google/models/m:generateContent"),
            ("vertex", Some("messages"), None, true, "c@1", "U/publishers/anthropic/models/c%401:streamRawPredict"),
            ("bedrock", None, None, false, aws, "U/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse"),
            (
                "bedrock",
                None,
                None,
                true,
                arn,
                "U/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/converse-stream",
            ),
        ] {
            let preset = find(kind, api).unwrap();
            let api = Api { version: version.map(str::to_owned), ..Api::new(preset, "U") };
            assert_eq!(chat(&api, model, streamed), expected, "{kind} {model}");
        }
        for (kind, base, version, expected) in [
            ("openai", "U", None, Some("U/embeddings")),
            ("azure", "U", Some("1"), Some("U/openai/deployments/e/embeddings?api-version=1")),
            ("anthropic", "U", None, None),
            ("gemini", "U", None, Some("U/openai/embeddings")),
        ] {
            let api = Api { version: version.map(str::to_owned), ..Api::new(find(kind, None).unwrap(), base) };
            let found = api.preset.embeddings.map(|path| side(&api, path, "e"));
            assert_eq!(found.as_deref(), expected, "{kind}");
        }
        let cohere = Api::new(find("cohere", None).unwrap(), "https://api.cohere.ai/compatibility/v1");
        let rerank = cohere.preset.rerank.map(|path| side(&cohere, path, "m"));
        assert_eq!(rerank.as_deref(), Some("https://api.cohere.ai/v2/rerank"));
        assert_eq!(host("https://api.cohere.ai/compatibility/v1"), "https://api.cohere.ai");
        assert_eq!(host("http://127.0.0.1:1"), "http://127.0.0.1:1");
    }
}
