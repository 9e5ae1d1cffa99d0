//! One trace as spans: the request, the search that grounded it, and each call to a model. Pure.

use std::time::{Duration, SystemTime};

use opentelemetry::{
    InstrumentationScope, KeyValue, Value,
    trace::{Event, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use serde_json::json;
use surefoot_gateway::trace_context;
use surefoot_types::{
    Fault, Usage,
    conversation::{Finish, Message, Part, Role},
    trace::{Attempt, Outcome, Trace},
};

/// The name of what makes these spans.
pub(crate) const SCOPE: &str = "surefoot";

/// Whether the caller's own trace, if there is one, is being sampled.
pub(crate) fn is_sampled(trace: &Trace) -> bool {
    let flags = trace.parent.as_deref().and_then(|parent| parent.get(53..55));
    flags.and_then(|flags| u8::from_str_radix(flags, 16).ok()).is_none_or(|flags| flags & 1 == 1)
}

/// What was done, in the convention's words.
pub(crate) fn operation(trace: &Trace) -> &'static str {
    if trace.door == "embeddings" { "embeddings" } else { "chat" }
}

/// `provider/model-id` in its two parts.
pub(crate) fn split(target: &str) -> (&str, &str) {
    target.split_once('/').unwrap_or(("", target))
}

/// The spans of a trace; what was said goes along only if `content`.
pub(crate) fn spans(trace: &Trace, content: bool) -> Vec<SpanData> {
    let mut spans = vec![request(trace, content)];
    spans.extend(retrieval(trace, content));
    spans.extend(trace.attempts.iter().map(|attempt| call(trace, attempt, content)));
    spans
}

fn request(trace: &Trace, content: bool) -> SpanData {
    let name = match &trace.function {
        Some(function) => format!("invoke_workflow {function}"),
        None => format!("{} {}", operation(trace), trace.asked),
    };
    let operation = if trace.function.is_some() { "invoke_workflow" } else { operation(trace) };
    let mut told = Attributes::default();
    told.put("gen_ai.operation.name", operation);
    told.some("gen_ai.workflow.name", trace.function.clone());
    told.put("gen_ai.request.model", trace.asked.clone());
    told.some("gen_ai.conversation.id", trace.session.clone());
    told.some("user.id", trace.user.clone());
    told.put("surefoot.trace.id", trace.id.to_string());
    told.put("surefoot.door", trace.door.clone());
    told.some("surefoot.variant", trace.variant.clone());
    told.some("surefoot.prompt.version", trace.prompt_version.clone());
    told.some("surefoot.project.version", trace.project_version.clone());
    told.some("surefoot.key", trace.key.clone());
    told.some("surefoot.tenant", trace.tenant.clone());
    trace.tags.iter().for_each(|(tag, value)| told.put(format!("surefoot.tag.{tag}"), value.clone()));
    told.put("surefoot.cached", trace.cached);
    told.some("surefoot.cost_usd", trace.cost.map(surefoot_types::Money::as_dollars));
    told.usage(&trace.usage);
    if content {
        told.conversation(trace);
    }
    told.fault(trace.fault.as_ref());
    let parent = trace.parent.as_deref().and_then(|parent| parent.get(36..52)).map(span_id);
    let mut span = span(trace, &trace_context::request_span(trace.id), name, SpanKind::Server);
    span.parent_span_id = parent.unwrap_or(SpanId::INVALID);
    span.parent_span_is_remote = parent.is_some();
    span.events = guards(trace);
    span.status = status(trace.fault.as_ref().filter(|_| trace.outcome == Outcome::Failed));
    timed(span, trace, 0, trace.took_us, told)
}

/// The search that grounded the request, if there was one: the path's step says when.
fn retrieval(trace: &Trace, content: bool) -> Option<SpanData> {
    let step = trace.spans.iter().find(|step| step.step == "ground")?;
    trace.abstained.or_else(|| (!trace.passages.is_empty()).then_some(false))?;
    let mut told = Attributes::default();
    told.put("gen_ai.operation.name", "retrieval");
    told.put("surefoot.passages", trace.passages.len() as i64);
    if content {
        told.put("gen_ai.retrieval.query.text", trace.question.clone());
        let documents = trace.passages.iter().map(|hit| json!({"id": hit.found.path, "score": hit.score}));
        told.put("gen_ai.retrieval.documents", json!(documents.collect::<Vec<_>>()).to_string());
    }
    // Any number of its own will do: nothing outside hears of this span.
    let id = format!("{:016x}", (trace.id.to_bits() as u64).rotate_left(32).max(1));
    let span = child(trace, &id, "retrieval".into(), SpanKind::Internal);
    Some(timed(span, trace, step.at_us, step.took_us, told))
}

fn call(trace: &Trace, attempt: &Attempt, content: bool) -> SpanData {
    let (provider, model) = split(&attempt.target);
    let mut told = Attributes::default();
    told.put("gen_ai.operation.name", operation(trace));
    told.put("gen_ai.provider.name", provider.to_owned());
    told.put("gen_ai.request.model", model.to_owned());
    told.put("gen_ai.request.stream", trace.streamed);
    told.some("gen_ai.request.max_tokens", trace.parameters.max_tokens.map(|tokens| tokens as i64));
    told.some("gen_ai.request.temperature", trace.parameters.temperature);
    told.some("gen_ai.request.top_p", trace.parameters.top_p);
    told.some("gen_ai.request.seed", trace.parameters.seed);
    told.some("gen_ai.response.time_to_first_chunk", attempt.first_us.map(|micros| micros as f64 / 1e6));
    told.some("surefoot.cost_usd", attempt.cost.map(surefoot_types::Money::as_dollars));
    told.put("surefoot.waited_us", attempt.waited_us as i64);
    if let Some(usage) = &attempt.usage {
        told.usage(usage);
    }
    let answered = trace.attempts.last().is_some_and(|last| last.id == attempt.id) && attempt.fault.is_none();
    if answered {
        told.some("gen_ai.response.finish_reasons", trace.finish.as_ref().map(finish_name));
    }
    if answered && content {
        told.conversation(trace);
    }
    told.fault(attempt.fault.as_ref());
    let name = format!("{} {model}", operation(trace));
    let mut span = child(trace, &trace_context::attempt_span(attempt.id), name, SpanKind::Client);
    span.status = status(attempt.fault.as_ref());
    timed(span, trace, attempt.at_us, attempt.took_us, told)
}

fn child(trace: &Trace, id: &str, name: String, kind: SpanKind) -> SpanData {
    let mut span = span(trace, id, name, kind);
    span.parent_span_id = span_id(trace_context::request_span(trace.id));
    span
}

fn span(trace: &Trace, id: &str, name: String, kind: SpanKind) -> SpanData {
    let trace_id = TraceId::from_hex(&trace_context::trace_id(trace)).unwrap_or(TraceId::INVALID);
    SpanData {
        span_context: SpanContext::new(trace_id, span_id(id), TraceFlags::SAMPLED, false, TraceState::default()),
        parent_span_id: SpanId::INVALID,
        parent_span_is_remote: false,
        span_kind: kind,
        name: name.into(),
        start_time: SystemTime::UNIX_EPOCH,
        end_time: SystemTime::UNIX_EPOCH,
        attributes: Vec::new(),
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::builder(SCOPE).build(),
    }
}

fn timed(mut span: SpanData, trace: &Trace, at_us: u64, took_us: u64, told: Attributes) -> SpanData {
    span.start_time = moment(trace, at_us);
    span.end_time = moment(trace, at_us + took_us);
    span.attributes = told.0;
    span
}

fn moment(trace: &Trace, after_us: u64) -> SystemTime {
    let since = u64::try_from(trace.at.as_microsecond()).unwrap_or(0);
    SystemTime::UNIX_EPOCH + Duration::from_micros(since + after_us)
}

fn span_id(hex: impl AsRef<str>) -> SpanId {
    SpanId::from_hex(hex.as_ref()).unwrap_or(SpanId::INVALID)
}

/// What the guards said, as events of the request.
fn guards(trace: &Trace) -> SpanEvents {
    let mut events = SpanEvents::default();
    events.events = trace
        .verdicts
        .iter()
        .map(|verdict| {
            let told = [("guard", &verdict.guard), ("action", &verdict.action), ("reason", &verdict.reason)];
            let told = told.map(|(name, value)| KeyValue::new(format!("surefoot.guard.{name}"), value.clone()));
            Event::new("surefoot.guard", moment(trace, 0), told.into(), 0)
        })
        .collect();
    events
}

fn status(fault: Option<&Fault>) -> Status {
    fault.map_or(Status::Unset, |fault| Status::error(fault.message.clone()))
}

fn finish_name(finish: &Finish) -> String {
    match finish {
        Finish::Stop => "stop".into(),
        Finish::Length => "length".into(),
        Finish::ToolCalls => "tool_call".into(),
        Finish::Refusal => "content_filter".into(),
        Finish::Other(reason) => reason.clone(),
    }
}

/// The attributes of one span.
#[derive(Default)]
struct Attributes(Vec<KeyValue>);

impl Attributes {
    fn put(&mut self, name: impl Into<opentelemetry::Key>, value: impl Into<Value>) {
        self.0.push(KeyValue::new(name, value));
    }

    fn some(&mut self, name: &'static str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    fn usage(&mut self, usage: &Usage) {
        for (name, tokens) in [
            ("gen_ai.usage.input_tokens", usage.input_total()),
            ("gen_ai.usage.output_tokens", usage.output_total()),
            ("gen_ai.usage.cache_read.input_tokens", usage.cache_read),
            ("gen_ai.usage.cache_creation.input_tokens", usage.cache_write + usage.cache_write_hour),
            ("gen_ai.usage.reasoning.output_tokens", usage.reasoning),
        ] {
            self.put(name, i64::try_from(tokens).unwrap_or(i64::MAX));
        }
    }

    fn fault(&mut self, fault: Option<&Fault>) {
        self.some("error.type", fault.map(|fault| fault.code.name()));
    }

    /// What was said, as the convention's JSON. The trace holds it masked.
    fn conversation(&mut self, trace: &Trace) {
        let (system, said): (Vec<&Message>, Vec<&Message>) =
            trace.prompt.iter().partition(|message| message.role == Role::System);
        let system: Vec<_> = system.iter().flat_map(|message| &message.parts).filter_map(part).collect();
        if !system.is_empty() {
            self.put("gen_ai.system_instructions", json!(system).to_string());
        }
        let told = |role: &str, parts: &[Part]| json!({"role": role, "parts": parts.iter().filter_map(part).collect::<Vec<_>>()});
        let said: Vec<_> = said.iter().map(|message| told(role_name(message.role), &message.parts)).collect();
        self.put("gen_ai.input.messages", json!(said).to_string());
        let mut answer = told("assistant", &trace.answer);
        answer["finish_reason"] = json!(trace.finish.as_ref().map(finish_name));
        self.put("gen_ai.output.messages", json!([answer]).to_string());
    }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    }
}

fn part(part: &Part) -> Option<serde_json::Value> {
    Some(match part {
        Part::Text { text } | Part::Refusal { text } => json!({"type": "text", "content": text}),
        Part::Thinking { text, .. } => json!({"type": "reasoning", "content": text}),
        Part::ToolCall { id, name, arguments } => {
            json!({"type": "tool_call", "id": id, "name": name, "arguments": arguments})
        }
        Part::ToolResult { id, content, .. } => {
            json!({"type": "tool_call_response", "id": id, "response": surefoot_types::conversation::words(content)})
        }
        _ => return None,
    })
}
