//! What made a request slow, dear or wrong, each in a sentence: read from its trace, pure.

use surefoot_types::{
    Money,
    feedback::{Feedback, FeedbackValue},
    trace::{Outcome, Trace},
};

use super::{page::time, trace::Cost};

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    /// `Time`, `Cost` or `Answer`.
    pub(crate) about: &'static str,
    pub(crate) told: String,
}

/// Where the time went, what cost the most, and what speaks against the answer.
pub(crate) fn reasons(trace: &Trace, costs: &[Cost], feedback: &[Feedback]) -> Vec<Reason> {
    let slow = slow(trace).map(|told| Reason { about: "Time", told });
    let dear = dear(costs).map(|told| Reason { about: "Cost", told });
    let wrong = wrong(trace, feedback).into_iter().map(|told| Reason { about: "Answer", told });
    slow.into_iter().chain(dear).chain(wrong).collect()
}

/// What took the most of the time.
fn slow(trace: &Trace) -> Option<String> {
    let whole = trace.took_us.max(1);
    let mut parts: Vec<(u64, String)> = Vec::new();
    for attempt in &trace.attempts {
        let first = attempt.first_us.unwrap_or(attempt.took_us).min(attempt.took_us);
        parts.push((attempt.waited_us, format!("waiting before {} was tried again", attempt.target)));
        parts.push(match &attempt.fault {
            Some(_) => (first, format!("{} until it failed", attempt.target)),
            None => (first, format!("{} until its first word", attempt.target)),
        });
        parts.push((attempt.took_us - first, format!("{} writing", attempt.target)));
    }
    parts.extend(
        trace
            .spans
            .iter()
            .filter(|span| span.step != "attempt")
            .map(|span| (span.took_us, format!("the step {}", span.step))),
    );
    let (took, what) = parts.into_iter().max_by_key(|(took, _)| *took).filter(|(took, _)| *took > 0)?;
    let share = (u128::from(took.min(whole)) * 100 / u128::from(whole)) as u64;
    Some(format!("{share} % of {} was {what} ({}).", time(&trace.took_us), time(&took)))
}

/// What cost the most.
fn dear(costs: &[Cost]) -> Option<String> {
    let lines =
        costs.iter().filter(|cost| cost.adds_up).flat_map(|cost| cost.lines.iter().map(move |line| (cost, line)));
    let (cost, line) = lines.max_by_key(|(_, line)| line.cost).filter(|(_, line)| line.cost > Money::ZERO)?;
    let all = costs.iter().filter_map(|cost| cost.cost).sum::<Money>().as_nanos().max(1);
    let share = i128::from(line.cost.as_nanos()) * 100 / i128::from(all);
    Some(format!("{share} % was {} of {} ({} of them, {}).", line.what, cost.target, line.many, line.cost))
}

/// What speaks against the answer.
fn wrong(trace: &Trace, feedback: &[Feedback]) -> Vec<String> {
    let mut told = Vec::new();
    if let Some(fault) = &trace.fault {
        told.push(format!("It failed: {}.", fault.message.trim_end_matches('.')));
    } else if trace.outcome == Outcome::Cancelled {
        told.push("The caller hung up before its end.".into());
    }
    let unheld = trace.citations.iter().filter(|citation| !citation.holds()).count();
    if unheld > 0 {
        told.push(format!("{unheld} of {} citations are not carried by their source.", trace.citations.len()));
    }
    if trace.abstained == Some(true) {
        told.push("The documents do not answer the question, and it says so.".into());
    } else if !trace.passages.is_empty() && trace.citations.is_empty() && trace.outcome == Outcome::Answered {
        told.push("It cites none of the passages that were found.".into());
    }
    told.extend(
        trace
            .verdicts
            .iter()
            .map(|verdict| format!("The guard {} did `{}`: {}.", verdict.guard, verdict.action, verdict.reason)),
    );
    let against =
        |feedback: &&Feedback| feedback.value == FeedbackValue::Boolean(false) || feedback.metric == "correction";
    told.extend(
        feedback.iter().filter(against).map(|feedback| format!("Feedback speaks against it: {}.", feedback.metric)),
    );
    told
}

#[cfg(test)]
mod tests {
    use surefoot_types::{
        Code, Fault, Timestamp,
        ids::{AttemptId, TraceId},
        trace::{Attempt, GuardVerdict, Span},
    };

    use super::*;

    fn trace() -> Trace {
        let mut trace = Trace::begun(TraceId::from_bits(1), Timestamp::UNIX_EPOCH, "openai_chat", "answer");
        trace.took_us = 1_000_000;
        trace.outcome = Outcome::Answered;
        trace.spans = vec![Span { step: "ground".into(), at_us: 0, took_us: 100_000, note: String::new() }];
        let attempt = Attempt::begun(AttemptId::from_bits(1), "a/x", 100_000, 0);
        trace.attempts = vec![Attempt { took_us: 850_000, first_us: Some(700_000), ..attempt }];
        trace
    }

    fn told(trace: &Trace) -> Vec<String> {
        reasons(trace, &[], &[]).into_iter().map(|reason| format!("{}: {}", reason.about, reason.told)).collect()
    }

    #[test]
    fn the_greatest_part_of_the_time_is_named() {
        assert_eq!(told(&trace()), ["Time: 70 % of 1.0 s was a/x until its first word (700 ms)."]);
        let mut waited = trace();
        waited.attempts[0].waited_us = 800_000;
        assert_eq!(told(&waited), ["Time: 80 % of 1.0 s was waiting before a/x was tried again (800 ms)."]);
        let mut searched = trace();
        searched.spans[0].took_us = 900_000;
        assert_eq!(told(&searched), ["Time: 90 % of 1.0 s was the step ground (900 ms)."]);
    }

    #[test]
    fn what_speaks_against_an_answer_is_told() {
        let mut trace = trace();
        trace.took_us = 0;
        (trace.spans, trace.attempts) = (Vec::new(), Vec::new());
        assert_eq!(told(&trace), [""; 0]);
        trace.abstained = Some(true);
        trace.fault = Some(Fault::new(Code::Upstream, "it broke."));
        let (guard, action, reason) = ("secrets".into(), "mask".into(), "a key".into());
        trace.verdicts = vec![GuardVerdict { guard, action, reason }];
        let expected = [
            "Answer: It failed: it broke.",
            "Answer: The documents do not answer the question, and it says so.",
            "Answer: The guard secrets did `mask`: a key.",
        ];
        assert_eq!(told(&trace), expected);
    }
}
