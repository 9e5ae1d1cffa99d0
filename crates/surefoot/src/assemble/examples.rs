//! Good answers for prompts to show, gathered from traces and what was said about them.

use std::sync::Arc;

use surefoot_gateway::{
    ground::{Example, Shelves},
    project::{Examples, Function},
    resolve::is_live,
};
use surefoot_guard::injection::{self, Channel};
use surefoot_knowledge::embed::Kind;
use surefoot_types::{
    Fault,
    conversation::words,
    feedback::{Feedback, FeedbackValue, standing},
    ids::TraceId,
    ports::TraceFilter,
    trace::{Keep, Outcome, Trace},
};

use super::House;

/// Most requests of a function that are looked at, the newest.
const LOOKED_AT: usize = 500;
/// Longest question and answer that are shown, in bytes.
const LONGEST: usize = 4_000;
/// From this score on a text would tell the model what to do, and is not shown to it.
const SUSPICIOUS: f32 = 0.5;

/// Gathers the good answers of every function that shows some.
///
/// # Errors
/// When the store cannot be read; the answers from before stay.
pub(crate) async fn gather(house: &House) -> Result<(), Fault> {
    let mut shelves = Shelves::new();
    for function in house.project.load_full().functions.values() {
        if let Some(rules) = &function.examples {
            shelves.insert(function.name.clone(), Arc::new(shelf(house, function, rules).await?));
        }
    }
    house.examples.store(Arc::new(shelves));
    Ok(())
}

async fn shelf(house: &House, function: &Function, rules: &Examples) -> Result<Vec<Example>, Fault> {
    let filter = TraceFilter {
        asked: Some(function.name.clone()),
        outcome: Some(Outcome::Answered),
        before: rules.until.map(TraceId::first),
        ..TraceFilter::default()
    };
    let mut examples = Vec::new();
    for summary in house.store.trace_list(&filter, LOOKED_AT).await? {
        let said = house.store.feedback_list(summary.id).await?;
        if said.is_empty() || summary.question.trim().is_empty() {
            continue;
        }
        let Some(trace) = house.store.trace_get(summary.id).await? else { continue };
        examples.extend(good(rules, &said, &trace).and_then(|answer| example(house, trace, answer)));
    }
    let questions: Vec<String> = examples.iter().map(|example| example.question.clone()).collect();
    let vectors = house.embedder.embed(&questions, Kind::Query).await?;
    Ok(examples.into_iter().zip(vectors).map(|(example, vector)| Example { vector, ..example }).collect())
}

/// The answer that was good, or the one that somebody put in its place; `None` where it was not good.
fn good(rules: &Examples, said: &[Feedback], trace: &Trace) -> Option<String> {
    let counts = |one: &&Feedback| {
        let rater = rules.raters.is_empty() || one.user.as_ref().is_some_and(|user| rules.raters.contains(user));
        rater && rules.until.is_none_or(|until| one.at < until)
    };
    let said: Vec<Feedback> = said.iter().filter(counts).cloned().collect();
    let stands = standing(&said);
    let corrected = stands.iter().rev().find_map(|one| match &one.value {
        FeedbackValue::Text(text) if one.metric == "correction" => Some(text.clone()),
        _ => None,
    });
    let values = stands.iter().filter(|one| one.metric == rules.metric).filter_map(|one| match one.value {
        FeedbackValue::Boolean(yes) => Some(f64::from(u8::from(yes))),
        FeedbackValue::Number(number) => Some(number),
        _ => None,
    });
    let (sum, of) = values.fold((0.0, 0.0), |(sum, of), value| (sum + value, of + 1.0));
    corrected.or_else(|| (of > 0.0 && sum / of >= rules.least).then(|| words(&trace.answer)))
}

/// Without personal data and secrets, and without what would tell the model what to do.
fn example(house: &House, trace: Trace, mut answer: String) -> Option<Example> {
    if trace.keep < Keep::Redacted || !is_live(&trace.door) {
        return None;
    }
    let trace = Trace { keep: Keep::Redacted, ..trace };
    let mut question = trace.question.clone();
    for text in [&mut question, &mut answer] {
        house.gateway.redact_like(&trace, text);
        let suspicious = injection::score(text, Channel::Document).score >= SUSPICIOUS;
        if text.trim().is_empty() || text.len() > LONGEST || suspicious {
            return None;
        }
    }
    Some(Example { trace_id: trace.id, tenant: trace.tenant, question, answer, vector: Vec::new() })
}
