//! A conversation with a model, in no provider's words: every dialect reads into this and writes
//! out of it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{fault::Fault, usage::Usage};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions (OpenAI's `system` and `developer`, Anthropic's `system` field).
    System,
    /// The person, or the program on their behalf.
    User,
    /// The model.
    Assistant,
    /// The result of a tool call.
    Tool,
}

/// A piece of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Part {
    /// Words.
    Text {
        /// The words.
        text: String,
    },
    /// A picture.
    Image {
        /// `https://…` or `data:image/png;base64,…`.
        url: String,
        /// OpenAI's level of detail, where given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    /// The model's reasoning, where the provider shows it.
    Thinking {
        /// The reasoning; empty when the provider keeps it to itself.
        text: String,
        /// The provider's signature over it, to be sent back unchanged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
        /// Opaque content of a reasoning block that the provider withheld.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        redacted: Option<String>,
    },
    /// The model asks for a tool to be run.
    ToolCall {
        /// The call's id.
        id: String,
        /// The tool's name.
        name: String,
        /// Its arguments as JSON text, exactly as the model wrote it: not always valid JSON.
        arguments: String,
    },
    /// What a tool gave back.
    ToolResult {
        /// The call's id.
        id: String,
        /// What it gave: text and images.
        content: Vec<Part>,
        /// Whether it failed.
        #[serde(default)]
        is_error: bool,
    },
    /// The model declines.
    Refusal {
        /// Its words.
        text: String,
    },
    /// A part that only one dialect has: carried there unchanged, named as dropped elsewhere.
    Other {
        /// The dialect that it came in.
        dialect: Dialect,
        /// The part as it came.
        value: Value,
    },
}

impl Part {
    /// A text part.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }
}

/// One turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What they say.
    pub parts: Vec<Part>,
    /// Fields of the message that its dialect has and no other (`name`, `cache_control`).
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
}

impl Message {
    /// A message of one text part.
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self { role, parts: vec![Part::text(text)], extra: Map::new() }
    }

    /// All its text parts, one after the other.
    pub fn words(&self) -> String {
        words(&self.parts)
    }
}

/// The text among `parts`, one after the other with nothing between, as models stream it.
pub fn words(parts: &[Part]) -> String {
    parts
        .iter()
        .filter_map(|part| match part {
            Part::Text { text } | Part::Refusal { text } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

/// The wire formats that conversations come in and go out by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// OpenAI's `/v1/chat/completions`.
    OpenaiChat,
    /// Anthropic's `/v1/messages`.
    Anthropic,
}

impl Dialect {
    /// The name in settings, traces and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenaiChat => "openai_chat",
            Self::Anthropic => "anthropic",
        }
    }
}

/// A tool that the model may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it does, for the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON schema of its arguments.
    pub schema: Value,
    /// OpenAI's `strict`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
    /// Fields that only its dialect has.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub extra: Map<String, Value>,
}

/// Which tools the model may or must call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    /// As it sees fit.
    Auto,
    /// None.
    None,
    /// At least one.
    Required,
    /// This one.
    Named(String),
}

/// The shape that an answer is asked to have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseFormat {
    /// Any JSON object.
    JsonObject,
    /// JSON that fits a schema.
    JsonSchema {
        /// The schema's name.
        name: String,
        /// The schema.
        schema: Value,
        /// OpenAI's `strict`.
        strict: Option<bool>,
    },
}

/// How to generate. Absent means the provider's default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parameters {
    /// Most tokens that the answer may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// Sampling temperature. f64, so that 0.7 stays 0.7 on the wire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Sample among this many (Anthropic).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u64>,
    /// Strings that end the answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// Seed (OpenAI).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
}

/// A request for an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatRequest {
    /// The dialect that it was read from.
    pub dialect: Dialect,
    /// The model, alias or function that the caller names.
    pub model: String,
    /// The conversation.
    pub messages: Vec<Message>,
    /// Tools on offer.
    pub tools: Vec<Tool>,
    /// Which of them to use.
    pub tool_choice: Option<ToolChoice>,
    /// Whether several tools may be called at once.
    pub parallel_tools: Option<bool>,
    /// How to generate.
    pub parameters: Parameters,
    /// The answer's shape.
    pub response_format: Option<ResponseFormat>,
    /// Whether the answer is wanted piece by piece.
    pub stream: bool,
    /// Whether a stream should end with usage (OpenAI's `stream_options.include_usage`).
    pub include_usage: bool,
    /// The caller's end user (OpenAI's `user`, Anthropic's `metadata.user_id`).
    pub user: Option<String>,
    /// Top-level fields that the neutral words have no place for, as they came: written back when
    /// the target speaks the same dialect, named as dropped when it does not.
    pub extra: Map<String, Value>,
}

impl ChatRequest {
    /// A request of one user message, with everything else left to defaults.
    pub fn ask(model: impl Into<String>, question: impl Into<String>) -> Self {
        Self {
            dialect: Dialect::OpenaiChat,
            model: model.into(),
            messages: vec![Message::text(Role::User, question)],
            tools: Vec::new(),
            tool_choice: None,
            parallel_tools: None,
            parameters: Parameters::default(),
            response_format: None,
            stream: false,
            include_usage: false,
            user: None,
            extra: Map::new(),
        }
    }

    /// The text of the last user message: the question, where one is needed.
    pub fn question(&self) -> String {
        self.messages.iter().rev().find(|m| m.role == Role::User).map(Message::words).unwrap_or_default()
    }
}

