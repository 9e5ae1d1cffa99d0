//! `surefoot cache`.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::json;
use surefoot_gateway::likeness::{altered, cosine, facts_agree, question_names};
use surefoot_knowledge::embed::{Embedder, Kind};
use surefoot_lab::stats::threshold::{Row, Scored, Share, lowest, table as rows_of};

use super::Place;
use crate::terminal::{say, say_json, table, tell};

/// The thresholds that are tried.
const FROM: u32 = 70;
const TO: u32 = 99;

/// Measure the semantic cache before it is turned on
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot cache calibrate answer --cases evals/alike.jsonl")]
pub(crate) struct Cache {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Calibrate(Calibrate),
}

impl Cache {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            Verb::Calibrate(verb) => verb.run().await,
        }
    }
}

/// What each threshold of a function's semantic cache would do to pairs of your questions
#[derive(Debug, Args)]
#[command(
    after_help = "A case is a line of JSON: `{\"a\": \"…\", \"b\": \"…\", \"same\": true}`, true where the answer to one \
                        answers the other. Pairs that ask for something else are made of the questions too: with \
                        another number, a negation, another name.

Examples:
  surefoot cache calibrate answer --cases evals/alike.jsonl
  surefoot cache calibrate answer --cases evals/alike.jsonl --most-false 0.01 --json"
)]
struct Calibrate {
    /// The function
    function: String,
    /// The pairs: `.jsonl`
    #[arg(long, value_name = "FILE")]
    cases: PathBuf,
    /// Most false hits that are borne, as a share of the pairs that ask for something else
    #[arg(long, value_name = "SHARE", default_value_t = 0.05)]
    most_false: f64,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    a: String,
    b: String,
    same: bool,
}

/// A pair with how it came to be.
struct Pair {
    kind: &'static str,
    scored: Scored,
}

impl Calibrate {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let (settings, house) = self.place.open().await?;
        let known = settings.project.functions.keys().cloned().collect::<Vec<_>>().join(", ");
        if !settings.project.functions.contains_key(&self.function) {
            bail!("there is no function '{}'; the project has: {known}", self.function);
        }
        let cases = self.cases()?;
        let pairs = scored(&cases, house.embedder.as_ref()).await?;
        house.close().await;
        let all: Vec<Scored> = pairs.iter().map(|pair| pair.scored).collect();
        let thresholds: Vec<f64> = (FROM..=TO).map(|percent| f64::from(percent) / 100.0).collect();
        let rows = rows_of(&all, &thresholds);
        let best = lowest(&rows, self.most_false).filter(|row| row.hits.passed > 0);
        if self.json {
            say_json(&json!({
                "function": self.function,
                "rows": rows.iter().map(told).collect::<Vec<_>>(),
                "threshold": best.map(|row| row.threshold),
            }))?;
        } else {
            self.shown(&rows, best, &pairs);
        }
        Ok(if best.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn cases(&self) -> anyhow::Result<Vec<Case>> {
        let file = self.cases.display();
        let text = std::fs::read_to_string(&self.cases).with_context(|| format!("{file} cannot be read"))?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let case = |(at, line): (usize, &str)| {
            let hint = "a case is `{\"a\": \"…\", \"b\": \"…\", \"same\": true}`";
            serde_json::from_str(line).with_context(|| format!("{file}, line {}: {hint}", at + 1))
        };
        let cases: Vec<Case> = lines.map(case).collect::<anyhow::Result<_>>()?;
        if cases.is_empty() {
            bail!("{file} has no cases");
        }
        Ok(cases)
    }

    fn shown(&self, rows: &[Row], best: Option<&Row>, pairs: &[Pair]) {
        let mut shown = table(["threshold", "hits", "95 %", "false hits", "95 %"]);
        for row in rows.iter().step_by(2) {
            let mut cells = vec![format!("{:.2}", row.threshold)];
            for share in [row.hits, row.false_hits] {
                let Share { passed, of, interval } = share;
                cells.push(format!("{:.1} % ({passed} of {of})", share.rate() * 100.0));
                cells.push(format!("{:.1} to {:.1} %", interval.low * 100.0, interval.high * 100.0));
            }
            shown.add_row(cells);
        }
        say(shown.to_string());
        let at = best.map_or(f64::from(TO) / 100.0, |row| row.threshold);
        for kind in ["yours", "number", "negation", "name"] {
            let of_kind = pairs.iter().filter(|pair| pair.kind == kind && !pair.scored.same);
            let all: Vec<&Pair> = of_kind.collect();
            let passed = all.iter().filter(|pair| pair.scored.score.is_some_and(|score| score >= at)).count();
            say(format!("false hits at {at:.2}, {kind}: {passed} of {}", all.len()));
        }
        match best {
            Some(row) => say(format!(
                "\nWrite in functions/{}/function.toml:\n\n[cache]\nsemantic = true\nthreshold = {:.2}\nshadow = true",
                self.function, row.threshold
            )),
            None => tell(format!(
                "No threshold keeps false hits surely under {} % of these pairs and still has hits: leave the semantic \
                 cache off, or give more cases.",
                self.most_false * 100.0
            )),
        }
    }
}

/// The cases and what is made of them, each with how near its two questions are.
async fn scored(cases: &[Case], embedder: &dyn Embedder) -> anyhow::Result<Vec<Pair>> {
    let names: Vec<String> = cases.iter().flat_map(|case| question_names(&case.a)).collect();
    let mut pairs: Vec<(&'static str, String, String, bool)> = Vec::new();
    for case in cases {
        pairs.push(("yours", case.a.clone(), case.b.clone(), case.same));
        let made = altered(&case.a, &names).into_iter();
        pairs.extend(made.map(|(kind, other)| (kind, case.a.clone(), other, false)));
    }
    let texts: Vec<String> = pairs.iter().flat_map(|(_, a, b, _)| [a.clone(), b.clone()]).collect();
    let vectors = embedder.embed(&texts, Kind::Passage).await?;
    let near = vectors.chunks_exact(2).map(|two| cosine(&two[0], &two[1]));
    Ok(pairs
        .iter()
        .zip(near)
        .map(|((kind, a, b, same), near)| Pair {
            kind,
            scored: Scored { score: facts_agree(a, b).then_some(near), same: *same },
        })
        .collect())
}

fn told(row: &Row) -> serde_json::Value {
    let share = |share: Share| {
        json!({
            "passed": share.passed, "of": share.of, "rate": share.rate(),
            "low": share.interval.low, "high": share.interval.high,
        })
    };
    json!({"threshold": row.threshold, "hits": share(row.hits), "false_hits": share(row.false_hits)})
}
