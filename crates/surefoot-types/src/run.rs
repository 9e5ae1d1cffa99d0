//! Eval runs, as the lab writes them and the console shows them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{RunId, TraceId},
    money::Money,
};

/// What a grader says. An error is not a failure, and undefined is neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As expected.
    Pass,
    /// Not as expected.
    Fail,
    /// The grader, or the call that it grades, could not be carried out.
    Error,
    /// The grader does not apply to this case.
    Undefined,
}

/// One grader's verdict on one case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grade {
    /// The grader's name.
    pub grader: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// Why, in a sentence.
    pub reason: String,
    /// How far, from 0 to 1, where the grader measures that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The traces of the requests that it made to a judge.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traces: Vec<TraceId>,
    /// What those cost; absent when it made none, or when a price is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Money>,
}

impl Grade {
    /// A grade that measures nothing and asked nobody.
    pub fn plain(grader: impl Into<String>, verdict: Verdict, reason: impl Into<String>) -> Self {
        Self { grader: grader.into(), verdict, reason: reason.into(), score: None, traces: Vec::new(), cost: None }
    }
}

/// One case of a run, with its answer and grades.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseResult {
    /// The case's id in its dataset.
    pub case_id: String,
    /// Which answer to the case this is, from 0.
    #[serde(default, skip_serializing_if = "is_first")]
    pub repeat: u64,
    /// Which cases it belongs together with, where the dataset says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// What was asked.
    pub input: String,
    /// What came back.
    pub output: String,
    /// The request's trace.
    pub trace_id: Option<TraceId>,
    /// The case's verdict: error over fail over pass; undefined if every grader was.
    pub verdict: Verdict,
    /// Each grader's.
    pub grades: Vec<Grade>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// What it cost; absent when a price is unknown.
    pub cost: Option<Money>,
}

/// A proportion with its interval. Where cases were answered several times or belong together, the value
/// is the mean over them, and the interval knows that they are fewer than the answers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// Answers that passed.
    pub passed: u64,
    /// Answers that passed or failed.
    pub of: u64,
    /// The share that passed; absent when `of` is 0.
    pub value: Option<f64>,
    /// Lower end of the 95 % interval: Wilson's, of the effective number of cases where some belong together.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// One grader's row in a run's table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GraderSummary {
    /// The grader's name.
    pub grader: String,
    /// Its pass rate.
    pub rate: Rate,
    /// Cases in which it could not be carried out.
    pub errors: u64,
    /// Cases to which it does not apply.
    pub undefined: u64,
}

/// One execution of an eval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The eval's name.
    pub eval: String,
    /// What was asked: a function, `function@variant` or a model.
    pub subject: String,
    /// BLAKE3 of the dataset's cases, in hex.
    pub dataset: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; absent while it runs or if it was cut off.
    pub finished: Option<Timestamp>,
    /// Cases in the dataset.
    pub cases: u64,
    /// All graders together: a case passes when every grader that applies does.
    pub overall: Rate,
    /// Cases that ended in an error.
    pub errors: u64,
    /// Each grader.
    pub graders: Vec<GraderSummary>,
    /// What it cost; absent when a price is unknown.
    pub cost: Option<Money>,
    /// Why the gate is open or shut, if there is one: `(open, reason)`.
    pub gate: Option<Gate>,
    /// Answers to each case.
    #[serde(default = "once")]
    pub repeats: u64,
    /// BLAKE3 of the graders as they graded, in hex.
    #[serde(default)]
    pub graded_by: String,
    /// Why it ended before all was asked; absent where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
}

fn once() -> u64 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_first(repeat: &u64) -> bool {
    *repeat == 0
}

/// The verdict of a run's gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Whether the build may go on.
    pub open: bool,
    /// Why, in a sentence.
    pub reason: String,
}
