//! Graders that ask a model: rubrics, comparisons, and the metrics of retrieval-augmented generation.
//!
//! A judge is asked as any subject is, so that its calls have traces, prices and budgets. Its replies are
//! read strictly: what is not the JSON asked for is an error, never a grade.

mod compared;
mod rag;
pub(crate) mod reply;
mod rubric;
mod similar;

use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};
use surefoot_types::{
    Money,
    conversation::{Message, Role},
    ids::TraceId,
    run::{Grade, Verdict},
};

use super::{Finding, Found, Given, Judging};
use crate::evals::{Ask, Case, CaseInput};
pub(super) use rag::Metric;
pub(super) use similar::Likeness;

/// A grader that asks a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judged {
    /// A rubric in English, answered with yes or no or on a scale.
    Rubric,
    /// Does the answer meet a criterion?
    ClosedQa,
    /// The facts beside an expert's.
    Factuality,
    /// The answer against another, in both orders.
    Pairwise,
    /// Likeness of embeddings.
    Similar(Likeness),
    /// A metric of retrieval-augmented generation.
    Rag(Metric),
}

/// Whom a grader asks, and what that took so far.
pub(super) struct Asking<'a> {
    judging: Judging<'a>,
    spent: Mutex<Spent>,
}

/// What a grade took.
#[derive(Default)]
struct Spent {
    traces: Vec<TraceId>,
    costs: Vec<Option<Money>>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(judging: Judging<'a>) -> Self {
        Self { judging, spent: Mutex::default() }
    }

    pub(super) fn judging(&self) -> Judging<'a> {
        self.judging
    }

    /// Counts what a grade took as part of this one.
    pub(super) fn also(&self, grade: &Grade) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.traces.extend(&grade.traces);
        spent.costs.extend((!grade.traces.is_empty()).then_some(grade.cost));
    }

    /// The traces of the calls that were made, and what they cost together; no cost where none was made
    /// or where a price is unknown.
    pub(super) fn spent(self) -> (Vec<TraceId>, Option<Money>) {
        let Spent { traces, costs } = self.spent.into_inner().unwrap_or_else(PoisonError::into_inner);
        let cost = costs.iter().copied().sum::<Option<Money>>().filter(|_| !costs.is_empty());
        (traces, cost)
    }

    /// Asks for an object of these fields, and reads the reply.
    async fn ask(&self, judge: &str, system: &str, user: String, fields: Value) -> Result<Map<String, Value>, String> {
        let messages = vec![Message::text(Role::System, system), Message::text(Role::User, user)];
        let required: Vec<&String> = fields.as_object().into_iter().flat_map(Map::keys).collect();
        let schema =
            json!({ "type": "object", "required": required, "properties": fields, "additionalProperties": false });
        let input = CaseInput::Messages(messages);
        // Questions of one grade follow one another, so that their order names them.
        let before = self.spent.lock().unwrap_or_else(PoisonError::into_inner).traces.len();
        let mark = Some(format!("{}/{before}", self.judging.mark));
        let ask = Ask { subject: judge.to_owned(), input, schema: Some(schema), mark, fresh: false };
        let asked = self
            .judging
            .subject
            .ask(ask)
            .await
            .map_err(|fault| format!("the judge gave no answer: {}", fault.told()))?;
        self.note(asked.trace_id, asked.cost);
        reply::object(&asked.text)
    }

    async fn embed(&self, model: &str, texts: &[String]) -> Result<Vec<Vec<f64>>, String> {
        let vectors = self.judging.subject.embed(model, texts).await;
        let vectors = vectors.map_err(|fault| format!("the texts were not embedded: {}", fault.told()))?;
        self.note(vectors.trace_id, vectors.cost);
        if vectors.vectors.len() == texts.len() { Ok(vectors.vectors) } else { Err("a vector is missing".into()) }
    }

    fn note(&self, trace: TraceId, cost: Option<Money>) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        spent.traces.push(trace);
        spent.costs.push(cost);
    }
}

/// What a judge looks at.
#[derive(Clone, Copy)]
struct Matter<'a> {
    given: Given<'a>,
    case: &'a Case,
    judge: &'a str,
    asking: &'a Asking<'a>,
}

impl Matter<'_> {
    async fn ask(&self, system: &str, user: String, fields: Value) -> Result<Map<String, Value>, String> {
        self.asking.ask(self.judge, system, user, fields).await
    }

    fn question(&self) -> String {
        self.case.input.to_string()
    }

    /// The threshold, or half.
    fn threshold(&self) -> f64 {
        self.given.options.threshold.unwrap_or(0.5)
    }
}

/// A text between tags, in which no end tag of that name can stand.
pub(crate) fn tagged(tag: &str, text: &str) -> String {
    let end = format!("</{tag}");
    format!("<{tag}>\n{}\n</{tag}>\n", text.replace(&end, &format!("< /{tag}")))
}

/// Grades by asking every judge. Of several, more than half must pass, and the score is their mean; a
/// judge that errs makes the grade an error.
pub(super) async fn find(kind: Judged, given: Given<'_>, case: &Case, judges: &[String], asking: &Asking<'_>) -> Found {
    if let Judged::Similar(likeness) = kind {
        return similar::find(likeness, given, asking).await;
    }
    let mut findings = Vec::new();
    for judge in judges {
        let matter = Matter { given, case, judge, asking };
        let found = match kind {
            Judged::Rubric => rubric::find(matter).await,
            Judged::ClosedQa => rubric::closed(matter).await,
            Judged::Factuality => compared::factuality(matter).await,
            Judged::Pairwise => compared::pairwise(matter).await,
            Judged::Rag(metric) => rag::find(metric, matter).await,
            Judged::Similar(_) => continue,
        };
        findings.push(found?);
    }
    together(findings)
}

fn together(mut findings: Vec<Finding>) -> Found {
    if findings.len() < 2 {
        return findings.pop().ok_or_else(|| "the grader has no judge".into());
    }
    let graded = findings.iter().filter(|finding| finding.verdict != Verdict::Undefined);
    let passed = graded.clone().filter(|finding| finding.verdict == Verdict::Pass).count();
    let of = graded.clone().count();
    if of == 0 {
        return findings.pop().ok_or_else(|| "the grader has no judge".into());
    }
    let plain = |finding: &Finding| if finding.verdict == Verdict::Pass { 1.0 } else { 0.0 };
    let score = graded.map(|finding| finding.score.unwrap_or_else(|| plain(finding))).sum::<f64>() / of as f64;
    let facts: Vec<_> = findings.iter().map(|finding| finding.fact.as_str()).collect();
    let fact = format!("{passed} of {of} judges pass it: {}", facts.join(" | "));
    Ok(Finding { score: Some(score), ..Finding::of(2 * passed > of, fact) })
}

#[cfg(test)]
mod tests;
