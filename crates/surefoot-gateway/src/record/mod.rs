//! The tale of one request, told while it happens, so that it is whole at any moment it may end.

mod branches;
mod keep;
mod legs;

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value};
use surefoot_guard::{personal::Detector, pseudonyms::Vault};
use surefoot_types::{
    Citation, Clock, Code, Fault, Money, Price, PriceBook, Usage,
    budget::Charge,
    conversation::{ChatRequest, Event, Finish, Gathered, Part, Tool},
    document::Hit,
    ids::{AttemptId, TraceId},
    ports::Record,
    trace::{Attempt, GuardVerdict, Keep, Outcome, Span, Trace},
    usage::Tier,
};
use tokio::time::Instant;

use crate::{
    accounts::Used,
    call::{Added, Call, Context, Whole},
    embed::EmbedCall,
    events,
    ground::Grounded,
    identify::Admitted,
    project::{Project, Records, Target},
    recall::Kept,
    resolve::Plan,
    screen::Screened,
    trace_context,
};

pub(crate) use self::keep::redact;

/// Tokens of a picture, by estimate: one of middling size, with the large providers.
const IMAGE: u64 = 1_000;

/// A trace in the making.
pub(crate) struct Tale {
    trace: Trace,
    started: Instant,
    open: Option<Open>,
    /// A call that runs beside it, since it is slow.
    beside: Option<Open>,
    /// Whether a function with knowledge answers: only then are citations told.
    cites: bool,
    /// The service tier that the caller asked for: what it is billed at where the provider does not say what it served.
    tier: Option<Tier>,
    /// Which share of answered requests is kept.
    sample: f64,
    /// The prompt's tokens, by estimate.
    said: u64,
    /// Most tokens that an answer may have.
    most: Option<u64>,
    /// What the calls are for that follow, where a strategy makes several.
    purpose: String,
    /// Calls that run at once, each told for itself.
    branches: Vec<Tale>,
    /// Finds the personal data that is not kept, where a guard says so.
    unkept: Option<Arc<Detector>>,
    /// The pseudonyms of the prompt. Never recorded.
    vault: Option<Arc<Vault>>,
}

/// The attempt that is under way.
struct Open {
    attempt: Attempt,
    gathered: Gathered,
    /// What the target charges, as it was when the attempt began.
    price: Option<Price>,
}

impl Tale {
    /// The tale of a request that was read.
    pub(crate) fn begin(call: &Call, records: Records, clock: &dyn Clock) -> Self {
        let mut trace = Trace::begun(call.trace_id, clock.now(), call.door, call.chat.model.as_str());
        trace.user.clone_from(&call.chat.user);
        trace.streamed = call.chat.stream;
        Self::of(trace, records, &call.context, &call.chat.extra)
    }

    /// The tale of a request that could not be read.
    pub(crate) fn unread(id: TraceId, door: &'static str, records: Records, clock: &dyn Clock) -> Self {
        Self::of(Trace::begun(id, clock.now(), door, ""), records, &Context::default(), &Map::new())
    }

    /// The tale of a request for vectors.
    pub(crate) fn embedding(call: &EmbedCall, records: Records, clock: &dyn Clock) -> Self {
        let mut trace = Trace::begun(call.trace_id, clock.now(), call.door, call.request.model.as_str());
        trace.user = call.request.extra.get("user").and_then(Value::as_str).map(str::to_owned);
        Self::of(trace, records, &call.context, &call.request.extra)
    }

