//! The gateway, as an eval asks it.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::Map;
use surefoot_dialect::embeddings::EmbeddingsRequest;
use surefoot_gateway::{Call, Caller, Context, EmbedCall, Gateway, resolve::EVAL as DOOR};
use surefoot_lab::evals::{Ask, Asked, CaseInput, Subject, ToolCalled, Vectors};
use surefoot_types::{
    Fault,
    conversation::{ChatRequest, Finish, Part, ResponseFormat, words},
    ports::{Journal, TraceFilter},
    trace::{Keep, Outcome, Trace},
};
use tokio::time::Instant;

/// Asks through the gateway: every case, and every question to a judge, is a request like any other, with
/// its trace. A question's mark is its session there, under which a run that is gone on with finds again
/// what was answered before the program died.
pub(crate) struct GatewaySubject {
    gateway: Gateway,
    journal: Arc<dyn Journal>,
    remembers: bool,
}

impl GatewaySubject {
    pub(crate) fn new(gateway: Gateway, journal: Arc<dyn Journal>) -> Self {
        Self { gateway, journal, remembers: false }
    }

    /// The same, which looks among the traces before it asks.
    pub(crate) fn remembering(self) -> Self {
        Self { remembers: true, ..self }
    }

    /// The answer that was given under `mark`.
    async fn remembered(&self, mark: &str) -> Result<Option<Asked>, Fault> {
        let filter =
            TraceFilter { session: Some(mark.to_owned()), outcome: Some(Outcome::Answered), ..TraceFilter::default() };
        let Some(found) = self.journal.trace_list(&filter, 1).await?.pop() else { return Ok(None) };
        Ok(self.journal.trace_get(found.id).await?.filter(is_whole).map(told))
    }

    async fn answered(&self, call: Call) -> Result<Asked, Fault> {
        let started = Instant::now();
        let collected = self.gateway.answer(call).collect().await.map_err(|failed| failed.fault)?;
        let added = collected.added;
        let contexts = match &added.citations {
            Some(_) => self.journal.trace_get(added.trace_id).await?.map(contexts).unwrap_or_default(),
            None => Vec::new(),
        };
        Ok(Asked {
            text: words(&collected.whole.answer.parts),
            citations: added.citations.unwrap_or_default(),
            contexts,
            trace_id: added.trace_id,
            cost: added.cost_usd,
            took: started.elapsed(),
            tools: tools(&collected.whole.answer.parts),
            finish: finish(&collected.whole.answer.finish),
            cached: added.cached,
            abstained: added.abstained,
        })
    }
}

/// Whether a trace has the answer as it was given: of masked or left out words nothing can be graded.
fn is_whole(trace: &Trace) -> bool {
    trace.keep == Keep::All
}

/// An answer, as its trace tells it.
pub(crate) fn told(trace: Trace) -> Asked {
    Asked {
        text: words(&trace.answer),
        citations: trace.citations.clone(),
        trace_id: trace.id,
        cost: trace.cost,
        took: Duration::from_micros(trace.took_us),
        tools: tools(&trace.answer),
        finish: trace.finish.as_ref().map(finish).unwrap_or_default(),
        cached: trace.cached,
        abstained: trace.abstained,
        contexts: contexts(trace),
    }
}

/// The passages that an answer was given with.
fn contexts(trace: Trace) -> Vec<String> {
    trace.passages.into_iter().map(|hit| hit.found.passage.text).collect()
}

impl GatewaySubject {
    /// Asks in an end user's name, so that an erasure finds it.
    pub(crate) async fn ask_for(&self, ask: Ask, user: Option<String>) -> Result<Asked, Fault> {
        if let Some(mark) = ask.mark.as_deref().filter(|_| self.remembers)
            && let Some(asked) = self.remembered(mark).await?
        {
            return Ok(asked);
        }
        let mut context = Context { session: ask.mark, fresh: ask.fresh, ..Context::default() };
        let mut chat = ChatRequest::ask(ask.subject, "");
        match ask.input {
            CaseInput::Text(question) => chat = ChatRequest::ask(chat.model, question),
            CaseInput::Messages(messages) => chat.messages = messages,
            CaseInput::Fields(fields) => {
                chat.messages.clear();
                context.input = fields;
            }
        }
        chat.response_format =
            ask.schema.map(|schema| ResponseFormat::JsonSchema { name: "reply".into(), schema, strict: Some(true) });
        chat.user = user;
        self.answered(Call {
            trace_id: self.gateway.mint_trace(),
            door: DOOR,
            chat,
            body: None,
            caller: Caller { secret: None, trusted: true },
            context,
        })
        .await
    }
}

#[async_trait]
impl Subject for GatewaySubject {
    async fn ask(&self, ask: Ask) -> Result<Asked, Fault> {
        self.ask_for(ask, None).await
    }

    async fn embed(&self, model: &str, texts: &[String]) -> Result<Vectors, Fault> {
        let call = EmbedCall {
            trace_id: self.gateway.mint_trace(),
            door: DOOR,
            request: EmbeddingsRequest {
                model: model.to_owned(),
                inputs: texts.to_vec(),
                dimensions: None,
                base64: false,
                extra: Map::new(),
            },
            caller: Caller { secret: None, trusted: true },
            context: Context::default(),
        };
        let embedded = self.gateway.beside(call).await.map_err(|failed| failed.fault)?;
        let wide = |vector: Vec<f32>| vector.into_iter().map(f64::from).collect();
        Ok(Vectors {
            vectors: embedded.answer.vectors.into_iter().map(wide).collect(),
            trace_id: embedded.added.trace_id,
            cost: embedded.added.cost_usd,
        })
    }
}

fn tools(parts: &[Part]) -> Vec<ToolCalled> {
    let call = |part: &Part| match part {
        Part::ToolCall { name, arguments, .. } => Some(ToolCalled { name: name.clone(), arguments: arguments.clone() }),
        _ => None,
    };
    parts.iter().filter_map(call).collect()
}

/// Why an answer ended, in the words that most dialects use.
fn finish(finish: &Finish) -> String {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::Refusal => "content_filter",
        Finish::Other(own) => own,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use surefoot_types::{Timestamp, ids::TraceId};

    use super::*;

    #[test]
    fn only_an_answer_that_was_kept_whole_is_remembered() {
        let mut trace = Trace::begun(TraceId::from_bits(1), Timestamp::UNIX_EPOCH, DOOR, "answer");
        for (keep, whole) in
            [(Keep::All, true), (Keep::Redacted, false), (Keep::Metadata, false), (Keep::Nothing, false)]
        {
            trace.keep = keep;
            assert_eq!(is_whole(&trace), whole, "{keep:?}");
        }
    }
}
