//! Whose API a model belongs to, in the names of other programs, and the tables of providers that follow from it.

use std::fmt::Write;

use super::{Imported, key, quoted};

/// Names of providers elsewhere, and the kinds that they are here.
const KINDS: [(&str, &str); 34] = [
    ("openai", "openai"),
    ("text-completion-openai", "openai"),
    ("openai_like", "openai"),
    ("azure", "azure"),
    ("azure-openai", "azure"),
    ("anthropic", "anthropic"),
    ("gemini", "gemini"),
    ("google", "gemini"),
    ("googleai", "gemini"),
    ("vertex_ai", "vertex"),
    ("vertex-ai", "vertex"),
    ("vertexai", "vertex"),
    ("bedrock", "bedrock"),
    ("mistral", "mistral"),
    ("mistral-ai", "mistral"),
    ("groq", "groq"),
    ("deepseek", "deepseek"),
    ("xai", "xai"),
    ("x-ai", "xai"),
    ("together_ai", "together"),
    ("together-ai", "together"),
    ("fireworks_ai", "fireworks"),
    ("fireworks-ai", "fireworks"),
    ("openrouter", "openrouter"),
    ("perplexity", "perplexity"),
    ("perplexity-ai", "perplexity"),
    ("cohere", "cohere"),
    ("cohere_chat", "cohere"),
    ("cerebras", "cerebras"),
    ("moonshot", "moonshot"),
    ("ollama", "ollama"),
    ("ollama_chat", "ollama"),
    ("hosted_vllm", "vllm"),
    ("lm_studio", "lmstudio"),
];
/// Kinds that need no key.
const KEYLESS: [&str; 4] = ["ollama", "vllm", "lmstudio", "bedrock"];

/// A provider of the project to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Provider {
    pub(super) name: String,
    pub(super) kind: &'static str,
    /// Its key, as a project writes one: `env:NAME`.
    pub(super) key: Option<String>,
    pub(super) base_url: Option<String>,
    /// Further fields, as name and value.
    pub(super) more: Vec<(&'static str, String)>,
}

/// All providers, each once.
#[derive(Debug, Default)]
pub(super) struct Providers {
    all: Vec<Provider>,
}

/// The kind of a provider by its name elsewhere.
pub(super) fn kind_of(name: &str) -> Option<&'static str> {
    KINDS.iter().find(|(theirs, _)| *theirs == name).map(|(_, ours)| *ours)
}

/// Of a model without a provider: whose it is, as far as its name tells.
pub(super) fn kind_by_model(model: &str) -> Option<&'static str> {
    let begins = |names: &[&str]| names.iter().any(|name| model.starts_with(name));
    match () {
        () if begins(&["gpt-", "o1", "o3", "o4", "chatgpt-", "text-embedding-"]) => Some("openai"),
        () if begins(&["claude-"]) => Some("anthropic"),
        () if begins(&["gemini-"]) => Some("gemini"),
        () if begins(&["mistral-", "codestral-"]) => Some("mistral"),
        () => None,
    }
}

/// The variable that a vendor's key usually stands in.
fn usual_key(kind: &str) -> String {
    format!("env:{}_API_KEY", kind.to_ascii_uppercase())
}

impl Providers {
    /// The name of a provider like this one; a new one gets its kind's name, with a number where that is taken.
    pub(super) fn name(&mut self, mut wanted: Provider) -> String {
        if wanted.key.is_none() && !KEYLESS.contains(&wanted.kind) {
            wanted.key = Some(usual_key(wanted.kind));
        }
        let alike = |one: &&Provider| Provider { name: String::new(), ..(*one).clone() } == wanted;
        if let Some(known) = self.all.iter().find(alike) {
            return known.name.clone();
        }
        let taken = |name: &str| self.all.iter().any(|one| one.name == name);
        let mut name = wanted.kind.to_owned();
        let mut number = 2;
        while taken(&name) {
            name = format!("{}-{number}", wanted.kind);
            number += 1;
        }
        self.all.push(Provider { name: name.clone(), ..wanted });
        name
    }

    /// Their tables.
    pub(super) fn written(&self) -> String {
        let mut text = String::new();
        for provider in &self.all {
            let _ = write!(text, "\n[providers.{}]\nkind = {}\n", key(&provider.name), quoted(provider.kind));
            let fields = [("base_url", &provider.base_url), ("key", &provider.key)];
            for (name, value) in fields {
                if let Some(value) = value {
                    let _ = writeln!(text, "{name} = {}", quoted(value));
                }
            }
            for (name, value) in &provider.more {
                let _ = writeln!(text, "{name} = {}", quoted(value));
            }
        }
        text
    }
}

/// A key as a project writes one. One that stands in clear is not carried over.
pub(super) fn secret(told: &str, kind: &str, of: &str, imported: &mut Imported) -> String {
    let variable = told.strip_prefix("os.environ/").or_else(|| told.strip_prefix("env:"));
    let variable = variable.or_else(|| told.strip_prefix("${").and_then(|name| name.strip_suffix('}')));
    match variable {
        Some(name) => format!("env:{name}"),
        None => {
            let usual = usual_key(kind);
            imported.left(format!("the key of {of} stands in clear: put it into the environment, for `{usual}`"));
            usual
        }
    }
}