    fn of(mut trace: Trace, records: Records, context: &Context, extra: &Map<String, Value>) -> Self {
        trace.keep = records.keep;
        trace.session.clone_from(&context.session);
        trace.tags.clone_from(&context.tags);
        trace.parent = context.trace.as_ref().map(|told| told.parent.clone());
        Self {
            trace,
            started: Instant::now(),
            open: None,
            beside: None,
            cites: false,
            tier: tier_asked(extra),
            sample: records.sample,
            said: 0,
            most: None,
            purpose: String::new(),
            branches: Vec::new(),
            unkept: None,
            vault: None,
        }
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

    /// Adds to what the step decided.
    pub(crate) fn note_also(&mut self, note: &str) {
        if let Some(span) = self.trace.spans.last_mut().filter(|_| !note.is_empty()) {
            let between = if span.note.is_empty() { "" } else { "; " };
            span.note.push_str(between);
            span.note.push_str(note);
        }
    }

    /// Who calls. The caller's own tags win over those of its key.
    pub(crate) fn admitted(&mut self, admitted: Option<&Admitted>) {
        let Some(admitted) = admitted else { return };
        self.trace.tenant.clone_from(&admitted.tenant);
        self.trace.key = Some(admitted.key.clone());
        self.keep_at_most(admitted.keep);
        for (tag, value) in &admitted.tags {
            self.trace.tags.entry(tag.clone()).or_insert_with(|| value.clone());
        }
    }

    /// What will be asked.
    pub(crate) fn resolved(&mut self, plan: &Plan, project: &Project, chat: &ChatRequest) {
        self.trace.project_version = Some(project.version.clone());
        let targets: Vec<String> = plan.model.targets.iter().map(Target::name).collect();
        self.unkept = plan.guards(project).personal.as_ref().and_then(|guard| guard.unkept.clone());
        self.keep_at_most(self.unkept.as_ref().map(|_| Keep::Redacted));
        // Not before it is known what of it may be kept.
        self.trace.question = chat.question();
        if let Some(task) = &plan.task {
            self.trace.function = Some(task.function.name.clone());
            self.trace.variant = Some(task.variant.name.clone());
            self.trace.prompt_version = Some(task.variant.version.clone());
            self.cites = task.function.knowledge.is_some();
            self.keep_at_most(task.function.keep);
        }
        self.note(targets.join(" → "));
    }

    /// Of what different settings say, the strictest holds.
    fn keep_at_most(&mut self, keep: Option<Keep>) {
        self.trace.keep = keep.map_or(self.trace.keep, |keep| keep.min(self.trace.keep));
    }

    /// What was found.
    pub(crate) fn grounded(&mut self, grounded: &Grounded) {
        self.trace.passages.clone_from(&grounded.hits);
        self.cites |= !grounded.hits.is_empty();
        self.judged(grounded.verdicts.iter().cloned());
        if self.cites {
            self.note(format!("{} passages", grounded.hits.len()));
        }
    }

    /// The passages that the model was shown, in the order of their numbers, where tools found some.
    pub(crate) fn shown(&mut self, hits: &[Hit]) {
        self.cites |= !hits.is_empty();
        self.trace.passages = hits.to_vec();
    }

    /// Whether the answer's citations are to be checked and told.
    pub(crate) fn cites(&self) -> bool {
        self.cites
    }

    /// What the caller was told in all, where that is more than the last attempt said.
    pub(crate) fn told(&mut self, parts: Vec<Part>, finish: Finish) {
        self.trace.answer = parts;
        self.trace.finish = Some(finish);
    }

    /// The pseudonyms that stand in what left last.
    pub(crate) fn vault(&self) -> Option<&Arc<Vault>> {
        self.vault.as_ref()
    }

    /// What the attempts cost so far, as far as is known.
    pub(crate) fn spent(&self) -> Money {
        self.trace.attempts.iter().filter_map(|attempt| attempt.cost).sum()
    }

    /// What leaves. Its secrets are masked when it is recorded, whatever the guards do to the prompt itself.
    pub(crate) fn screened(&mut self, prompt: &Screened) {
        self.vault.clone_from(&prompt.vault);
        self.trace.prompt.clone_from(&prompt.grounded.request.messages);
        self.trace.parameters = prompt.grounded.request.parameters.clone();
        self.said = estimate_request(&prompt.grounded.request);
        self.most = prompt.grounded.request.parameters.max_tokens;
        self.judged(prompt.verdicts.iter().cloned());
        if !self.trace.verdicts.is_empty() {
            let told: Vec<String> = self.trace.verdicts.iter().map(|v| format!("{}: {}", v.guard, v.action)).collect();
            self.note(told.join(", "));
        }
    }

    /// What guards said.
    pub(crate) fn judged(&mut self, verdicts: impl IntoIterator<Item = GuardVerdict>) {
        self.trace.verdicts.extend(verdicts);
    }

    /// What is held for it.
    pub(crate) fn reserved(&mut self, prompt: &Screened) {
        if let Some(cap) = prompt.grounded.cap {
            self.trace.parameters.max_tokens = Some(cap);
            self.most = Some(cap);
            self.note(format!("an answer of at most {cap} tokens"));
        }
    }

    /// A call to a target begins, after a wait.
    pub(crate) fn attempt_open(
        &mut self,
        id: AttemptId,
        target: &Target,
        waited: Duration,
        dropped: &[String],
        prices: &PriceBook,
    ) {
        let at_us = self.elapsed();
        self.trace.dropped = dropped.to_vec();
        let waited_us = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX);
        let purpose = self.purpose.clone();
        let attempt = Attempt { purpose, ..Attempt::begun(id, target.name(), at_us, waited_us) };
        let price = prices.get(&attempt.target, self.trace.at + Duration::from_micros(at_us)).cloned();
        self.open = Some(Open { attempt, gathered: Gathered::default(), price });
    }

