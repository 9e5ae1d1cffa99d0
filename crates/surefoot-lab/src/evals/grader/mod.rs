//! Graders: what scores an answer. Of four values.
//!
//! The kinds stand in one table, [`GraderSpec::KINDS`], under the names that users of promptfoo (or of
//! the tool that a kind is from) know. A new kind is a row there and a function.
//!
//! A case without the field is **undefined** for the grader. An answer that never came, an
//! expectation of the wrong kind or a broken pattern is an **error**. `not = true`, or `not-` before
//! the kind, swaps pass and fail and leaves those two as they are: what could not be graded never passes.

mod abstains;
mod answer;
mod calls;
mod command;
mod fields;
mod json;
mod judged;
mod kinds;
mod markup;
mod near;
mod set;
mod source;
mod spec;
mod sql;
mod text;
mod tools;

use std::{
    fs,
    path::{Path, PathBuf},
};

use jsonschema::Validator;
use regex::Regex;
use serde_json::Value;
use surefoot_types::{
    Fault,
    run::{Grade, Verdict},
};

pub use abstains::abstains_in_words;
pub(crate) use judged::{reply, tagged};
use kinds::How;
pub use kinds::Kind;
pub use spec::{Expect, GraderSpec, Mode, Options};

use super::{Asked, Case, Subject};
use judged::Asking;

/// A grader, ready to grade.
#[derive(Debug)]
pub struct Grader {
    spec: GraderSpec,
    ready: Ready,
    judges: Vec<String>,
    folder: PathBuf,
}

/// Whom a grader may ask, and what its questions are known by.
#[derive(Clone, Copy)]
pub struct Judging<'a> {
    /// Who is asked.
    pub subject: &'a dyn Subject,
    /// The name that its questions begin with: of one grade of one answer.
    pub mark: &'a str,
}

/// What a grader needs to know of its eval.
#[derive(Debug, Clone, Copy)]
pub struct Home<'a> {
    /// The folder that its files stand in.
    pub folder: &'a Path,
    /// Who judges where the grader names nobody.
    pub judge: Option<&'a str>,
}

/// What a fixed expectation is compiled into, once for all cases.
#[derive(Debug)]
enum Ready {
    Plain,
    Regex(Regex),
    Schema(Box<Validator>),
    Set(Vec<Grader>),
}

/// What a check looks at.
#[derive(Clone, Copy)]
struct Given<'a> {
    expected: &'a Value,
    asked: &'a Asked,
    options: &'a Options,
}

impl<'a> Given<'a> {
    /// The answer's words.
    fn said(self) -> &'a str {
        &self.asked.text
    }
}

/// A verdict, with the fact that it rests on. The fact reads the same whether or not it was wished for.
#[derive(Debug)]
struct Finding {
    verdict: Verdict,
    score: Option<f64>,
    fact: String,
    places: Option<Places>,
}

/// Which place a judge preferred in each of two orders of a pair: whether the first; `None` for a tie.
pub(super) type Places = [Option<bool>; 2];

impl Finding {
    fn of(passes: bool, fact: impl Into<String>) -> Self {
        Self {
            verdict: if passes { Verdict::Pass } else { Verdict::Fail },
            score: None,
            fact: fact.into(),
            places: None,
        }
    }

    /// Passes where `score`, from 0 to 1, reaches the threshold. What falls short by rounding alone does.
    fn scored(score: f64, threshold: f64, what: &str) -> Self {
        let fact = format!("{what} is {score:.3}, and {threshold} is asked for");
        Self { score: Some(score), ..Self::of(score >= threshold - 1e-9, fact) }
    }

    fn undefined(fact: impl Into<String>) -> Self {
        Self { verdict: Verdict::Undefined, ..Self::of(false, fact) }
    }

    fn negated(self) -> Self {
        let verdict = match self.verdict {
            Verdict::Pass => Verdict::Fail,
            Verdict::Fail => Verdict::Pass,
            other => other,
        };
        Self { verdict, score: self.score.map(|score| 1.0 - score), ..self }
    }
}

/// What a check gives: a finding, or why it could not be carried out.
type Found = Result<Finding, String>;