/// Why an answer ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model was done, or met a stop string.
    Stop,
    /// The token limit was reached.
    Length,
    /// The model calls tools.
    ToolCalls,
    /// The model or its provider declined.
    Refusal,
    /// A reason that only the provider's dialect has.
    Other(String),
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The provider's id for it.
    pub id: String,
    /// The model that answered, in the provider's words.
    pub model: String,
    /// What it says.
    pub parts: Vec<Part>,
    /// Why it ended.
    pub finish: Finish,
    /// What it used; absent when the provider did not say.
    pub usage: Option<Usage>,
}

/// One step of a streamed answer. Parts are numbered from 0 in the order in which they begin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The answer begins.
    Start {
        /// The provider's id for it.
        id: String,
        /// The model that answers.
        model: String,
        /// Usage so far, where the dialect tells it here (Anthropic's prompt tokens).
        usage: Option<Usage>,
    },
    /// More words.
    Text {
        /// The words.
        text: String,
    },
    /// More reasoning.
    Thinking {
        /// The reasoning.
        text: String,
    },
    /// The signature of the reasoning just told.
    ThinkingSignature {
        /// The signature.
        signature: String,
    },
    /// A tool call begins.
    ToolCall {
        /// Its number among this answer's tool calls, from 0.
        index: usize,
        /// Its id.
        id: String,
        /// The tool's name.
        name: String,
    },
    /// More of a tool call's arguments.
    ToolArguments {
        /// The call's number.
        index: usize,
        /// The next piece of the JSON text.
        arguments: String,
    },
    /// More of a refusal.
    Refusal {
        /// The words.
        text: String,
    },
    /// The answer ends.
    Finish {
        /// Why.
        finish: Finish,
    },
    /// The usage so far: the whole of it, not a difference.
    Usage {
        /// The usage.
        usage: Usage,
    },
    /// The provider reports a failure inside the stream.
    Fault {
        /// The failure.
        fault: Fault,
    },
    /// The provider closed the stream as its dialect says. Without this it was cut.
    End,
}

/// Builds a whole answer out of a stream's events.
#[derive(Debug, Clone, Default)]
pub struct Gathered {
    /// The provider's id for the answer.
    pub id: String,
    /// The model that answers.
    pub model: String,
    /// What has been said so far.
    pub parts: Vec<Part>,
    /// Why it ended, once it has.
    pub finish: Option<Finish>,
    /// The latest usage told.
    pub usage: Option<Usage>,
    /// Whether the stream was closed as its dialect says.
    pub ended: bool,
    calls: Vec<usize>,
}

impl Gathered {
    /// Takes one more event.
    pub fn take(&mut self, event: &Event) {
        match event {
            Event::Start { id, model, usage } => {
                self.id.clone_from(id);
                self.model.clone_from(model);
                if usage.is_some() {
                    self.usage = *usage;
                }
            }
            Event::Text { text } => match self.parts.last_mut() {
                Some(Part::Text { text: said }) => said.push_str(text),
                _ => self.parts.push(Part::text(text.as_str())),
            },
            Event::Refusal { text } => match self.parts.last_mut() {
                Some(Part::Refusal { text: said }) => said.push_str(text),
                _ => self.parts.push(Part::Refusal { text: text.clone() }),
            },
            Event::Thinking { text } => self.thinking().0.push_str(text),
            Event::ThinkingSignature { signature } => *self.thinking().1 = Some(signature.clone()),
            Event::ToolCall { index, id, name } => {
                if *index >= self.calls.len() {
                    self.calls.push(self.parts.len());
                    self.parts.push(Part::ToolCall { id: id.clone(), name: name.clone(), arguments: String::new() });
                }
            }
            Event::ToolArguments { index, arguments } => {
                if let Some(Part::ToolCall { arguments: so_far, .. }) =
                    self.calls.get(*index).and_then(|&at| self.parts.get_mut(at))
                {
                    so_far.push_str(arguments);
                }
            }
            Event::Finish { finish } => self.finish = Some(finish.clone()),
            Event::Usage { usage } => self.usage = Some(*usage),
            Event::Fault { .. } => {}
            Event::End => self.ended = true,
        }
    }

    /// The text so far.
    pub fn words(&self) -> String {
        words(&self.parts)
    }

    /// The answer, as far as it got.
    pub fn into_answer(self) -> Answer {
        Answer {
            id: self.id,
            model: self.model,
            parts: self.parts,
            finish: self.finish.unwrap_or(Finish::Stop),
            usage: self.usage,
        }
    }

    fn thinking(&mut self) -> (&mut String, &mut Option<String>) {
        if !matches!(self.parts.last(), Some(Part::Thinking { .. })) {
            self.parts.push(Part::Thinking { text: String::new(), signature: None, redacted: None });
        }
        match self.parts.last_mut() {
            Some(Part::Thinking { text, signature, .. }) => (text, signature),
            _ => unreachable!("a thinking part was just put there"),
        }
    }
}

impl Answer {
    /// The answer as the events that would have streamed it.
    pub fn into_events(self) -> Vec<Event> {
        let mut events = vec![Event::Start { id: self.id, model: self.model, usage: None }];
        let mut calls = 0;
        for part in self.parts {
            match part {
                Part::Text { text } => events.push(Event::Text { text }),
                Part::Refusal { text } => events.push(Event::Refusal { text }),
                Part::Thinking { text, signature, .. } => {
                    events.push(Event::Thinking { text });
                    events.extend(signature.map(|signature| Event::ThinkingSignature { signature }));
                }
                Part::ToolCall { id, name, arguments } => {
                    events.push(Event::ToolCall { index: calls, id, name });
                    events.push(Event::ToolArguments { index: calls, arguments });
                    calls += 1;
                }
                Part::Image { .. } | Part::ToolResult { .. } | Part::Other { .. } => {}
            }
        }
        events.push(Event::Finish { finish: self.finish });
        events.extend(self.usage.map(|usage| Event::Usage { usage }));
        events.push(Event::End);
        events
    }
}
