//! A variant's prompt: syntax, and names that lead somewhere.

use std::collections::BTreeSet;

use surefoot_gateway::ground::{Prompt, WORDS};

use super::{Ground, strategy::Checkable};
use crate::settings::{mistake::suggest, source::Place, written::variant::Variant};

impl Ground<'_> {
    /// The prompt of a variant. `has` says what its function has to show, `quotes` whether its model needs no passages
    /// in the prompt.
    pub(super) fn prompt(
        &self,
        written: &Variant,
        inputs: &BTreeSet<&str>,
        has: Checkable,
        quotes: bool,
    ) -> Option<Prompt> {
        if written.model.is_none() && written.prompt == 0 {
            return None;
        }
        let prompt = match Prompt::compile(written.text()) {
            Ok(prompt) => prompt,
            Err(error) => {
                let message = format!("the prompt cannot be read: {}", error.message);
                self.mistakes.add(
                    &line(written, error.line),
                    message,
                    "Prompts are MiniJinja: `{{ passages() }}`.".to_owned(),
                );
                return None;
            }
        };
        let names = prompt.names();
        for name in &names {
            self.prompt_name(written, name, inputs);
        }
        let (shows, grounded) = (names.contains("passages"), has.grounded);
        if names.contains("examples") && !has.exemplary {
            let message = "the prompt shows examples, but its function says of none";
            self.mistakes.add(&word(written, "examples"), message, "Add `[examples]` to function.toml.".to_owned());
        }
        if shows && !grounded {
            let message = "the prompt places passages, but its function has no knowledge";
            self.mistakes.add(
                &word(written, "passages"),
                message,
                "Add `knowledge = \"…\"` to function.toml.".to_owned(),
            );
        }
        if grounded && !shows && !quotes {
            let message = "the function has knowledge, but this prompt does not show its passages to the model";
            self.mistakes.add(&line(written, 1), message, "Place them with `{{ passages() }}`.".to_owned());
        }
        Some(prompt)
    }

    fn prompt_name(&self, written: &Variant, name: &str, inputs: &BTreeSet<&str>) {
        let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
        match (first, rest) {
            ("input", Some(rest)) => {
                let input = rest.split('.').next().unwrap_or(rest);
                if !inputs.contains(input) {
                    let message = format!("the prompt uses an input '{input}' that function.toml does not declare");
                    let near = suggest(input, inputs.iter().copied(), "The inputs are");
                    let hint = near.unwrap_or_else(|| {
                        format!("Declare it: `[input.{input}]`, with `type = \"string\"` below it.")
                    });
                    self.mistakes.add(&word(written, name), message, hint);
                }
            }
            (word_, _) if WORDS.contains(&word_) => {}
            _ => {
                let message = format!("the prompt uses '{name}', which does not exist");
                let known = WORDS.iter().copied().chain(inputs.iter().copied());
                let hint = match inputs.get(first) {
                    Some(input) => Some(format!("Did you mean 'input.{input}'?")),
                    None => suggest(first, known, "A prompt may use"),
                };
                self.mistakes.add(&word(written, name), message, hint);
            }
        }
    }
}

/// The place of a line of the prompt, from 1.
fn line(written: &Variant, number: usize) -> Place {
    let text = written.text();
    let start: usize = text.split_inclusive('\n').take(number.saturating_sub(1)).map(str::len).sum();
    let length = text[start.min(text.len())..].lines().next().map_or(0, str::len);
    Place::new(&written.source, written.prompt + start, written.prompt + start + length)
}

/// The place where a name first stands in the prompt, on its own.
fn word(written: &Variant, name: &str) -> Place {
    let text = written.text();
    let letter = |c: char| c.is_alphanumeric() || c == '_';
    let alone = |at: &usize| {
        !text[..*at].ends_with(|c: char| letter(c) || c == '.') && !text[at + name.len()..].starts_with(letter)
    };
    let inside = |at: &usize| {
        text[..*at].rfind("{{").max(text[..*at].rfind("{%")) > text[..*at].rfind("}}").max(text[..*at].rfind("%}"))
    };
    let found = text.match_indices(name).map(|(at, _)| at).find(|at| alone(at) && inside(at)).unwrap_or(0);
    let length = if text[found..].starts_with(name) { name.len() } else { 0 };
    Place::new(&written.source, written.prompt + found, written.prompt + found + length)
}
