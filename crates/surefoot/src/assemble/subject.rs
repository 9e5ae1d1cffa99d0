//! The gateway, as an eval asks it.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Map;
use surefoot_dialect::embeddings::EmbeddingsRequest;
use surefoot_gateway::{Call, Caller, Context, EmbedCall, Gateway};
use surefoot_lab::evals::{Ask, Asked, CaseInput, Subject, ToolCalled, Vectors};
use surefoot_types::{
    Fault,
    conversation::{ChatRequest, Finish, Part, ResponseFormat, words},
    ids::TraceId,
    ports::Journal,
};
use tokio::time::Instant;

/// The door's name on the traces of an eval.
const DOOR: &str = "eval";

/// Asks through the gateway: every case, and every question to a judge, is a request like any other, with
/// its trace.
pub(crate) struct GatewaySubject {
    gateway: Gateway,
    journal: Arc<dyn Journal>,
}

impl GatewaySubject {
    pub(crate) fn new(gateway: Gateway, journal: Arc<dyn Journal>) -> Self {
        Self { gateway, journal }
    }

    /// The passages that an answer was given with, as its trace has them.
    async fn contexts(&self, trace: TraceId) -> Result<Vec<String>, Fault> {
        let trace = self.journal.trace_get(trace).await?;
        let passages = trace.map(|trace| trace.passages).unwrap_or_default();
        Ok(passages.into_iter().map(|hit| hit.found.passage.text).collect())
    }
}

#[async_trait]
impl Subject for GatewaySubject {
    async fn ask(&self, ask: Ask) -> Result<Asked, Fault> {
        let started = Instant::now();
        let mut context = Context::default();
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
        let call = Call {
            trace_id: self.gateway.mint_trace(),
            door: DOOR,
            chat,
            body: None,
            caller: Caller { secret: None, trusted: true },
            context,
        };
        let collected = self.gateway.answer(call).collect().await.map_err(|failed| failed.fault)?;
        let contexts = match &collected.added.citations {
            Some(_) => self.contexts(collected.added.trace_id).await?,
            None => Vec::new(),
        };
        Ok(Asked {
            contexts,
            text: words(&collected.whole.answer.parts),
            citations: collected.added.citations.unwrap_or_default(),
            trace_id: collected.added.trace_id,
            cost: collected.added.cost_usd,
            took: started.elapsed(),
            tools: tools(&collected.whole.answer.parts),
            finish: finish(&collected.whole.answer.finish),
            cached: collected.added.cached,
            abstained: collected.added.abstained,
        })
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
        let embedded = self.gateway.embed(call).await.map_err(|failed| failed.fault)?;
        let wide = |vector: Vec<f32>| vector.into_iter().map(f64::from).collect();
        Ok(Vectors {
            vectors: embedded.embeddings.vectors.into_iter().map(wide).collect(),
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
