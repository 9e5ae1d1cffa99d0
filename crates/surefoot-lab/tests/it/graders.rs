//! Facts about graders from other tools' own tests: one case in, the grade out.

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use serde_json::{Map, Value};
use surefoot_lab::evals::{
    Ask, Asked, Case, CaseInput, Grader, GraderSpec, Home, Judging, Subject, ToolCalled, Vectors,
};
use surefoot_types::{
    Fault, Money,
    ids::TraceId,
    run::{Grade, Verdict},
};

/// Names that differ: where two tools mean other things by one name, ours says whose it is.
const RENAMED: [(&str, &str); 1] = [("tool-call-accuracy", "tool-call-accuracy@ragas")];

/// What is wrong with the grade of a fact; `None` where the grader is none of ours.
pub(crate) fn difference(fact: &Value) -> Option<Vec<String>> {
    let name = fact["grader"].as_str().unwrap_or_default();
    let plain = name.strip_prefix("not-").unwrap_or(name);
    let renamed = RENAMED.iter().find(|(theirs, _)| *theirs == plain).map_or(plain, |(_, ours)| ours);
    GraderSpec::KINDS.iter().find(|kind| kind.name == renamed)?;
    let grade = graded(&name.replace(plain, renamed), fact);
    let mut wrong = Vec::new();
    let expected = match (fact["expected_error"].as_bool(), fact["expected_pass"].as_bool()) {
        (Some(true), _) => Verdict::Error,
        (_, Some(true)) => Verdict::Pass,
        _ => Verdict::Fail,
    };
    if grade.verdict != expected {
        wrong.push(format!("{:?}, not {expected:?}: {}", grade.verdict, grade.reason));
    }
    if let Some(score) = fact["expected_score"].as_f64() {
        let plain = if grade.verdict == Verdict::Pass { 1.0 } else { 0.0 };
        let got = grade.score.unwrap_or(plain);
        if (got - score).abs() > fact["score_tolerance"].as_f64().unwrap_or(1e-6) {
            wrong.push(format!("a score of {got}, not {score}"));
        }
    }
    Some(wrong)
}

/// A mistake in the grader's table is what others call an error of the assertion.
fn graded(name: &str, fact: &Value) -> Grade {
    let error = |why: String| Grade::plain(name, Verdict::Error, why);
    let table = table(name, &fact["params"]);
    let spec = match GraderSpec::read(&table) {
        Ok(spec) => spec,
        Err(mistakes) => return error(mistakes[0].to_string()),
    };
    let case = Case { id: "1".into(), input: CaseInput::Text("?".into()), cluster: None, expect: Map::new() };
    let home = Home { folder: Path::new("."), judge: None };
    let embedded = Embedded::of(fact);
    match Grader::compile(&spec, home) {
        Ok(grader) => {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
            let judging = Judging { subject: &embedded, mark: "fact" };
            runtime.block_on(grader.grade(&case, Ok(&asked(fact)), judging))
        }
        Err(why) => error(why),
    }
}

/// The vectors that a fact gives for answer and reference; answers nothing.
struct Embedded(Vec<Vec<f64>>);

impl Embedded {
    fn of(fact: &Value) -> Self {
        let vector =
            |value: &Value| -> Vec<f64> { value.as_array().into_iter().flatten().filter_map(Value::as_f64).collect() };
        Self(vec![vector(&fact["context"]["embedding_output"]), vector(&fact["params"]["embedding_value"])])
    }
}

#[async_trait]
impl Subject for Embedded {
    async fn ask(&self, _: Ask) -> Result<Asked, Fault> {
        Err(Fault::internal("no fact asks"))
    }

    async fn embed(&self, _: &str, _: &[String]) -> Result<Vectors, Fault> {
        Ok(Vectors { vectors: self.0.clone(), trace_id: TraceId::from_bits(1), cost: None })
    }
}

/// Their parameters as our options.
fn table(name: &str, params: &Value) -> Map<String, Value> {
    let mut table = Map::from_iter([("kind".to_owned(), Value::from(name))]);
    for (name, value) in params.as_object().into_iter().flatten() {
        let (name, value) = match name.as_str() {
            "tools" | "functions" => ("value", value.clone()),
            "embedding_value" => ("value", "reference".into()),
            "assert" => ("assert", value.as_array().into_iter().flatten().map(member).collect()),
            other => (other, value.clone()),
        };
        table.insert(name.to_owned(), value);
    }
    table
}

fn member(theirs: &Value) -> Value {
    let mut params = theirs.clone();
    let kind = params.as_object_mut().and_then(|all| all.remove("type")).unwrap_or_default();
    Value::Object(table(kind.as_str().unwrap_or_default(), &params))
}

fn asked(fact: &Value) -> Asked {
    let context = &fact["context"];
    let tool = |call: &Value| ToolCalled {
        name: call["name"].as_str().unwrap_or_default().into(),
        arguments: call["args"].to_string(),
    };
    let latency = context["latency_ms"].as_f64();
    Asked {
        text: fact["output"].as_str().map_or_else(|| fact["output"].to_string(), str::to_owned),
        citations: Vec::new(),
        contexts: Vec::new(),
        trace_id: TraceId::from_bits(1),
        cost: context["cost_usd"].as_f64().map(|dollars| Money::nanos((dollars * 1e9).round() as i64)),
        took: Duration::from_secs_f64(latency.unwrap_or(0.0) / 1e3),
        tools: context["tool_calls"].as_array().into_iter().flatten().map(tool).collect(),
        finish: context["finish_reason"].as_str().unwrap_or("stop").into(),
        cached: latency.is_none(),
        abstained: None,
    }
}

#[test]
fn facts_of_other_tools() {
    for line in include_str!("../vectors/graders.jsonl").lines() {
        let fact: Value = serde_json::from_str(line).unwrap();
        let wrong = difference(&fact).unwrap_or_else(|| vec!["has no grader".into()]);
        assert!(wrong.is_empty(), "{} {}: {}", fact["id"], fact["grader"], wrong.join("; "));
    }
}
