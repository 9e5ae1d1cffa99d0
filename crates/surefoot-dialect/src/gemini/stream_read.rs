//! Streams, from Gemini's words: every chunk is an answer of its own, and nothing but the end of
//! the bytes says that the last one has come.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};
use surefoot_types::{
    Fault,
    conversation::{Dialect, Event, Finish, Logprob, TopLogprob},
};

use super::{MINTED, Seal, UsageWire, finish_of};
use crate::fault;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunk<'a> {
    #[serde(borrow)]
    candidates: Option<Vec<Candidate<'a>>>,
    prompt_feedback: Option<Feedback>,
    usage_metadata: Option<UsageWire>,
    model_version: Option<String>,
    response_id: Option<String>,
    error: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    #[serde(default)]
    index: usize,
    #[serde(borrow)]
    content: Option<Content<'a>>,
    finish_reason: Option<String>,
    logprobs_result: Option<Logprobs>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    parts: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    block_reason: Option<String>,
    block_reason_message: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    text: Option<String>,
    #[serde(default)]
    thought: bool,
    thought_signature: Option<String>,
    #[serde(borrow)]
    function_call: Option<Call<'a>>,
}

#[derive(Deserialize)]
struct Call<'a> {
    id: Option<String>,
    name: String,
    #[serde(borrow)]
    args: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Logprobs {
    chosen_candidates: Vec<Token>,
    top_candidates: Vec<Top>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Top {
    candidates: Vec<Token>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Token {
    token: String,
    log_probability: f64,
}

/// Reads one stream.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    started: bool,
    id: String,
    calls: usize,
    usage: UsageWire,
    reason: Option<String>,
    blocked: bool,
}

impl Reader {
    /// Whether a candidate, or the reason why there is none, has been told.
    pub(super) fn answered(&self) -> bool {
        self.started
    }

    pub(crate) fn events(&mut self, data: &[u8]) -> Result<Vec<Event>, Fault> {
        let chunk: Chunk<'_> = serde_json::from_slice(data).map_err(|error| fault::unreadable("stream", error))?;
        if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
            return Ok(vec![Event::Fault { fault: fault::in_band(Dialect::Gemini, &error) }]);
        }
        let mut events = Vec::new();
        let candidates = chunk.candidates.unwrap_or_default();
        let blocked = chunk.prompt_feedback.filter(|feedback| feedback.block_reason.is_some());
        if !self.started && (!candidates.is_empty() || blocked.is_some()) {
            self.started = true;
            self.id = chunk.response_id.unwrap_or_default();
            let model = chunk.model_version.unwrap_or_default();
            events.push(Event::Start { id: self.id.clone(), model, usage: None });
        }
        if let (true, Some(feedback)) = (candidates.is_empty(), blocked) {
            self.block(feedback, &mut events);
        }
        // The neutral words have one answer; others reach their own dialect as they came.
        for candidate in candidates.into_iter().filter(|candidate| candidate.index == 0) {
            self.candidate(candidate, &mut events)?;
        }
        if let Some(usage) = chunk.usage_metadata {
            self.usage.update(&usage);
            events.extend(self.usage.read().map(|usage| Event::Usage { usage }));
        }
        Ok(events)
    }

    /// The end, where a reason for it has been told. Only now is it known to be one: chunks after
    /// it may repeat the reason and still say something.
    pub(crate) fn conclude(&mut self) -> Vec<Event> {
        let finish = match self.reason.take() {
            _ if self.blocked => Ok(Finish::Refusal),
            Some(reason) => finish_of(&reason, self.calls > 0),
            None => return Vec::new(),
        };
        // A mishap has been told already.
        finish.map(|finish| vec![Event::Finish { finish }, Event::End]).unwrap_or_default()
    }

    /// The prompt was refused: there is no answer, which is not an empty one.
    fn block(&mut self, feedback: Feedback, events: &mut Vec<Event>) {
        self.blocked = true;
        let reason = feedback.block_reason.unwrap_or_default();
        let text = feedback.block_reason_message.filter(|text| !text.is_empty());
        let text = text.unwrap_or_else(|| format!("The prompt was blocked: {reason}."));
        events.push(Event::Refusal { text });
    }

    fn candidate(&mut self, candidate: Candidate<'_>, events: &mut Vec<Event>) -> Result<(), Fault> {
        for part in candidate.content.and_then(|content| content.parts).unwrap_or_default() {
            self.part(part, events).map_err(|error| fault::unreadable("stream", error))?;
        }
        let tokens = candidate.logprobs_result.map(logprobs).unwrap_or_default();
        events.extend((!tokens.is_empty()).then_some(Event::Logprobs { tokens }));
        self.reason = candidate.finish_reason.filter(|reason| !reason.is_empty()).or(self.reason.take());
        if let Some(Err(fault)) = self.reason.as_deref().map(|reason| finish_of(reason, false)) {
            events.push(Event::Fault { fault });
        }
        Ok(())
    }

    fn part(&mut self, raw: &RawValue, events: &mut Vec<Event>) -> Result<(), serde_json::Error> {
        let part: Part<'_> = serde_json::from_str(raw.get())?;
        let seal = part.thought_signature.filter(|wire| !wire.is_empty()).map(Seal::read).map(|seal| match seal {
            Seal::Signature(by, signature) => Event::ThinkingSignature { signature, by },
            Seal::Redacted(by, data) => Event::ThinkingRedacted { data, by },
        });
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        match (part.text, part.function_call) {
            (Some(text), _) if part.thought => {
                events.extend(some(text).map(|text| Event::Thinking { text }));
                events.extend(seal);
            }
            (Some(text), _) => {
                events.extend(seal);
                events.extend(some(text).map(|text| Event::Text { text }));
            }
            (None, Some(call)) => {
                events.extend(seal);
                let index = self.calls;
                self.calls += 1;
                let minted = || format!("{MINTED}{}_{index}", self.id);
                let id = call.id.filter(|id| !id.is_empty()).unwrap_or_else(minted);
                events.push(Event::ToolCall { index, id, name: call.name });
                let arguments = call.args.map_or("{}", RawValue::get).to_owned();
                events.push(Event::ToolArguments { index, arguments });
            }
            (None, None) => {
                events.extend(seal);
                let value: Value = serde_json::from_str(raw.get())?;
                let says = value.as_object().is_some_and(|part| part.keys().any(|key| key != "thoughtSignature"));
                events.extend(says.then_some(Event::Other { dialect: Dialect::Gemini, value }));
            }
        }
        Ok(())
    }
}

fn logprobs(told: Logprobs) -> Vec<Logprob> {
    let mut tops = told.top_candidates.into_iter();
    let one = |token: Token| Logprob {
        token: token.token,
        logprob: token.log_probability,
        top: tops
            .next()
            .unwrap_or_default()
            .candidates
            .into_iter()
            .map(|top| TopLogprob { token: top.token, logprob: top.log_probability })
            .collect(),
    };
    told.chosen_candidates.into_iter().map(one).collect()
}
