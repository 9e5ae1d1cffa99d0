//! The tale of one request, told while it happens, so that it is whole at any moment it may end.

use std::sync::Arc;

use surefoot_types::{
    Citation, Clock, Code, Fault, Money, Usage,
    conversation::{Event, Gathered, Message, Part},
    ids::{AttemptId, TraceId},
    trace::{Attempt, Outcome, Span, Trace},
};
use tokio::time::Instant;

use crate::{
    call::{Added, Call, Whole},
    events,
    ground::Grounded,
    identify::Admitted,
    project::Project,
    recall::Kept,
    resolve::Plan,
    screen::{Screened, mask, mask_part},
};

/// A trace in the making.
pub(crate) struct Tale {
    trace: Trace,
    started: Instant,
    open: Option<Open>,
    /// Whether a function with knowledge answers: only then are citations told.
    cites: bool,
}

/// The attempt that is under way.
struct Open {
    attempt: Attempt,
    gathered: Gathered,
}

impl Tale {
    /// The tale of a request that was read.
    pub(crate) fn begin(call: &Call, clock: &dyn Clock) -> Self {
        let mut trace = Trace::begun(call.trace_id, clock.now(), call.door, call.chat.model.as_str());
        trace.session.clone_from(&call.context.session);
        trace.user.clone_from(&call.chat.user);
        trace.tags.clone_from(&call.context.tags);
        trace.streamed = call.chat.stream;
        trace.question = masked(call.chat.question());
        Self { trace, started: Instant::now(), open: None, cites: false }
    }

    /// The tale of a request that could not be read.
    pub(crate) fn unread(id: TraceId, door: &'static str, clock: &dyn Clock) -> Self {
        Self { trace: Trace::begun(id, clock.now(), door, ""), started: Instant::now(), open: None, cites: false }
    }

    /// The tale of a request for vectors.
    pub(crate) fn embedding(id: TraceId, door: &'static str, model: &str, clock: &dyn Clock) -> Self {
        Self { trace: Trace::begun(id, clock.now(), door, model), started: Instant::now(), open: None, cites: false }
    }

    /// The trace so far.
    pub(crate) fn trace(&self) -> &Trace {
        &self.trace
    }

    /// When the request began, on the clock of timeouts.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// The next step begins, and the one before it ends.
    pub(crate) fn enter(&mut self, step: &str) {
        let now = self.elapsed();
        self.leave(now);
        self.trace.spans.push(Span { step: step.into(), at_us: now, took_us: 0, note: String::new() });
    }

