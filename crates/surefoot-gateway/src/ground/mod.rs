//! Searches the knowledge and builds the prompt.

mod examples;
mod prompt;

use std::sync::Arc;

pub use examples::{Example, Shelves};
pub use prompt::{Filling, NotAPrompt, Prompt, WORDS};
use serde_json::{Map, Value};
use surefoot_guard::untrusted::Marker;
use surefoot_types::{
    Code, Fault,
    conversation::{ChatRequest, Parameters, ResponseFormat},
    document::Hit,
    key::Admin,
    trace::GuardVerdict,
};

use crate::{
    attempt::Upstream,
    call::{Call, Caller},
    gateway::{Gateway, Parts},
    guards::Marks,
    identify::{Admitted, may_search},
    outside::Grounding,
    project::{Function, Project},
    resolve::Plan,
    screen::passages,
};

/// The request as it will go to a model.
#[derive(Debug, Clone)]
pub(crate) struct Grounded {
    /// What to send.
    pub(crate) request: ChatRequest,
    /// What the caller asked, and what was searched for.
    pub(crate) question: String,
    /// The passages that it was grounded with, in the order of their numbers.
    pub(crate) hits: Vec<Hit>,
    /// What the guards said of passages.
    pub(crate) verdicts: Vec<GuardVerdict>,
    /// What the project itself says in the prompt of a function, as written. Empty for a model.
    pub(crate) instructions: Arc<str>,
    /// Whether answers to others stand in it as examples.
    pub(crate) exemplary: bool,
    /// True while the request is still what the caller sent, so that its bytes may go on as they came.
    pub(crate) untouched: bool,
    /// Most tokens of the answer, where a budget limits them and the caller does not.
    pub(crate) cap: Option<u64>,
}

/// Turns the caller's request into what a model is asked: for a function, its variant's prompt
/// around the conversation and the passages; for a model, the request as it came.
pub(crate) async fn ground(
    project: &Project,
    plan: &Plan,
    call: &Call,
    admitted: Option<&Admitted>,
    parts: &Parts,
    upstream: &Upstream,
    marker: &Marker,
) -> Result<Grounded, Fault> {
    let mut request = call.chat.clone();
    let question = query(call);
    let Some(task) = &plan.task else {
        return Ok(Grounded::of(request, question));
    };
    inputs_fit(&task.function, &call.context.input)?;
    let found = match &task.function.knowledge {
        None => None,
        Some(knowledge) => {
            may_search(admitted, knowledge)?;
            let grounding = searchable(parts.grounding.as_deref())?;
            let found = grounding.search(knowledge, &question, task.function.passages).await?;
            let (hits, verdicts) = passages(plan.guards(project), found);
            Some((block(grounding, &hits, plan.guards(project).marks, marker), (hits, verdicts)))
        }
    };
    let (block, found) = found.unzip();
    let (hits, verdicts) = found.unwrap_or_default();
    let shelves = parts.examples.load_full();
    let tenant = admitted.and_then(|admitted| admitted.tenant.as_deref());
    let examples = examples::block(upstream, &shelves, &task.function, tenant, &question).await;
    let exemplary = !examples.is_empty();
    let marked = plan.guards(project).marks != Marks::Off && exemplary;
    let examples = if marked { marker.wrap(&examples) } else { examples };
    let (passages, input, history) = (block.as_deref(), &call.context.input, &call.chat.messages);
    let filling = Filling { input, history, passages, examples: &examples };
    request.messages = task.variant.prompt.render(filling, parts.chance.as_ref())?;
    request.parameters = merge(&task.variant.parameters, &call.chat.parameters);
    request.response_format = request.response_format.or_else(|| output(&task.function));
    let instructions = Arc::clone(task.variant.prompt.source());
    Ok(Grounded { hits, verdicts, instructions, exemplary, untouched: false, ..Grounded::of(request, question) })
}

impl Grounded {
    /// A request as it came, grounded in nothing.
    pub(crate) fn of(request: ChatRequest, question: String) -> Self {
        let (hits, verdicts) = (Vec::new(), Vec::new());
        let (instructions, exemplary) = (Arc::from(""), false);
        Self { request, question, hits, verdicts, instructions, exemplary, untouched: true, cap: None }
    }
}

/// The passages as a prompt shows them, each between its marks where the guards want them.
fn block(grounding: &dyn Grounding, hits: &[Hit], marks: Marks, marker: &Marker) -> String {
    if marks == Marks::Off {
        return grounding.passages_block(hits, 1);
    }
    let one = |(number, hit)| marker.wrap(&grounding.passages_block(std::slice::from_ref(hit), number));
    (1..).zip(hits).map(one).collect::<Vec<_>>().join("\n\n")
}

impl Gateway {
    /// The best passages of a knowledge for a query, for the doors that show them, within the caller's rights.
    ///
    /// # Errors
    /// Where the caller may not, the knowledge is not there, or it cannot be searched now.
    pub async fn search(&self, caller: &Caller, knowledge: &str, query: &str, limit: usize) -> Result<Vec<Hit>, Fault> {
        let admitted = self.admit(caller, Admin::None)?;
        may_search(admitted.as_ref(), knowledge)?;
        searchable(self.inner.parts.grounding.as_deref())?.search(knowledge, query, limit).await
    }
}

pub(crate) fn searchable(grounding: Option<&dyn Grounding>) -> Result<&dyn Grounding, Fault> {
    grounding
        .ok_or_else(|| Fault::new(Code::Unavailable, "knowledge cannot be searched yet").hint("Ask again in a moment."))
}

/// What to search for: the question, or, for a function of typed inputs alone, their texts.
fn query(call: &Call) -> String {
    let question = call.chat.question();
    if !question.is_empty() {
        return question;
    }
    call.context.input.values().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
}

/// Every input must be declared, and fit its schema.
fn inputs_fit(function: &Function, input: &Map<String, Value>) -> Result<(), Fault> {
    for (name, value) in input {
        let param = format!("surefoot.input.{name}");
        let Some(schema) = function.input.get(name) else {
            let known: Vec<&str> = function.input.keys().map(String::as_str).collect();
            let told = format!("the function '{}' has no input '{name}'", function.name);
            return Err(Fault::bad_request(&param, told).hint(format!("Its inputs are: {}.", known.join(", "))));
        };
        let validator = jsonschema::validator_for(schema).map_err(|error| Fault::internal(error.to_string()))?;
        if let Err(error) = validator.validate(value) {
            return Err(Fault::bad_request(&param, format!("the input '{name}' does not fit: {error}")));
        }
    }
    Ok(())
}

/// The shape that a function's answers have, where the caller asks for none of its own.
fn output(function: &Function) -> Option<ResponseFormat> {
    let schema = function.output.clone()?;
    Some(ResponseFormat::JsonSchema { name: function.name.clone(), schema, strict: None })
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
        presence_penalty: caller.presence_penalty.or(variant.presence_penalty),
        frequency_penalty: caller.frequency_penalty.or(variant.frequency_penalty),
        logprobs: caller.logprobs.or(variant.logprobs),
        top_logprobs: caller.top_logprobs.or(variant.top_logprobs),
        n: caller.n.or(variant.n),
    }
}
