//! The gateway, as an eval asks it.

use async_trait::async_trait;
use surefoot_gateway::{Call, Caller, Context, Gateway};
use surefoot_lab::evals::{Ask, Asked, CaseInput, Subject, ToolCalled};
use surefoot_types::{
    Fault,
    conversation::{ChatRequest, Finish, Part, words},
};
use tokio::time::Instant;

/// Asks through the gateway: every case is a request like any other, with its trace.
pub(crate) struct GatewaySubject {
    gateway: Gateway,
}

impl GatewaySubject {
    pub(crate) fn new(gateway: Gateway) -> Self {
        Self { gateway }
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
        let call = Call {
            trace_id: self.gateway.mint_trace(),
            door: "eval",
            chat,
            body: None,
            caller: Caller { secret: None, trusted: true },
            context,
        };
        let collected = self.gateway.answer(call).collect().await.map_err(|failed| failed.fault)?;
        Ok(Asked {
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
