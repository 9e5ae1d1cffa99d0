//! Searches the knowledge and builds the prompt.

mod prompt;

pub use prompt::{Filling, NotAPrompt, Prompt, WORDS};
use surefoot_types::{
    Chance, Code, Fault,
    conversation::{ChatRequest, Parameters},
    document::Hit,
};

use crate::{call::Call, outside::Grounding, resolve::Plan};

/// The request as it will go to a model.
#[derive(Debug, Clone)]
pub(crate) struct Grounded {
    /// What to send.
    pub(crate) request: ChatRequest,
    /// The passages that it was grounded with, in the order of their numbers.
    pub(crate) hits: Vec<Hit>,
    /// True while the request is still what the caller sent, so that its bytes may go on as they came.
    pub(crate) untouched: bool,
}

/// Turns the caller's request into what a model is asked: for a function, its variant's prompt
/// around the conversation and the passages; for a model, the request as it came.
pub(crate) async fn ground(
    plan: &Plan,
    call: &Call,
    grounding: Option<&dyn Grounding>,
    chance: &dyn Chance,
) -> Result<Grounded, Fault> {
    let mut request = call.chat.clone();
    let Some(task) = &plan.task else {
        return Ok(Grounded { request, hits: Vec::new(), untouched: true });
    };
    let found = match &task.function.knowledge {
        None => None,
        Some(knowledge) => {
            let grounding = grounding.ok_or_else(|| {
                Fault::new(Code::Unavailable, "knowledge cannot be searched yet").hint("Ask again in a moment.")
            })?;
            let hits = grounding.search(knowledge, &call.chat.question(), task.function.passages).await?;
            Some((grounding.passages_block(&hits), hits))
        }
    };
    let (block, hits) = found.unzip();
    let filling = Filling { input: &call.context.input, history: &call.chat.messages, passages: block.as_deref() };
    request.messages = task.variant.prompt.render(filling, chance)?;
    request.parameters = merge(&task.variant.parameters, &call.chat.parameters);
    Ok(Grounded { request, hits: hits.unwrap_or_default(), untouched: false })
}

/// The variant's parameters, with the caller's own in their place where it set any.
fn merge(variant: &Parameters, caller: &Parameters) -> Parameters {
    Parameters {
        max_tokens: caller.max_tokens.or(variant.max_tokens),
        temperature: caller.temperature.or(variant.temperature),
        top_p: caller.top_p.or(variant.top_p),
        top_k: caller.top_k.or(variant.top_k),
        stop: if caller.stop.is_empty() { variant.stop.clone() } else { caller.stop.clone() },
        seed: caller.seed.or(variant.seed),
    }
}
