//! A variant's file as written: front matter in TOML between `+++` lines, then the prompt.

use std::sync::Arc;

use super::strategy::Strategy;
use crate::settings::{
    mistake::Mistakes,
    source::{At, Place, Source},
    table::{Section, Toml, field},
};

/// A variant's front matter.
pub(crate) const VARIANT: Section = Section {
    file: "functions/<name>/<variant>.md",
    header: "",
    about: "The settings of a variant, between two `+++` lines at the top of its prompt.",
    fields: &[
        field("model", "model = \"openai/gpt-4o-mini\"", "required", "An alias, or `provider/model-id`."),
        field("max_tokens", "max_tokens = 600", "the provider's", "Most tokens of an answer."),
        field("temperature", "temperature = 0.2", "the provider's", "Sampling temperature, 0 to 2."),
        field("top_p", "top_p = 0.9", "the provider's", "Nucleus sampling, 0 to 1."),
        field("top_k", "top_k = 40", "the provider's", "Sample among so many tokens (Anthropic)."),
        field("stop", "stop = [\"END\"]", "", "Texts that end the answer."),
        field("seed", "seed = 7", "", "Seed (OpenAI)."),
        field(
            "prompt_cache",
            "prompt_cache = true",
            "false",
            "Ask the provider to keep the prompt's beginning (Anthropic; others keep it unasked).",
        ),
        field("cascade", "[cascade]", "", "A cheap model first: see [cascade]."),
        field("best_of", "[best_of]", "", "Several answers and a judge: see [best_of]."),
        field("vote", "[vote]", "", "Several answers and their majority: see [vote]."),
    ],
};

/// The line around the front matter.
const FENCE: &str = "+++";

/// A variant.
#[derive(Debug)]
pub(crate) struct Variant {
    /// Its file's name without `.md`, placed at the file's top.
    pub(crate) name: At<String>,
    pub(crate) source: Arc<Source>,
    pub(crate) model: Option<At<String>>,
    pub(crate) max_tokens: Option<At<i64>>,
    pub(crate) temperature: Option<At<f64>>,
    pub(crate) top_p: Option<At<f64>>,
    pub(crate) top_k: Option<At<i64>>,
    pub(crate) stop: Vec<At<String>>,
    pub(crate) seed: Option<At<i64>>,
    pub(crate) prompt_cache: bool,
    /// How it uses models: at most one is right. Each with the place of its name.
    pub(crate) strategies: Vec<(Place, Strategy)>,
    /// Where the prompt begins in the file.
    pub(crate) prompt: usize,
}

impl Variant {
    /// Reads a file.
    pub(crate) fn read(source: &Arc<Source>, name: &str, mistakes: &Mistakes) -> Self {
        let place = Place::top(source);
        let mut variant = Self {
            name: At::new(name.to_owned(), place.clone()),
            source: Arc::clone(source),
            model: None,
            max_tokens: None,
            temperature: None,
            top_p: None,
            top_k: None,
            stop: Vec::new(),
            seed: None,
            prompt_cache: false,
            strategies: Vec::new(),
            prompt: 0,
        };
        let Some((offset, end, prompt)) = fences(&source.text) else {
            let hint = "Begin the file with a line of `+++`, then `model = \"…\"`, then another line of `+++`.";
            mistakes.add(&place, "the settings between two lines of `+++` are missing", hint.to_owned());
            return variant;
        };
        variant.prompt = prompt;
        let toml = Toml { source, offset, mistakes };
        let Some(value) = toml.parse(&source.text[offset..end]) else { return variant };
        let top = Place::new(source, offset - 1, offset - 1);
        let Some(mut table) = toml.table(value, &top, &VARIANT) else { return variant };
        variant.model = table.required("model");
        variant.max_tokens = table.integer("max_tokens");
        variant.temperature = table.number("temperature");
        variant.top_p = table.number("top_p");
        variant.top_k = table.integer("top_k");
        variant.stop = table.one_or_more("stop").unwrap_or_default();
        variant.seed = table.integer("seed");
        variant.prompt_cache = table.boolean("prompt_cache").is_some_and(|on| on.value);
        variant.strategies = Strategy::read(&mut table);
        table.done();
        variant
    }

    /// Every model that it names.
    pub(crate) fn models(&self) -> impl Iterator<Item = &At<String>> {
        self.model.iter().chain(self.strategies.iter().flat_map(|(_, strategy)| strategy.models()))
    }

    /// The prompt's text.
    pub(crate) fn text(&self) -> &str {
        &self.source.text[self.prompt..]
    }
}

/// The settings and the prompt of a variant's file; absent where the two `+++` lines are.
pub(crate) fn parts(text: &str) -> Option<(&str, &str)> {
    fences(text).map(|(begin, end, prompt)| (&text[begin..end], &text[prompt..]))
}

/// First byte of the front matter, the byte after its last, and the first byte of the prompt.
fn fences(text: &str) -> Option<(usize, usize, usize)> {
    let mut at = text.strip_prefix('\u{feff}').map_or(0, |_| '\u{feff}'.len_utf8());
    let mut begin = None;
    for line in text[at..].split_inclusive('\n') {
        let (from, to) = (at, at + line.len());
        at = to;
        match (begin, line.trim_end() == FENCE) {
            (None, true) => begin = Some(to),
            (None, false) => return None,
            (Some(begin), true) => return Some((begin, from, to)),
            (Some(_), false) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn front_matter_stands_between_two_fences() {
        for (text, expected) in [
            ("+++\na = 1\n+++\nHello", Some(("a = 1\n", "Hello"))),
            ("+++\r\na = 1\r\n+++\r\nHello\r\n", Some(("a = 1\r\n", "Hello\r\n"))),
            ("\u{feff}+++\n+++\n", Some(("", ""))),
            ("+++\na = 1\n+++", Some(("a = 1\n", ""))),
            ("+++\na = 1\n", None),
            ("Hello", None),
            ("", None),
        ] {
            assert_eq!(parts(text), expected, "{text:?}");
        }
    }
}
