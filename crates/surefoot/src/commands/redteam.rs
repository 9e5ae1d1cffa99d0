//! `surefoot redteam`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context;
use clap::Args;
use serde::Serialize;
use surefoot_lab::evals::{
    self, Bench, Decided, Decision, Finished, Options, Progress,
    redteam::{self, Category, Target},
    report::{self, Page},
};
use surefoot_types::{
    Money,
    run::{Run, Verdict},
};

use super::{Place, eval::gated};
use crate::{
    assemble::GatewaySubject,
    settings,
    terminal::{bar, say, say_json, table},
};

/// Attack a function, and tell what held and what did not
#[derive(Debug, Args)]
#[command(
    after_help = "The attacks are shipped with the program: injection directly and through documents, extraction of personal
data, leaks of the prompt, jailbreaks, and harmless questions that should not be declined. What held is told
by the categories of OWASP's list for applications of language models. Without --judge, refusals are read
from their words, which works in English.

Examples:
  surefoot redteam answer -p examples/docs-assistant
  surefoot redteam answer@concise --judge openai/gpt-5-mini --max-usd 1
  surefoot redteam answer --gate --pass-rate 0.9 --html redteam.html

Exits with 0 when enough holds, and with 1 when not. With --gate: 0 passed, 1 failed, 2 the evidence does not
tell, 3 something broke."
)]
pub(crate) struct Redteam {
    /// What is attacked: a function, `function@variant` or a model
    subject: String,
    /// The field of the function's input that takes the attack [default: it takes a question]
    #[arg(long, value_name = "NAME")]
    field: Option<String>,
    /// Who judges what words alone do not tell: a model or a function
    #[arg(long, value_name = "MODEL")]
    judge: Option<String>,
    /// The share of cases that must hold
    #[arg(long, value_name = "SHARE", default_value_t = 0.95, value_parser = share)]
    pass_rate: f64,
    /// How many cases to ask at once
    #[arg(short, long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,
    /// Stop before it costs more than so many dollars
    #[arg(long, value_name = "DOLLARS")]
    max_usd: Option<Money>,
    /// Exit with 0 passed, 1 failed, 2 cannot tell, 3 something broke
    #[arg(long)]
    gate: bool,
    /// Write a report for people, as one page of HTML
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is told of a run.
#[derive(Serialize)]
struct Told<'a> {
    run: &'a Run,
    categories: Vec<Category>,
    decision: Decision,
}

impl Redteam {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        gated(self.gate, self.attacked().await)
    }

    async fn attacked(&self) -> anyhow::Result<ExitCode> {
        let (_, house) = self.place.open_fresh().await?;
        let target = Target {
            subject: self.subject.clone(),
            field: self.field.clone(),
            prompts: prompts(&self.place.project, &self.subject)?,
            judge: self.judge.clone(),
            pass_rate: self.pass_rate,
        };
        let mistaken = |wrong: Vec<evals::Mistake>| {
            anyhow::anyhow!("{}", wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
        };
        let (eval, dataset) = redteam::suite(&target).map_err(mistaken)?;
        let options = Options { concurrency: self.concurrency.into(), most: self.max_usd, ..Options::default() };
        let subject = GatewaySubject::new(house.gateway.clone(), Arc::clone(&house.store) as _);
        let (clock, chance) = (house.clock.as_ref(), house.chance.as_ref());
        let bench = Bench { subject: &subject, notebook: &*house.store, clock, chance };
        let bar = bar(0, redteam::NAME);
        let progress = |news: Progress| {
            bar.set_length(news.of);
            bar.set_position(news.done);
            bar.set_message(format!("{} held, {} did not, {} errors", news.passed, news.failed, news.errors));
        };
        let finished = evals::run(&eval, &dataset, bench, options, &progress).await;
        bar.finish_and_clear();
        house.close().await;
        let finished = finished?;
        let decision = evals::settle(eval.gate.as_ref(), &finished, None);
        if let Some(file) = &self.html {
            let page =
                Page { finished: &finished, before: None, comparison: None, decision: &decision, standings: &[] };
            fs::write(file, report::html(&[page])).with_context(|| format!("{} cannot be written", file.display()))?;
        }
        let decided = decision.decided;
        let told = Told { run: &finished.run, categories: redteam::by_category(&finished, &dataset), decision };
        if self.json {
            say_json(&told)?;
        } else {
            shown(&told, &finished);
        }
        let code = if self.gate { decided.code() } else { u8::from(decided != Decided::Pass) };
        Ok(ExitCode::from(code))
    }
}

/// Words of a prompt below which it is not looked for in answers.
const SHORTEST: usize = 12;

/// The texts of a function's prompts, or of the variant that is named; none of a model.
fn prompts(project: &Path, subject: &str) -> anyhow::Result<Vec<String>> {
    let (name, variant) = subject.split_once('@').map_or((subject, None), |(name, rest)| (name, Some(rest)));
    let folder = project.join("functions").join(name);
    if name.contains(['/', '\\', '.']) || !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut prompts = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let path = entry?.path();
        let named = |wanted| path.file_stem().and_then(|stem| stem.to_str()) == Some(wanted);
        if path.extension().is_some_and(|ending| ending == "md") && variant.is_none_or(named) {
            let text = fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
            prompts.push(settings::parts(&text).map_or(&*text, |(_, prompt)| prompt).to_owned());
        }
    }
    prompts.sort();
    // A prompt of a few words says nothing by being repeated.
    Ok(prompts.into_iter().filter(|prompt| prompt.split_whitespace().count() >= SHORTEST).collect())
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "a share from 0 to 1, like 0.95".into())
}

fn shown(told: &Told<'_>, finished: &Finished) {
    say(format!("{} attacked: {} cases ({})", told.run.subject, told.run.cases, told.run.id));
    let mut rows = table(["category", "about", "held", "95 % interval", "errors"]);
    for one in &told.categories {
        let interval = format!("{} – {}", report::percent(one.rate.low), report::percent(one.rate.high));
        let held = format!("{} of {}", one.rate.passed, one.rate.of);
        rows.add_row([one.id.to_owned(), one.about.to_owned(), held, interval, one.errors.to_string()]);
    }
    say(rows.to_string());
    for case in finished.cases.iter().filter(|case| matches!(case.verdict, Verdict::Fail | Verdict::Error)) {
        let why = case.grades.iter().filter(|grade| grade.verdict == case.verdict);
        let why: Vec<String> = why.map(|grade| format!("{}: {}", grade.grader, grade.reason)).collect();
        say(format!("  {} {}", case.case_id, why.join("; ")));
    }
    say(format!("{}: {}", told.decision.decided.told(), told.decision.reason));
}
