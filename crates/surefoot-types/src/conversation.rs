//! A conversation with a model, in no provider's words: every dialect reads into this and writes
//! out of it.

mod answer;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use answer::{Answer, Event, Finish, Gathered, Logprob, TopLogprob};

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
    /// A document, or sound.
    File {
        /// `https://…` or `data:application/pdf;base64,…`.
        url: String,
        /// Its name, where given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// The model's reasoning, where the provider shows it. One without text only carries a
    /// signature, which belongs to the part after it.
    Thinking {
        /// The reasoning; empty when the provider keeps it to itself.
        text: String,
        /// The provider's signature over it, to be sent back unchanged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signature: Option<String>,
        /// Opaque content of a reasoning block that the provider withheld.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        redacted: Option<String>,
        /// In whose words the signature, or what is withheld, was given: nobody else takes it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Dialect>,
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
    /// OpenAI's `/v1/responses`.
    OpenaiResponses,
    /// Anthropic's `/v1/messages`.
    Anthropic,
    /// Gemini's `generateContent`.
    Gemini,
    /// Bedrock's Converse.
    Bedrock,
}

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 5] = [Self::OpenaiChat, Self::OpenaiResponses, Self::Anthropic, Self::Gemini, Self::Bedrock];

    /// The dialect of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }

    /// The name in settings, traces and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenaiChat => "openai_chat",
            Self::OpenaiResponses => "openai_responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Bedrock => "bedrock",
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
    /// One of these, or at least one of them.
    Allowed {
        /// Their names.
        names: Vec<String>,
        /// Whether one has to be called.
        required: bool,
    },
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
    /// Sample among this many (Anthropic, Gemini).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u64>,
    /// Strings that end the answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// Seed (OpenAI, Gemini).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// How much words already there are avoided (OpenAI, Gemini).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// How much frequent words are avoided (OpenAI, Gemini).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// Whether the probability of each token is wanted (OpenAI, Gemini).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<bool>,
    /// How many likely tokens are wanted in each place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_logprobs: Option<u64>,
    /// How many answers are wanted (OpenAI, Gemini).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
}

/// How hard a model is to think, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// As little as it can.
    Minimal,
    /// Little.
    Low,
    /// As usual.
    Medium,
    /// Much.
    High,
    /// Very much.
    Xhigh,
    /// As much as it can.
    Max,
}

/// Whether a model thinks, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thinking {
    /// Not at all.
    Off,
    /// As it sees fit.
    Adaptive,
    /// At most this many tokens.
    Budget(u64),
}

/// What is asked of a model's reasoning. Absent means the provider's default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reasoning {
    /// How hard it is to think.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
    /// Whether and how long it is to think.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thinking: Option<Thinking>,
    /// Whether the answer is to show the reasoning, or a summary of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<bool>,
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
    /// What is asked of the model's reasoning.
    #[serde(default)]
    pub reasoning: Reasoning,
    /// The answer's shape.
    pub response_format: Option<ResponseFormat>,
    /// Whether the answer is wanted piece by piece.
    pub stream: bool,
    /// Whether a stream should end with usage (OpenAI's `stream_options.include_usage`).
    pub include_usage: bool,
    /// The caller's end user (OpenAI's `user`, Anthropic's `metadata.user_id`).
    pub user: Option<String>,
    /// The answer that this request goes on from (OpenAI's responses). Whoever keeps state puts that
    /// conversation before the messages and clears this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_response_id: Option<String>,
    /// Whether the answer is to be kept, for others to go on from (OpenAI's responses). Whoever keeps
    /// state clears this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<bool>,
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
            reasoning: Reasoning::default(),
            response_format: None,
            stream: false,
            include_usage: false,
            user: None,
            previous_response_id: None,
            store: None,
            extra: Map::new(),
        }
    }

    /// The text of the last user message: the question, where one is needed.
    pub fn question(&self) -> String {
        self.messages.iter().rev().find(|m| m.role == Role::User).map(Message::words).unwrap_or_default()
    }
}
