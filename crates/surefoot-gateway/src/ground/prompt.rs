//! A variant's prompt: MiniJinja text in, messages out.
//!
//! `role("user")` starts a message, `history()` places the conversation, `passages()` the retrieved
//! passages, `input.x` a typed input. The first two leave a mark in the rendered text that is made
//! fresh for every rendering, so that nothing in a passage or an input can forge a message border.

use std::{collections::BTreeSet, sync::Arc};

use minijinja::{Environment, UndefinedBehavior, Value, context, value::Serde};
use serde_json::Map;
use surefoot_types::{
    Chance, Fault,
    conversation::{Message, Role},
};

/// The one template of a prompt's environment.
const NAME: &str = "prompt";

/// Names that every prompt may use.
pub const WORDS: [&str; 4] = ["role", "history", "passages", "input"];

/// A compiled prompt.
#[derive(Debug, Clone)]
pub struct Prompt {
    environment: Arc<Environment<'static>>,
    source: Arc<str>,
}

/// Why a prompt cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAPrompt {
    /// Line within the prompt, from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

/// What a prompt is filled with.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    /// Typed inputs.
    pub input: &'a Map<String, serde_json::Value>,
    /// The caller's messages.
    pub history: &'a [Message],
    /// The retrieved passages as text, numbered; `None` for a function without knowledge.
    pub passages: Option<&'a str>,
}

impl Prompt {
    /// Compiles the text of a prompt.
    ///
    /// # Errors
    /// The first mistake of syntax, with its line.
    pub fn compile(text: &str) -> Result<Self, NotAPrompt> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.add_template_owned(NAME, text.to_owned()).map_err(|error| NotAPrompt {
            line: error.line().unwrap_or(1),
            message: error.detail().map_or_else(|| error.kind().to_string(), str::to_owned),
        })?;
        Ok(Self { environment: Arc::new(environment), source: Arc::from(text) })
    }

    /// The names that the prompt takes from outside: `history`, `input.product`, or a misspelt word.
    pub fn names(&self) -> BTreeSet<String> {
        let builtin: BTreeSet<&str> = self.environment.globals().map(|(name, _)| name).collect();
        let Ok(template) = self.environment.get_template(NAME) else { return BTreeSet::new() };
        let mut names: BTreeSet<String> = template.undeclared_variables(true).into_iter().collect();
        names.retain(|name| !builtin.contains(name.as_str()));
        names
    }

    /// The prompt as written.
    pub fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// The messages that the prompt makes.
    ///
    /// # Errors
    /// A missing input, or a mistake that shows only in rendering.
    pub fn render(&self, filling: Filling<'_>, chance: &dyn Chance) -> Result<Vec<Message>, Fault> {
        let mark = format!("\u{2}{:032x}:", chance.bits());
        let rendered = self.text(filling, &mark).map_err(|error| {
            let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
            let line = error.line().unwrap_or(1);
            Fault::bad_request("surefoot.input", format!("the prompt cannot be filled (line {line}): {detail}"))
                .hint("Give every input that the prompt uses: `surefoot: {\"input\": {…}}` in the body.")
        })?;
        messages(&rendered, &mark, filling.history)
    }

    fn text(&self, filling: Filling<'_>, mark: &str) -> Result<String, minijinja::Error> {
        let (role, history) = (mark.to_owned(), format!("{mark}history\u{3}"));
        let passages = filling.passages.unwrap_or_default().to_owned();
        self.environment.get_template(NAME)?.render(context! {
            role => Value::from_function(move |name: String| format!("{role}{name}\u{3}")),
            history => Value::from_function(move || history.clone()),
            passages => Value::from_function(move || passages.clone()),
            input => Value::from(Serde(filling.input)),
        })
    }
}

/// Cuts rendered text into messages at its marks. Text before the first mark is the system message;
/// a prompt that does not place the conversation gets it at its end.
fn messages(rendered: &str, mark: &str, history: &[Message]) -> Result<Vec<Message>, Fault> {
    let mut pieces = rendered.split(mark);
    let mut made = Vec::new();
    let mut placed = false;
    push(&mut made, Role::System, pieces.next().unwrap_or_default());
    for piece in pieces {
        let (word, text) = piece.split_once('\u{3}').unwrap_or((piece, ""));
        let role = match word {
            "history" => {
                placed = true;
                made.extend_from_slice(history);
                // What follows the conversation speaks to the model about it.
                Role::System
            }
            "system" => Role::System,
            "user" => Role::User,
            "assistant" => Role::Assistant,
            other => {
                return Err(Fault::internal(format!("the prompt starts a message with role(\"{other}\")"))
                    .hint("The roles are system, user and assistant."));
            }
        };
        push(&mut made, role, text);
    }
    if !placed {
        made.extend_from_slice(history);
    }
    Ok(made)
}

fn push(made: &mut Vec<Message>, role: Role, text: &str) {
    let text = text.trim();
    if !text.is_empty() {
        made.push(Message::text(role, text));
    }
}
