//! Puts real values back into a stream, wherever its chunks begin and end.

use std::sync::Arc;

use super::{
    Form, Vault,
    marks::{self, Reading},
};

/// Puts real values back into a stream. It holds back only what may be the beginning of a pseudonym: under a
/// hundred bytes, and nothing in ordinary text.
#[derive(Debug)]
pub struct Restorer {
    vault: Arc<Vault>,
    form: Form,
    held: String,
}

impl Restorer {
    /// For one stream of text, or of the JSON of one tool call's arguments.
    pub fn new(vault: Arc<Vault>, form: Form) -> Self {
        Self { vault, form, held: String::new() }
    }

    /// Takes a chunk and gives what is clear of it and of what was held back.
    pub fn push(&mut self, chunk: &str) -> String {
        self.held.push_str(chunk);
        let (restored, clear) = self.vault.restore_clear(&self.held, self.form);
        self.held.drain(..clear);
        restored
    }

    /// What was held back, at the stream's end.
    pub fn finish(self) -> String {
        self.held
    }
}

impl Vault {
    /// The text with real values, up to where its end leaves open what it is; and how far that is.
    pub(super) fn restore_clear(&self, text: &str, form: Form) -> (String, usize) {
        let mut restored = String::with_capacity(text.len());
        let mut done = 0;
        let mut from = 0;
        while let Some(at) = marks::next_bracket(text, from) {
            // The first byte of a bracket beyond ASCII is that of many characters, but always a first one.
            match marks::read(&text[at..], &self.names) {
                Reading::Mark { length, name, number } => {
                    if let Some(value) = self.values.get(&(name, number)) {
                        restored.push_str(&text[done..at]);
                        restored.push_str(&form.written(value));
                        done = at + length;
                    }
                    from = at + length;
                }
                Reading::Unclear => {
                    restored.push_str(&text[done..at]);
                    return (restored, at);
                }
                Reading::Nothing => from = at + 1,
            }
        }
        restored.push_str(&text[done..]);
        (restored, text.len())
    }
}
