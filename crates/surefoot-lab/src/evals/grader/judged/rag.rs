//! Metrics of retrieval-augmented generation. The formula is the one that each tool publishes, and the
//! name says whose; the prompts are ours.

use serde_json::{Value, json};

use super::{
    Matter,
    reply::{self, Said},
    similar, tagged,
};
use crate::evals::grader::{Finding, Found, text};

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::evals::grader) enum Metric {
    /// Statements of the answer that the contexts support, over all; undefined without a statement.
    FaithfulnessRagas,
    /// Statements that the contexts do not contradict, over all; 1 without a statement.
    FaithfulnessDeepeval,
    /// Average precision of the contexts in their order.
    ContextPrecisionRagas,
    /// Statements of the reference that the contexts support, over all; undefined without a statement.
    ContextRecallRagas,
    /// Mean cosine of the question with three made from the answer; 0 where all are noncommittal.
    AnswerRelevancyRagas,
    /// Statements of the answer that bear on the question, over all; 1 without a statement.
    AnswerRelevancyDeepeval,
    /// F1 of the claims of answer and reference, to two places.
    FactualCorrectnessRagas,
}

pub(super) async fn find(metric: Metric, matter: Matter<'_>) -> Found {
    match metric {
        Metric::FaithfulnessRagas | Metric::FaithfulnessDeepeval => faithfulness(metric, matter).await,
        Metric::ContextPrecisionRagas => context_precision(matter).await,
        Metric::ContextRecallRagas => context_recall(matter).await,
        Metric::AnswerRelevancyRagas => answer_relevancy(matter).await,
        Metric::AnswerRelevancyDeepeval => relevant_statements(matter).await,
        Metric::FactualCorrectnessRagas => factual_correctness(matter).await,
    }
}

/// The contexts that the answer was given with: those of the case, else those that were found for it.
fn contexts(matter: Matter<'_>) -> Result<Vec<String>, Finding> {
    let of_case = matter.case.expect.get("contexts").and_then(|contexts| text::list(contexts).ok());
    let contexts = of_case.unwrap_or_else(|| matter.given.asked.contexts.clone());
    if contexts.is_empty() {
        return Err(Finding::undefined("the answer has no contexts: it searched nothing, and the case gives none"));
    }
    Ok(contexts)
}

async fn statements(matter: Matter<'_>, of: &str) -> Result<Vec<String>, String> {
    if of.trim().is_empty() {
        return Ok(Vec::new());
    }
    let user = format!("{}{}", tagged("question", &matter.question()), tagged("text", of));
    let fields = json!({ "statements": { "type": "array", "items": { "type": "string" } } });
    reply::texts(&matter.ask(include_str!("prompts/statements.md"), user, fields).await?, "statements")
}

/// One verdict on each of `things`, given some material.
async fn verdicts(
    matter: Matter<'_>,
    prompt: &str,
    material: String,
    tag: &str,
    things: &[String],
) -> Result<Vec<Said>, String> {
    let numbered: Vec<_> = things.iter().enumerate().map(|(at, thing)| format!("{}. {thing}", at + 1)).collect();
    let user = format!("{material}{}", tagged(tag, &numbered.join("\n")));
    let one = json!({ "type": "string", "enum": ["yes", "no", "idk"] });
    let fields = json!({ "verdicts": { "type": "array", "items": one } });
    reply::verdicts(&matter.ask(prompt, user, fields).await?, things.len())
}

async fn supported(matter: Matter<'_>, context: &str, statements: &[String]) -> Result<Vec<Said>, String> {
    let prompt = include_str!("prompts/supported.md");
    verdicts(matter, prompt, tagged("context", context), "statements", statements).await
}

/// The share of verdicts that count, as a finding that names the first that does not.
fn share(matter: Matter<'_>, things: &[String], said: &[Said], counts: impl Fn(Said) -> bool, what: &str) -> Finding {
    let held = said.iter().filter(|said| counts(**said)).count();
    let finding = Finding::scored(held as f64 / things.len() as f64, matter.threshold(), what);
    let not = things.iter().zip(said).find(|(_, said)| !counts(**said));
    let not = not.map_or_else(String::new, |(thing, _)| format!("; not `{}`", crate::evals::grader::brief(thing)));
    Finding { fact: format!("{} ({held} of {}{not})", finding.fact, things.len()), ..finding }
}

async fn faithfulness(metric: Metric, matter: Matter<'_>) -> Found {
    let contexts = match contexts(matter) {
        Ok(contexts) => contexts,
        Err(undefined) => return Ok(undefined),
    };
    let statements = statements(matter, matter.given.said()).await?;
    let deepeval = metric == Metric::FaithfulnessDeepeval;
    if statements.is_empty() {
        let none = "the answer states nothing";
        let one = || Finding { score: Some(1.0), ..Finding::of(true, none) };
        return Ok(if deepeval { one() } else { Finding::undefined(none) });
    }
    let said = supported(matter, &contexts.join("\n\n"), &statements).await?;
    let counts = |said: Said| if deepeval { said != Said::No } else { said == Said::Yes };
    Ok(share(matter, &statements, &said, counts, "faithfulness"))
}

