//! An answer beside another: an expert's facts, and which of two is better.

use serde_json::{Value, json};

use super::{Matter, reply, tagged};
use crate::evals::grader::{Finding, Found, text};

/// What each choice is worth, as autoevals has it.
const CHOICES: [(&str, f64, &str); 5] = [
    ("A", 0.4, "a subset of the expert's facts"),
    ("B", 0.6, "a superset of the expert's facts"),
    ("C", 1.0, "the expert's facts"),
    ("D", 0.0, "facts that disagree with the expert's"),
    ("E", 1.0, "facts that differ from the expert's in nothing that matters"),
];

/// The facts of an answer beside an expert's, scored as autoevals' factuality.
pub(super) async fn factuality(matter: Matter<'_>) -> Found {
    let expert = text::list(matter.given.expected)?.join("\n");
    let user = format!(
        "{}{}{}",
        tagged("question", &matter.question()),
        tagged("expert", &expert),
        tagged("answer", matter.given.said())
    );
    let names: Vec<_> = CHOICES.iter().map(|(name, ..)| *name).collect();
    let fields = json!({ "reason": { "type": "string" }, "choice": { "type": "string", "enum": names } });
    let reply = matter.ask(include_str!("prompts/factuality.md"), user, fields).await?;
    let (_, score, told) = reply::field(&reply, "choice", |value| {
        let choice = value.as_str()?;
        CHOICES.iter().find(|(name, ..)| *name == choice)
    })?;
    let finding = Finding::scored(*score, matter.threshold(), "the score");
    Ok(Finding { fact: format!("{told}: {}", reply::reason(&reply)), ..finding })
}

/// Which of two answers a judge prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Better {
    First,
    Second,
    Tie,
}

/// The answer against another one, asked in both orders: 1 where it wins in both, 0 where it loses in
/// both, and half where the judge sees no difference or changes its mind with the order. It passes from
/// half on: it is no worse.
pub(super) async fn pairwise(matter: Matter<'_>) -> Found {
    let other = text::list(matter.given.expected)?.join("\n");
    let said = matter.given.said();
    let (here, why) = better(matter, said, &other).await?;
    let (there, _) = better(matter, &other, said).await?;
    let (score, told) = match (here, there) {
        (Better::First, Better::Second) => (1.0, "better in both orders"),
        (Better::Second, Better::First) => (0.0, "worse in both orders"),
        (Better::Tie, Better::Tie) => (0.5, "as good in both orders"),
        (Better::First, Better::First) | (Better::Second, Better::Second) => {
            (0.5, "undecided: the judge prefers a place, not an answer")
        }
        (Better::Tie, _) | (_, Better::Tie) => (0.5, "undecided: the judge changes its mind with the order"),
    };
    let place = |better: Better| match better {
        Better::First => Some(true),
        Better::Second => Some(false),
        Better::Tie => None,
    };
    let finding = Finding::scored(score, matter.threshold(), "the score");
    Ok(Finding { fact: format!("{told}: {why}"), places: Some([place(here), place(there)]), ..finding })
}

async fn better(matter: Matter<'_>, first: &str, second: &str) -> Result<(Better, String), String> {
    let rubric =
        matter.given.options.criterion.as_ref().map_or_else(String::new, |rubric| format!(", by this: {rubric}"));
    let system = include_str!("prompts/pairwise.md").replace("{rubric}", &rubric);
    let user =
        format!("{}{}{}", tagged("question", &matter.question()), tagged("first", first), tagged("second", second));
    let places = ["first", "second", "tie"];
    let fields = json!({ "reason": { "type": "string" }, "better": { "type": "string", "enum": places } });
    let reply = matter.ask(&system, user, fields).await?;
    let better = reply::field(&reply, "better", |value| match Value::as_str(value)? {
        "first" => Some(Better::First),
        "second" => Some(Better::Second),
        "tie" => Some(Better::Tie),
        _ => None,
    })?;
    Ok((better, reply::reason(&reply)))
}
