//! Why a request went as it did, in words: read from its trace, pure.

use std::fmt::Write;

use serde::Serialize;

use crate::{
    fault::{Fault, Retry},
    ids::TraceId,
    money::Money,
    trace::{Attempt, Outcome, Trace},
};

/// Why a request went as it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Why {
    /// The trace's id.
    pub trace_id: TraceId,
    /// What was decided and what came of it, in order.
    pub because: Vec<Because>,
}

/// One thing that was decided, or that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Because {
    /// What it is about: `asked`, `key`, `resolve`, `cache`, `limits`, `route`, `attempt 1`, …, `ended`.
    pub about: String,
    /// In words.
    pub told: String,
}

impl Why {
    /// Reads it from a trace.
    pub fn of(trace: &Trace) -> Self {
        let mut why = Self { trace_id: trace.id, because: Vec::new() };
        why.asked(trace);
        let note = |step: &str| trace.spans.iter().find(|span| span.step == step).map(|span| span.note.as_str());
        let note = |step| note(step).filter(|note| !note.is_empty());
        if let Some(targets) = note("resolve") {
            let prompt = trace.prompt_version.as_deref().and_then(|version| version.get(..12));
            let prompt = prompt.map(|version| format!(", with the prompt {version}")).unwrap_or_default();
            why.add("resolve", format!("targets: {targets}{prompt}"));
        }
        for step in ["ground", "screen"] {
            note(step).into_iter().for_each(|told| why.add(step, told.to_owned()));
        }
        why.add(
            "cache",
            if trace.cached { "an equal request was answered before" } else { "not answered from it" }.into(),
        );
        if let Some(told) = note("reserve") {
            why.add("limits", told.to_owned());
        }
        if let Some(told) = note("attempt") {
            why.add("route", told.to_owned());
        }
        for (nth, attempt) in trace.attempts.iter().enumerate() {
            why.add(&format!("attempt {}", nth + 1), attempted(attempt));
        }
        if let Some(told) = note("verify") {
            why.add("verify", told.to_owned());
        }
        if !trace.dropped.is_empty() {
            why.add("dropped", format!("the target has no place for {}", trace.dropped.join(", ")));
        }
        why.add("ended", ended(trace));
        why
    }

    fn add(&mut self, about: &str, told: String) {
        self.because.push(Because { about: about.to_owned(), told });
    }

    fn asked(&mut self, trace: &Trace) {
        let variant = trace.variant.as_ref().map(|variant| format!("@{variant}")).unwrap_or_default();
        let how = if trace.streamed { "streamed" } else { "whole" };
        let asked = if trace.asked.is_empty() { "something that could not be read" } else { &trace.asked };
        self.add("asked", format!("{asked}{variant}, {how}, at the door {}", trace.door));
        let tenant = trace.tenant.as_ref().map(|tenant| format!(" of the tenant {tenant}")).unwrap_or_default();
        let told = match &trace.key {
            Some(key) => format!("{key}{tenant}"),
            None => "none: it came from this machine, or was refused".to_owned(),
        };
        self.add("key", told);
    }

    /// As lines of text.
    pub fn told(&self) -> String {
        let widest = self.because.iter().map(|one| one.about.len()).max().unwrap_or_default();
        let mut text = String::new();
        for Because { about, told } in &self.because {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{about:<widest$}  {told}");
        }
        text
    }
}

fn attempted(attempt: &Attempt) -> String {
    let mut told = attempt.target.clone();
    if let Some(key) = &attempt.key {
        let _ = write!(told, " with the key {key}");
    }
    if attempt.hedged {
        told.push_str(", beside the one before, which was slow");
    } else if attempt.waited_us > 0 {
        let _ = write!(told, ", after a wait of {}", time(attempt.waited_us));
    }
    match &attempt.fault {
        None => {
            let _ = write!(told, ": answered in {}", time(attempt.took_us));
            if let Some(first) = attempt.first_us {
                let _ = write!(told, ", the first word after {}", time(first));
            }
        }
        Some(fault) => {
            let _ = write!(told, ": failed after {}, {}", time(attempt.took_us), failed(fault));
        }
    }
    if let Some(usage) = &attempt.usage {
        let about = if usage.estimated { "about " } else { "" };
        let _ = write!(told, "; {about}{} tokens in, {} out", usage.input_total(), usage.output_total());
        if usage.cache_read > 0 {
            let _ = write!(told, ", {} of them from the provider's cache", usage.cache_read);
        }
    }
    let _ = write!(told, "; {}", cost(attempt.cost));
    told
}