    /// The key that opens the call under way, by its id.
    pub(crate) fn attempt_key(&mut self, key: Option<&str>) {
        if let Some(open) = &mut self.open {
            open.attempt.key = key.map(str::to_owned);
        }
    }

    /// What could not be carried to the target that answers.
    pub(crate) fn dropped(&mut self, dropped: &[String]) {
        self.trace.dropped = dropped.to_vec();
    }

    /// What the attempt under way tells its provider of the trace.
    pub(crate) fn traceparent(&self) -> String {
        let attempt = self.open.as_ref().map_or(AttemptId::from_bits(0), |open| open.attempt.id);
        trace_context::told_onwards(&self.trace, attempt)
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
    pub(crate) fn attempt_close(&mut self, fault: Option<Fault>) {
        let now = self.elapsed();
        let Some(Open { mut attempt, mut gathered, price }) = self.open.take() else { return };
        attempt.took_us = now - attempt.at_us;
        let answered = gathered.finish.is_some() || !gathered.parts.is_empty();
        // What is told at a stream's beginning says nothing of an answer that breaks off later.
        let untold = gathered.usage.is_none_or(|usage| usage.output == 0 && usage.input == 0);
        if answered && (untold || gathered.finish.is_none()) {
            gathered.usage = Some(self.estimate(&gathered));
        }
        if let Some(usage) = &mut gathered.usage {
            usage.tier = usage.tier.or(self.tier);
        }
        attempt.usage = gathered.usage;
        attempt.cost = match (&gathered.usage, price) {
            (None, _) => Some(Money::ZERO),
            (Some(usage), Some(price)) => Some(price.cost(usage)),
            (Some(usage), None) => usage.reported,
        };
        attempt.fault = fault;
        events::attempt_ended(&attempt.target, attempt.usage.as_ref(), attempt.fault.as_ref());
        if answered {
            self.trace.answer = gathered.parts;
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
        // How it was found may be told already.
        if self.trace.spans.last().is_some_and(|span| span.note.is_empty()) {
            self.note("found");
        }
    }

    /// What the check of the citations gave.
    pub(crate) fn verified(&mut self, citations: Vec<Citation>, abstained: bool) {
        let holding = citations.iter().filter(|citation| citation.holds()).count();
        self.note(format!("{holding} of {} citations hold", citations.len()));
        self.trace.citations = citations;
        self.trace.abstained = Some(abstained);
    }

    /// Closes what is open and says what it all cost.
    pub(crate) fn settle(&mut self) -> Used {
        self.join();
        self.beside_close(Fault::new(Code::Cancelled, "the caller hung up"));
        if self.open.is_some() {
            self.attempt_close(Some(Fault::new(Code::Cancelled, "the caller hung up")));
        }
        self.enter("settle");
        self.trace.usage =
            self.trace.attempts.iter().filter_map(|attempt| attempt.usage).fold(Usage::default(), Usage::plus);
        self.trace.cost = self.trace.attempts.iter().map(|attempt| attempt.cost).sum();
        // An unknown cost is charged for so much of it as is known.
        let cost = self.trace.attempts.iter().filter_map(|attempt| attempt.cost).sum();
        Used { cost, tokens: self.trace.usage.total() }
    }

    /// What the attempt that ended last cost, so far as is known.
    pub(crate) fn last_cost(&self) -> Money {
        self.trace.attempts.last().and_then(|attempt| attempt.cost).unwrap_or_default()
    }

    /// What is to be stored of the finished request, and what of it goes beside the answer.
    pub(crate) fn record(
        mut self,
        fault: Option<&Fault>,
        charges: Vec<Charge>,
        detector: &Detector,
    ) -> (Record, Added) {
        self.enter("record");
        self.trace.took_us = self.elapsed();
        self.trace.outcome = match fault.map(|fault| fault.code) {
            None => Outcome::Answered,
            Some(Code::Cancelled) => Outcome::Cancelled,
            Some(_) => Outcome::Failed,
        };
        self.trace.fault = fault.cloned();
        let mut trace = self.trace;
        let added = Added {
            trace_id: trace.id,
            function: trace.function.clone(),
            variant: trace.variant.clone(),
            citations: self.cites.then(|| trace.citations.clone()),
            abstained: trace.abstained,
            dropped: trace.dropped.clone(),
            cost_usd: trace.cost,
            cached: trace.cached,
            strategy: trace.strategy.clone(),
        };
        let kept = trace.keep != Keep::Nothing && keep::is_sampled(trace.id, trace.outcome, self.sample);
        let keep = trace.keep;
        keep::apply(&mut trace, keep, self.unkept.as_deref().unwrap_or(detector));
        (Record { trace: Arc::new(trace), kept, charges }, added)
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
        Usage { input: self.said, estimated: true, ..Usage::default() }
    }

    /// What an answer used: what was told of it, and by estimate what was not.
    fn estimate(&self, gathered: &Gathered) -> Usage {
        let told = gathered.usage.unwrap_or_default();
        let input = if told.input_total() > 0 { told.input } else { self.said };
        // A provider counts no more than it was allowed to generate.
        let most = self.most.unwrap_or(u64::MAX);
        let output = estimate(&gathered.parts).min(most).max(told.output);
        Usage { input, output, estimated: true, ..told }
    }
}

/// The service tier that a request asks for, in OpenAI's and Anthropic's words, or in Google's and Amazon's.
fn tier_asked(extra: &Map<String, Value>) -> Option<Tier> {
    let asked = extra.get("service_tier").or_else(|| extra.get("serviceTier"))?;
    Tier::named(asked.as_str().or_else(|| asked.get("type")?.as_str())?)
}

/// The tokens of a prompt, by estimate: its messages and tools.
pub(crate) fn estimate_request(request: &ChatRequest) -> u64 {
    let messages: u64 = request.messages.iter().map(|message| estimate(&message.parts)).sum();
    let tool = |tool: &Tool| {
        let described = tool.description.as_deref().map_or(0, Usage::estimate);
        Usage::estimate(&tool.name) + described + Usage::estimate(&tool.schema.to_string())
    };
    messages + request.tools.iter().map(tool).sum::<u64>()
}

/// The tokens of parts, by estimate.
fn estimate(parts: &[Part]) -> u64 {
    let of = |part: &Part| match part {
        Part::Text { text } | Part::Refusal { text } | Part::Thinking { text, .. } => Usage::estimate(text),
        Part::ToolCall { name, arguments, .. } => Usage::estimate(name) + Usage::estimate(arguments),
        Part::ToolResult { content, .. } => estimate(content),
        Part::Image { .. } => IMAGE,
        Part::File { .. } | Part::Other { .. } => 0,
    };
    parts.iter().map(of).sum()
}