async fn context_precision(matter: Matter<'_>) -> Found {
    let contexts = match contexts(matter) {
        Ok(contexts) => contexts,
        Err(undefined) => return Ok(undefined),
    };
    let reference = text::list(matter.given.expected)?.join("\n");
    let material = format!("{}{}", tagged("question", &matter.question()), tagged("answer", &reference));
    let said = verdicts(matter, include_str!("prompts/useful.md"), material, "contexts", &contexts).await?;
    let useful: Vec<bool> = said.iter().map(|said| *said == Said::Yes).collect();
    let finding = Finding::scored(average_precision(&useful), matter.threshold(), "context precision");
    let told: Vec<_> = useful.iter().map(|useful| if *useful { "useful" } else { "not" }).collect();
    Ok(Finding { fact: format!("{} ({})", finding.fact, told.join(", ")), ..finding })
}

/// The mean, over the places of what is useful, of the share of useful ones so far; 0 where nothing is.
pub(super) fn average_precision(useful: &[bool]) -> f64 {
    let (mut found, mut sum) = (0.0, 0.0);
    for (at, _) in useful.iter().enumerate().filter(|(_, useful)| **useful) {
        found += 1.0;
        sum += found / (at + 1) as f64;
    }
    if found == 0.0 { 0.0 } else { sum / found }
}

async fn context_recall(matter: Matter<'_>) -> Found {
    let contexts = match contexts(matter) {
        Ok(contexts) => contexts,
        Err(undefined) => return Ok(undefined),
    };
    let reference = text::list(matter.given.expected)?.join("\n");
    let statements = statements(matter, &reference).await?;
    if statements.is_empty() {
        return Ok(Finding::undefined("the reference states nothing"));
    }
    let said = supported(matter, &contexts.join("\n\n"), &statements).await?;
    Ok(share(matter, &statements, &said, |said| said == Said::Yes, "context recall"))
}

async fn answer_relevancy(matter: Matter<'_>) -> Found {
    let fields = json!({
        "questions": { "type": "array", "items": { "type": "string" } },
        "noncommittal": { "type": "array", "items": { "type": "boolean" } },
    });
    let user = tagged("answer", matter.given.said());
    let reply = matter.ask(include_str!("prompts/questions.md"), user, fields).await?;
    let mut texts = reply::texts(&reply, "questions")?;
    let evasive: Vec<bool> =
        reply::field(&reply, "noncommittal", |value| value.as_array()?.iter().map(Value::as_bool).collect())?;
    if texts.is_empty() || texts.len() != evasive.len() {
        return Err("the judge's reply has not one `noncommittal` for each of its `questions`".into());
    }
    if evasive.iter().all(|evasive| *evasive) {
        let finding = Finding::scored(0.0, matter.threshold(), "answer relevancy");
        return Ok(Finding { fact: format!("{}: the answer is noncommittal", finding.fact), ..finding });
    }
    texts.insert(0, matter.question());
    let vectors = matter.asking.embed(similar::model(matter.given), &texts).await?;
    let (question, made) = vectors.split_first().ok_or("a vector is missing")?;
    let mean = made.iter().map(|made| similar::cosine(question, made)).sum::<f64>() / made.len() as f64;
    Ok(Finding::scored(mean, matter.threshold(), "answer relevancy"))
}

async fn relevant_statements(matter: Matter<'_>) -> Found {
    let statements = statements(matter, matter.given.said()).await?;
    if statements.is_empty() {
        return Ok(Finding { score: Some(1.0), ..Finding::of(true, "the answer states nothing") });
    }
    let material = tagged("question", &matter.question());
    let said = verdicts(matter, include_str!("prompts/relevant.md"), material, "statements", &statements).await?;
    Ok(share(matter, &statements, &said, |said| said != Said::No, "answer relevancy"))
}

async fn factual_correctness(matter: Matter<'_>) -> Found {
    let reference = text::list(matter.given.expected)?.join("\n");
    let (ours, theirs) = (statements(matter, matter.given.said()).await?, statements(matter, &reference).await?);
    if ours.is_empty() && theirs.is_empty() {
        return Ok(Finding::undefined("neither the answer nor the reference states anything"));
    }
    let held = |said: Vec<Said>| said.iter().filter(|said| **said == Said::Yes).count();
    let right = if ours.is_empty() { 0 } else { held(supported(matter, &reference, &ours).await?) };
    let found = if theirs.is_empty() { 0 } else { held(supported(matter, matter.given.said(), &theirs).await?) };
    let (wrong, missing) = (ours.len() - right, theirs.len() - found);
    let whole = 2 * right + wrong + missing;
    let score = if whole == 0 { 0.0 } else { 2.0 * right as f64 / whole as f64 };
    // To two places, as published.
    let finding = Finding::scored((score * 100.0).round() / 100.0, matter.threshold(), "factual correctness");
    Ok(Finding { fact: format!("{} ({right} right, {wrong} wrong, {missing} missing)", finding.fact), ..finding })
}