    /// Says in a few words what the step decided.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        if let Some(span) = self.trace.spans.last_mut() {
            span.note = note.into();
        }
    }

    /// Who calls.
    pub(crate) fn admitted(&mut self, admitted: Option<Admitted>) {
        if let Some(admitted) = admitted {
            self.trace.tenant = admitted.tenant;
            self.trace.key = Some(admitted.key);
        }
    }

    /// What will be asked.
    pub(crate) fn resolved(&mut self, plan: &Plan, project: &Project) {
        self.trace.project_version = Some(project.version.clone());
        let targets: Vec<String> = plan.model.targets.iter().map(crate::project::Target::name).collect();
        if let Some(task) = &plan.task {
            self.trace.function = Some(task.function.name.clone());
            self.trace.variant = Some(task.variant.name.clone());
            self.trace.prompt_version = Some(task.variant.version.clone());
            self.cites = task.function.knowledge.is_some();
        }
        self.note(targets.join(" → "));
    }

    /// What was found.
    pub(crate) fn grounded(&mut self, grounded: &Grounded) {
        self.trace.passages.clone_from(&grounded.hits);
        if self.cites {
            self.note(format!("{} passages", grounded.hits.len()));
        }
    }

    /// What leaves. The record is masked whatever the guards do to the prompt itself.
    pub(crate) fn screened(&mut self, prompt: &Screened) {
        self.trace.prompt = masked_messages(&prompt.grounded.request.messages);
        self.trace.parameters = prompt.grounded.request.parameters.clone();
        self.trace.verdicts.clone_from(&prompt.verdicts);
        if !prompt.verdicts.is_empty() {
            let told: Vec<String> = prompt.verdicts.iter().map(|v| format!("{}: {}", v.guard, v.action)).collect();
            self.note(told.join(", "));
        }
    }

    /// A call to a target begins, after a wait.
    pub(crate) fn attempt_open(&mut self, id: AttemptId, target: String, waited_us: u64, dropped: &[String]) {
        let at_us = self.elapsed();
        self.trace.dropped = dropped.to_vec();
        let attempt =
            Attempt { id, target, at_us, took_us: 0, first_us: None, waited_us, usage: None, cost: None, fault: None };
        self.open = Some(Open { attempt, gathered: Gathered::default() });
    }

    /// One more event of the answer.
    pub(crate) fn take(&mut self, event: &Event) {
        let now = self.elapsed();
        let Some(open) = &mut self.open else { return };
        open.gathered.take(event);
        if matches!(event, Event::Text { .. } | Event::Thinking { .. } | Event::ToolCall { .. } | Event::Refusal { .. })
        {
            open.attempt.first_us.get_or_insert(now - open.attempt.at_us);
            self.trace.first_us.get_or_insert(now);
        }
    }

    /// A whole answer came.
    pub(crate) fn take_whole(&mut self, whole: &Whole) {
        let now = self.elapsed();
        let Some(open) = &mut self.open else { return };
        open.attempt.first_us = Some(now - open.attempt.at_us);
        self.trace.first_us.get_or_insert(now);
        open.gathered = Gathered::default();
        whole.answer.clone().into_events().iter().for_each(|event| open.gathered.take(event));
    }

    /// What has come of the answer so far.
    pub(crate) fn gathered(&self) -> Option<&Gathered> {
        self.open.as_ref().map(|open| &open.gathered)
    }

    /// The call to a target ended. An answer that was begun and broke off still cost something: it is
    /// counted by estimate where the provider did not say.
    pub(crate) fn attempt_close(&mut self, project: &Project, fault: Option<Fault>) {
        let now = self.elapsed();
        let Some(Open { mut attempt, mut gathered }) = self.open.take() else { return };
        attempt.took_us = now - attempt.at_us;
        let answered = gathered.finish.is_some() || !gathered.parts.is_empty();
        if answered && gathered.usage.is_none_or(|usage| usage.output == 0 && usage.input == 0) {
            gathered.usage = Some(self.estimate(&gathered));
        }
        attempt.usage = gathered.usage;
        attempt.cost = match (gathered.usage, project.prices.get(&attempt.target)) {
            (None, _) => Some(Money::ZERO),
            (Some(usage), Some(price)) => Some(price.cost(&usage)),
            (Some(_), None) => None,
        };
        attempt.fault = fault;
        events::attempt_ended(&attempt.target, attempt.usage.as_ref(), attempt.fault.as_ref());
        if answered {
            self.trace.answer = gathered.parts;
            self.trace.answer.iter_mut().for_each(mask_part);
            self.trace.finish = gathered.finish;
        }
        self.trace.attempts.push(attempt);
    }

    /// An answer from the cache.
    pub(crate) fn recalled(&mut self, kept: &Kept) {
        self.trace.cached = true;
        self.trace.answer.clone_from(&kept.answer.parts);
        self.trace.finish = Some(kept.answer.finish.clone());
        self.trace.first_us.get_or_insert(self.elapsed());
        self.trace.citations.clone_from(&kept.citations);
        self.trace.abstained = kept.abstained;
        self.note("found");
    }

    /// What the check of the citations gave.
    pub(crate) fn verified(&mut self, citations: Vec<Citation>, abstained: bool) {
        let holding = citations.iter().filter(|citation| citation.holds()).count();
        self.note(format!("{holding} of {} citations hold", citations.len()));
        self.trace.citations = citations;
        self.trace.abstained = Some(abstained);
    }

    /// Closes what is open and says what it all cost.
    pub(crate) fn settle(&mut self, project: &Project) -> Money {
        if self.open.is_some() {
            self.attempt_close(project, Some(Fault::new(Code::Cancelled, "the caller hung up")));
        }
        self.enter("settle");
        self.trace.usage =
            self.trace.attempts.iter().filter_map(|attempt| attempt.usage).fold(Usage::default(), Usage::plus);
        self.trace.cost = self.trace.attempts.iter().map(|attempt| attempt.cost).sum();
        self.trace.cost.unwrap_or_default()
    }

    /// The finished trace, and what of it goes beside the answer.
    pub(crate) fn record(mut self, fault: Option<&Fault>) -> (Arc<Trace>, Added) {
        self.enter("record");
        self.trace.took_us = self.elapsed();
        self.trace.outcome = match fault.map(|fault| fault.code) {
            None => Outcome::Answered,
            Some(Code::Cancelled) => Outcome::Cancelled,
            Some(_) => Outcome::Failed,
        };
        self.trace.fault = fault.cloned();
        let trace = self.trace;
        let added = Added {
            trace_id: trace.id,
            function: trace.function.clone(),
            variant: trace.variant.clone(),
            citations: self.cites.then(|| trace.citations.clone()),
            abstained: trace.abstained,
            dropped: trace.dropped.clone(),
            cost_usd: trace.cost,
            cached: trace.cached,
        };
        (Arc::new(trace), added)
    }

    fn leave(&mut self, now: u64) {
        if let Some(span) = self.trace.spans.last_mut() {
            span.took_us = now - span.at_us;
        }
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// What the prompt uses, by estimate.
    pub(crate) fn estimate_prompt(&self) -> Usage {
        let input = self.trace.prompt.iter().map(|message| estimate(&message.parts)).sum();
        Usage { input, estimated: true, ..Usage::default() }
    }

    fn estimate(&self, gathered: &Gathered) -> Usage {
        Usage { output: estimate(&gathered.parts), ..self.estimate_prompt() }
    }
}

/// The tokens of parts, by estimate.
fn estimate(parts: &[Part]) -> u64 {
    let of = |part: &Part| match part {
        Part::Text { text } | Part::Refusal { text } | Part::Thinking { text, .. } => Usage::estimate(text),
        Part::ToolCall { name, arguments, .. } => Usage::estimate(name) + Usage::estimate(arguments),
        Part::ToolResult { content, .. } => estimate(content),
        Part::Image { .. } | Part::File { .. } | Part::Other { .. } => 0,
    };
    parts.iter().map(of).sum()
}

fn masked(mut text: String) -> String {
    surefoot_guard::secrets::mask_in_place(&mut text);
    text
}

fn masked_messages(messages: &[Message]) -> Vec<Message> {
    let mut messages = messages.to_vec();
    messages.iter_mut().for_each(mask);
    messages
}
