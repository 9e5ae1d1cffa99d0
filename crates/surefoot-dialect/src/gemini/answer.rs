//! Whole answers, from and in Gemini's words.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};
use surefoot_types::{
    Fault,
    conversation::{Answer, Event, Finish, Gathered, Logprob, Part},
};

use super::{
    Reader, UsageWire,
    parts::{PartOut, answer_parts},
    reason_of,
};
use crate::{fault, json::bytes_of};

/// A whole answer is a stream of one chunk; one in a list, as errors come, is read as well.
pub(crate) fn answer_read(body: &[u8]) -> Result<Answer, Fault> {
    let chunks: Vec<&RawValue> = if body.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice(body).map_err(|error| fault::unreadable("answer", error))?
    } else {
        vec![serde_json::from_slice(body).map_err(|error| fault::unreadable("answer", error))?]
    };
    let (mut reader, mut gathered) = (Reader::default(), Gathered::default());
    let mut events = Vec::new();
    for chunk in chunks {
        events.extend(reader.events(chunk.get().as_bytes())?);
    }
    if !reader.answered() && !events.iter().any(|event| matches!(event, Event::Fault { .. })) {
        return Err(fault::unreadable("answer", "`candidates` is missing or empty"));
    }
    for event in events.into_iter().chain(reader.conclude()) {
        match event {
            Event::Fault { fault } => return Err(fault),
            event => gathered.take(&event),
        }
    }
    Ok(gathered.into_answer())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Chunk<'a> {
    pub(super) candidates: [Candidate<'a>; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) usage_metadata: Option<UsageWire>,
    pub(super) model_version: &'a str,
    pub(super) response_id: &'a str,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(super) surefoot: &'a Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Candidate<'a> {
    pub(super) content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) finish_reason: Option<&'static str>,
    pub(super) index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logprobs_result: Option<Value>,
}

#[derive(Serialize)]
pub(super) struct Content<'a> {
    pub(super) parts: Vec<PartOut<'a>>,
    pub(super) role: &'static str,
}

impl<'a> Candidate<'a> {
    pub(super) fn new(parts: Vec<PartOut<'a>>) -> Self {
        let content = Content { parts, role: "model" };
        Self { content, finish_reason: None, index: 0, logprobs_result: None }
    }
}

pub(crate) fn answer_write(answer: &Answer, surefoot: &Value) -> Bytes {
    let mut candidate = Candidate::new(answer_parts(answer));
    let refused = answer.parts.iter().any(|part| matches!(part, Part::Refusal { .. }));
    let declined = refused && answer.finish == Finish::Stop;
    candidate.finish_reason = Some(if declined { "SAFETY" } else { reason_of(&answer.finish) });
    candidate.logprobs_result = logprobs_result(&answer.logprobs);
    bytes_of(&Chunk {
        candidates: [candidate],
        usage_metadata: answer.usage.map(UsageWire::from),
        model_version: &answer.model,
        response_id: &answer.id,
        surefoot,
    })
}

pub(super) fn logprobs_result(tokens: &[Logprob]) -> Option<Value> {
    let one = |token: &str, logprob: f64| json!({"token": token, "logProbability": logprob});
    let chosen: Vec<Value> = tokens.iter().map(|token| one(&token.token, token.logprob)).collect();
    let top = tokens.iter().map(|token| {
        let candidates: Vec<Value> = token.top.iter().map(|top| one(&top.token, top.logprob)).collect();
        json!({"candidates": candidates})
    });
    let top: Vec<Value> = top.collect();
    (!tokens.is_empty()).then(|| json!({"chosenCandidates": chosen, "topCandidates": top}))
}