impl Grader {
    /// A grader of `spec`.
    ///
    /// # Errors
    /// What is wrong with its fixed expectation: a pattern or schema that cannot be used, an empty list, a
    /// file that cannot be read; or that it has no judge.
    pub fn compile(spec: &GraderSpec, home: Home<'_>) -> Result<Self, String> {
        let mut spec = spec.clone();
        if let Expect::File(file) = &spec.expect {
            let read = fs::read_to_string(home.folder.join(file));
            spec.expect = Expect::Value(read.map_err(|error| format!("`{file}` cannot be read: {error}"))?.into());
        }
        let ready = match (&spec.kind.how, &spec.expect) {
            (How::Set, _) => {
                Ready::Set(spec.members.iter().map(|member| Self::compile(member, home)).collect::<Result<_, _>>()?)
            }
            (How::Regex, Expect::Value(value)) => Ready::Regex(text::pattern(value, spec.options.ignore_case)?),
            (How::Json { .. }, Expect::Value(value)) => Ready::Schema(Box::new(json::validator(value)?)),
            (How::Check { fits, .. }, Expect::Value(value)) => fits(value).map(|()| Ready::Plain)?,
            (How::Judged(_), Expect::Value(value)) => text::fits(value).map(|()| Ready::Plain)?,
            _ => Ready::Plain,
        };
        let judges: Vec<String> = match spec.options.judges.as_slice() {
            [] => home.judge.map(str::to_owned).into_iter().collect(),
            named => named.to_vec(),
        };
        if spec.kind.how.needs_judge() && judges.is_empty() {
            return Err(format!("`{}` needs a `judge`, its own or the eval's: a model or a function", spec.name));
        }
        Ok(Self { spec, ready, judges, folder: home.folder.to_owned() })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// Grades one answer to `case`, or the fault that came instead, asking where the grader asks.
    pub async fn grade(&self, case: &Case, answer: Result<&Asked, &Fault>, judging: Judging<'_>) -> Grade {
        self.graded(case, answer, judging).await.0
    }

    /// The same, with the places that a judge of pairs preferred.
    pub(super) async fn graded(
        &self,
        case: &Case,
        answer: Result<&Asked, &Fault>,
        judging: Judging<'_>,
    ) -> (Grade, Option<Places>) {
        let asking = Asking::new(judging);
        let found = match (self.expectation(case), answer) {
            (Err(undefined), _) => Ok(undefined),
            (Ok(_), Err(fault)) => Err(format!("there is no answer: {}", fault.told())),
            (Ok(expected), Ok(asked)) => {
                self.find(case, Given { expected, asked, options: &self.spec.options }, &asking).await
            }
        };
        let finding = match found {
            Ok(finding) if self.spec.not => finding.negated(),
            Ok(finding) => finding,
            Err(why) => Finding { verdict: Verdict::Error, ..Finding::of(false, why) },
        };
        let (traces, cost) = asking.spent();
        let plain = Grade::plain(&self.spec.name, finding.verdict, finding.fact);
        (Grade { score: finding.score, traces, cost, ..plain }, finding.places)
    }

    /// What is expected of `case`, or that nothing is.
    fn expectation<'a>(&'a self, case: &'a Case) -> Result<&'a Value, Finding> {
        match &self.spec.expect {
            // A file was read when the grader was compiled.
            Expect::Nothing | Expect::File(_) => Ok(&Value::Null),
            Expect::Value(value) => Ok(value),
            Expect::Field(field) => case
                .expect
                .get(field)
                .filter(|value| !value.is_null())
                .ok_or_else(|| Finding::undefined(format!("the case has no `{field}`"))),
        }
    }

    async fn find(&self, case: &Case, given: Given<'_>, asking: &Asking<'_>) -> Found {
        match (&self.spec.kind.how, &self.ready) {
            (How::Check { find, .. }, _) => find(given),
            (How::Regex, Ready::Regex(pattern)) => Ok(text::matches(pattern, given.said())),
            (How::Regex, _) => {
                text::pattern(given.expected, given.options.ignore_case).map(|one| text::matches(&one, given.said()))
            }
            (How::Json { within }, Ready::Schema(schema)) => Ok(json::holds(Some(schema), given.said(), *within)),
            (How::Json { within }, _) if given.expected.is_null() => Ok(json::holds(None, given.said(), *within)),
            (How::Json { within }, _) => {
                json::validator(given.expected).map(|schema| json::holds(Some(&schema), given.said(), *within))
            }
            (How::Set, Ready::Set(members)) => {
                let mut grades = Vec::with_capacity(members.len());
                for (at, member) in members.iter().enumerate() {
                    let mark = format!("{}/{at}", asking.judging().mark);
                    let judging = Judging { mark: &mark, ..asking.judging() };
                    let grade = Box::pin(member.grade(case, Ok(given.asked), judging)).await;
                    asking.also(&grade);
                    grades.push((member.spec.weight, grade));
                }
                set::together(&grades, given.options.threshold)
            }
            (How::Set, _) => Err("the set was not compiled".into()),
            (How::Judged(kind), _) => judged::find(*kind, given, case, &self.judges, asking).await,
            (How::Command, _) => command::find(given, case, &self.folder).await,
        }
    }
}

/// A text short enough for a reason.
fn brief(text: &str) -> String {
    const SHOWN: usize = 120;
    let text = text.trim();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