fn failed(fault: &Fault) -> String {
    let asked = match fault.retry {
        Retry::Later(Some(after)) => format!(" (it asks to come back in {:.1} s)", after.as_secs_f64()),
        Retry::Later(None) => String::new(),
        Retry::Elsewhere => " (trying it again is of no use)".to_owned(),
        Retry::Never => " (trying again is of no use)".to_owned(),
    };
    format!("{}: {}{asked}", fault.code.name(), fault.message)
}

fn ended(trace: &Trace) -> String {
    let took = time(trace.took_us);
    let how = match (&trace.outcome, &trace.fault) {
        (Outcome::Answered, _) => format!("answered in {took}"),
        (Outcome::Cancelled, _) => format!("the caller hung up after {took}"),
        (Outcome::Failed, Some(fault)) => format!("failed after {took}, {}: {}", fault.code.name(), fault.told()),
        (Outcome::Failed, None) => format!("failed after {took}"),
    };
    let attempts = match trace.attempts.len() {
        0 => "no model was asked".to_owned(),
        1 => "1 attempt".to_owned(),
        many => format!("{many} attempts"),
    };
    format!("{how}; {attempts}; {}", cost(trace.cost))
}

fn time(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{} ms", micros / 1_000),
        _ => format!("{:.1} s", micros as f64 / 1e6),
    }
}

fn cost(cost: Option<Money>) -> String {
    cost.map_or_else(|| "its price is not known".to_owned(), |cost| format!("it cost {cost}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::{
        fault::Code,
        ids::AttemptId,
        trace::{Outcome, Span},
        usage::Usage,
    };

    fn attempt(target: &str, took_us: u64) -> Attempt {
        let mut attempt = Attempt::begun(AttemptId::from_bits(1), target, 0, 0);
        (attempt.took_us, attempt.cost) = (took_us, Some(Money::ZERO));
        attempt
    }

    #[test]
    fn a_request_that_fell_back_twice() {
        let mut trace = Trace::begun(TraceId::from_bits(7), Timestamp::UNIX_EPOCH, "openai_chat", "best");
        (trace.outcome, trace.took_us, trace.streamed) = (Outcome::Answered, 1_900_000, true);
        (trace.key, trace.tenant) = (Some("app".into()), Some("acme".into()));
        let span = |step: &str, note: &str| Span { step: step.into(), at_us: 0, took_us: 1, note: note.into() };
        trace.spans = vec![
            span("resolve", "a/x → b/y → c/z"),
            span("recall", ""),
            span("reserve", "an answer of at most 4096 tokens"),
            span("attempt", "c/z is left alone for 1.5 s"),
        ];
        let mut first = attempt("a/x", 12_000);
        first.key = Some("env:A_KEY".into());
        first.fault = Some(
            Fault::new(Code::RateLimited, "The provider answered 429.")
                .retry(Retry::Later(Some(Duration::from_secs(7)))),
        );
        let mut second = attempt("b/y", 30_000);
        second.fault = Some(Fault::new(Code::Upstream, "The provider answered 401.").retry(Retry::Elsewhere));
        let mut third = attempt("c/z", 300_000);
        third.waited_us = 1_500_000;
        third.first_us = Some(80_400);
        third.usage = Some(Usage { input: 20, cache_read: 100, output: 40, ..Usage::default() });
        third.cost = Some("0.0012".parse().unwrap());
        trace.cost = third.cost;
        trace.attempts = vec![first, second, third];
        trace.dropped = vec!["seed".into()];
        insta::assert_snapshot!(Why::of(&trace).told());
    }

    #[test]
    fn a_request_that_was_refused() {
        let mut trace = Trace::begun(TraceId::from_bits(7), Timestamp::UNIX_EPOCH, "anthropic", "best");
        trace.cost = Some(Money::ZERO);
        trace.took_us = 90;
        trace.fault = Some(Fault::new(Code::OverBudget, "the budget 'daily' is spent").hint("Wait for tomorrow."));
        insta::assert_snapshot!(Why::of(&trace).told(), @r"
        asked  best, whole, at the door anthropic
        key    none: it came from this machine, or was refused
        cache  not answered from it
        ended  failed after 90 µs, over_budget: the budget 'daily' is spent. Wait for tomorrow.; no model was asked; it cost $0.00
        ");
    }
}
