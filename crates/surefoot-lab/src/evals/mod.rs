//! Evals: graders over the answers to a dataset's cases, and a gate that a build can fail by.
//!
//! Read [`Eval`] first, then [`run`].

pub mod calibrate;
pub mod compare;
pub mod dataset;
pub mod gate;
pub mod grader;
pub mod harvest;
pub mod import;
mod junit;
mod plan;
mod purse;
pub mod redteam;
pub mod report;
pub mod results;
mod resume;
mod runner;
#[cfg(test)]
pub(crate) mod sample;
mod subject;
mod tally;
pub mod tuning;

use std::{collections::BTreeMap, fmt, path::PathBuf};

pub use compare::{Compared, Comparison, Measure, Settled, adjust, compare};
pub use dataset::{Case, CaseInput, Dataset, DatasetError, yaml_document};
pub use gate::{Decided, Decision, GateSpec, settle};
pub use grader::{Grader, GraderSpec, Home, Judging};
pub(crate) use grader::{reply, tagged};
pub use junit::junit;
pub use plan::{Plan, plan};
pub use resume::unfinished;
pub(crate) use runner::run_graded;
pub use runner::{Bench, Finished, Options, Progress, RunError, run};
pub use subject::{Ask, Asked, Subject, ToolCalled, Vectors};

/// An eval, as its file describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Eval {
    /// Its name: that of its file.
    pub name: String,
    /// What is asked: a function, `function@variant` or a model.
    pub subject: String,
    /// The folder that it stands in.
    pub folder: PathBuf,
    /// The file of its cases: `.jsonl`, `.csv` or `.yaml`.
    pub dataset: PathBuf,
    /// Who judges, for graders that ask a model and do not name another: a model or a function.
    pub judge: Option<String>,
    /// What scores the answers; at least one.
    pub graders: Vec<GraderSpec>,
    /// What the scores must reach.
    pub gate: Option<GateSpec>,
}

/// Something in an eval that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Which grader, from 0; absent where the mistake is not in a grader.
    pub grader: Option<usize>,
    /// The option at fault; absent where it is the whole.
    pub option: Option<String>,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Mistake {
    /// A mistake in `option`.
    fn in_option(option: &str, message: impl Into<String>) -> Self {
        Self { grader: None, option: Some(option.to_owned()), message: message.into() }
    }

    /// A mistake in the whole.
    fn whole(message: impl Into<String>) -> Self {
        Self { grader: None, option: None, message: message.into() }
    }

    fn of_grader(self, grader: usize) -> Self {
        Self { grader: Some(grader), ..self }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(grader) = self.grader {
            write!(f, "grader {}: ", grader + 1)?;
        }
        f.write_str(&self.message)
    }
}

impl Eval {
    /// The graders, ready to grade.
    ///
    /// # Errors
    /// All that is wrong with them: none at all, two of one name, a broken pattern or schema.
    pub fn compile(&self) -> Result<Vec<Grader>, Vec<Mistake>> {
        let home = self.home();
        let mut mistakes = Vec::new();
        if self.graders.is_empty() {
            mistakes.push(Mistake::whole("an eval needs at least one grader"));
        }
        let mut names = BTreeMap::new();
        let mut graders = Vec::new();
        for (at, spec) in self.graders.iter().enumerate() {
            if let Some(first) = names.insert(spec.name.as_str(), at) {
                let message = format!("grader {} is named `{}` too: give one of them a `name`", first + 1, spec.name);
                mistakes.push(Mistake::in_option("name", message).of_grader(at));
            }
            match Grader::compile(spec, home) {
                Ok(grader) => graders.push(grader),
                Err(message) => mistakes.push(Mistake::in_option("value", message).of_grader(at)),
            }
        }
        if mistakes.is_empty() { Ok(graders) } else { Err(mistakes) }
    }

    /// What its graders need to know of it.
    pub fn home(&self) -> Home<'_> {
        Home { folder: &self.folder, judge: self.judge.as_deref() }
    }

    /// BLAKE3 of its graders as they are written, files and judge included, in hex: runs of one hash were
    /// graded alike.
    pub fn graded_by(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(format!("{:?}", self.judge).as_bytes());
        for spec in &self.graders {
            spec.fingerprint(&self.folder, &mut hasher);
        }
        hasher.finalize().to_hex().to_string()
    }

    /// Graders that look at a field which no case of `dataset` has: they would grade nothing, and
    /// a misspelt field would pass unseen.
    pub fn mistakes_with(&self, dataset: &Dataset) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        for (at, spec) in self.graders.iter().enumerate() {
            let missing = spec
                .fields()
                .into_iter()
                .filter(|field| !dataset.cases().iter().any(|case| case.expect.contains_key(*field)));
            mistakes.extend(missing.map(|field| {
                let message = format!("`{}` looks at the field `{field}`, which no case has", spec.name);
                Mistake::in_option("field", message).of_grader(at)
            }));
        }
        mistakes
    }
}
