//! Answers, whole and as they stream.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Dialect, Part, words};
use crate::{fault::Fault, usage::Usage};

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
    /// How likely each token of its text was, where asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logprobs: Vec<Logprob>,
}

/// How likely a token was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Logprob {
    /// The token's text.
    pub token: String,
    /// The logarithm of its probability.
    pub logprob: f64,
    /// Likely tokens in its place.
    #[serde(default)]
    pub top: Vec<TopLogprob>,
}

/// A token that might have stood there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopLogprob {
    /// The token's text.
    pub token: String,
    /// The logarithm of its probability.
    pub logprob: f64,
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
        /// In whose words it was given.
        by: Dialect,
    },
    /// A block of reasoning that the provider withholds.
    ThinkingRedacted {
        /// Its opaque content, to be sent back unchanged.
        data: String,
        /// In whose words it was given.
        by: Dialect,
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
    /// A whole part that only one dialect has.
    Other {
        /// That dialect.
        dialect: Dialect,
        /// The part in its words.
        value: Value,
    },
    /// How likely the tokens just told were.
    Logprobs {
        /// They, in order.
        tokens: Vec<Logprob>,
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
    /// How likely the tokens were, where told.
    pub logprobs: Vec<Logprob>,
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
            Event::Thinking { text } => self.thinking(text),
            Event::ThinkingSignature { signature, by } => self.signature(signature, *by),
            Event::ThinkingRedacted { data, by } => self.parts.push(Part::Thinking {
                text: String::new(),
                signature: None,
                redacted: Some(data.clone()),
                by: Some(*by),
            }),
            Event::Other { dialect, value } => self.parts.push(Part::Other { dialect: *dialect, value: value.clone() }),
            Event::Logprobs { tokens } => self.logprobs.extend_from_slice(tokens),
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
            logprobs: self.logprobs,
        }
    }

    /// More of the reasoning: what a signature covers, or what is withheld, is complete.
    fn thinking(&mut self, more: &str) {
        match self.parts.last_mut() {
            Some(Part::Thinking { text, signature: None, redacted: None, .. }) => text.push_str(more),
            _ => self.parts.push(Part::Thinking { text: more.to_owned(), signature: None, redacted: None, by: None }),
        }
    }

    fn signature(&mut self, signed: &str, signer: Dialect) {
        let signed = Some(signed.to_owned());
        match self.parts.last_mut() {
            Some(Part::Thinking { signature: signature @ None, redacted: None, by, .. }) => {
                *signature = signed;
                *by = Some(signer);
            }
            _ => {
                let by = Some(signer);
                self.parts.push(Part::Thinking { text: String::new(), signature: signed, redacted: None, by });
            }
        }
    }
}

impl Answer {
    /// The answer as the events that would have streamed it.
    pub fn into_events(mut self) -> Vec<Event> {
        let mut events = vec![Event::Start { id: self.id, model: self.model, usage: None }];
        let mut calls = 0;
        for part in self.parts {
            match part {
                Part::Text { text } => {
                    events.push(Event::Text { text });
                    let tokens = std::mem::take(&mut self.logprobs);
                    events.extend((!tokens.is_empty()).then_some(Event::Logprobs { tokens }));
                }
                Part::Refusal { text } => events.push(Event::Refusal { text }),
                Part::Thinking { redacted: Some(data), by: Some(by), .. } => {
                    events.push(Event::ThinkingRedacted { data, by });
                }
                Part::Thinking { text, signature, by, .. } => {
                    events.extend(Some(text).filter(|text| !text.is_empty()).map(|text| Event::Thinking { text }));
                    events.extend(signature.zip(by).map(|(signature, by)| Event::ThinkingSignature { signature, by }));
                }
                Part::Other { dialect, value } => events.push(Event::Other { dialect, value }),
                Part::ToolCall { id, name, arguments } => {
                    events.push(Event::ToolCall { index: calls, id, name });
                    events.push(Event::ToolArguments { index: calls, arguments });
                    calls += 1;
                }
                Part::Image { .. } | Part::File { .. } | Part::ToolResult { .. } => {}
            }
        }
        events.push(Event::Finish { finish: self.finish });
        events.extend(self.usage.map(|usage| Event::Usage { usage }));
        events.push(Event::End);
        events
    }
}
