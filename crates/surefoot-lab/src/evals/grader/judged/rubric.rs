//! Rubrics in English: yes or no, or on a scale.

use serde_json::{Value, json};

use super::{Matter, reply, tagged};
use crate::evals::grader::{Finding, Found, text};

const PROMPT: &str = include_str!("prompts/rubric.md");

/// What a judge replies where nothing is said of a scale.
const BINARY: &str = r#"{"reason": "…", "pass": true}, with true or false."#;

/// Does the answer meet the rubric?
pub(super) async fn find(matter: Matter<'_>) -> Found {
    let rubric = text::list(matter.given.expected)?.join("\n");
    graded(matter, &rubric).await
}

/// Does the answer meet a criterion, as openai/evals' closed QA asks: yes or no.
pub(super) async fn closed(matter: Matter<'_>) -> Found {
    let criterion = text::list(matter.given.expected)?.join("\n");
    graded(matter, &format!("The answer meets this criterion: {criterion}")).await
}

async fn graded(matter: Matter<'_>, rubric: &str) -> Found {
    let scale = matter.given.options.scale;
    let asked_for = scale.map_or_else(
        || BINARY.to_owned(),
        |most| format!(r#"{{"reason": "…", "score": 1}}, with a whole number from 1 (worst) to {most} (best)."#),
    );
    let system = PROMPT.replace("{rubric}", rubric).replace("{reply}", &asked_for);
    let user = format!("{}{}", tagged("question", &matter.question()), tagged("answer", matter.given.said()));
    let decision = match scale {
        None => json!({ "reason": { "type": "string" }, "pass": { "type": "boolean" } }),
        Some(most) => json!({
            "reason": { "type": "string" },
            "score": { "type": "integer", "enum": (1..=most).collect::<Vec<_>>() },
        }),
    };
    let reply = matter.ask(&system, user, decision).await?;
    let why = reply::reason(&reply);
    let Some(most) = scale else {
        let passes = reply::field(&reply, "pass", Value::as_bool)?;
        return Ok(Finding { score: Some(f64::from(u8::from(passes))), ..Finding::of(passes, why) });
    };
    let points = reply::field(&reply, "score", |value| value.as_u64().filter(|points| (1..=most).contains(points)))?;
    let score = (points - 1) as f64 / (most - 1) as f64;
    let finding = Finding::scored(score, matter.threshold(), "the score");
    Ok(Finding { fact: format!("{points} of {most}: {why}"), ..finding })
}
