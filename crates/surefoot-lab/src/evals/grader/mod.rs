//! Graders: what scores an answer. Pure, deterministic, and of four values.
//!
//! | kind | passes when | expectation |
//! |---|---|---|
//! | `contains` | the answer holds the text, or all (`mode = "any"`: one) of a list of texts | `value` or `field` |
//! | `regex` | the pattern is found in the answer | `value` or `field` |
//! | `equals` | the answer is the expected one, white space at its ends aside; JSON is compared as JSON | `value` or `field` |
//! | `json_schema` | the whole answer is JSON that fits the schema; JSON in a code fence is not | `value` or `field` |
//! | `cites_source` | a citation that holds is from `path` or `path#heading`, for all (`mode = "any"`: one) of a list | `value` or `field`, by itself `source` |
//! | `abstains` | the answer abstains where the case says `false`, and does not where it says `true` | `field`, by itself `answerable` |
//!
//! A case without the field is **undefined** for the grader. An answer that never came, an
//! expectation of the wrong kind or a broken pattern is an **error**. `not = true` swaps pass and fail
//! and leaves those two as they are: what could not be graded never passes.

mod abstains;
mod schema;
mod source;
mod spec;
mod text;

use jsonschema::Validator;
use regex::Regex;
use serde_json::Value;
use surefoot_types::{
    Fault,
    run::{Grade, Verdict},
};

pub use abstains::abstains_in_words;
pub use spec::{Check, Expect, GraderSpec, Kind, Mode};

use super::{Asked, Case};

/// A grader, ready to grade.
#[derive(Debug)]
pub struct Grader {
    spec: GraderSpec,
    ready: Ready,
}

/// What a fixed expectation is compiled into, once for all cases.
#[derive(Debug)]
enum Ready {
    Plain,
    Regex(Regex),
    Schema(Box<Validator>),
}

/// A verdict, with the fact that it rests on. The fact reads the same whether or not it was wished for.
#[derive(Debug)]
struct Finding {
    verdict: Verdict,
    fact: String,
}

impl Finding {
    fn of(passes: bool, fact: impl Into<String>) -> Self {
        Self { verdict: if passes { Verdict::Pass } else { Verdict::Fail }, fact: fact.into() }
    }

    fn undefined(fact: impl Into<String>) -> Self {
        Self { verdict: Verdict::Undefined, fact: fact.into() }
    }

    fn negated(self) -> Self {
        let verdict = match self.verdict {
            Verdict::Pass => Verdict::Fail,
            Verdict::Fail => Verdict::Pass,
            other => other,
        };
        Self { verdict, ..self }
    }
}

/// What a check gives: a finding, or why it could not be carried out.
type Found = Result<Finding, String>;

impl Grader {
    /// A grader of `spec`.
    ///
    /// # Errors
    /// What is wrong with its fixed expectation: a pattern or schema that cannot be used, an empty list.
    pub fn compile(spec: &GraderSpec) -> Result<Self, String> {
        let spec = spec.clone();
        let ready = match (&spec.expect, &spec.check) {
            (Expect::Value(value), Check::Regex { ignore_case }) => Ready::Regex(text::pattern(value, *ignore_case)?),
            (Expect::Value(value), Check::JsonSchema) => Ready::Schema(Box::new(schema::validator(value)?)),
            (Expect::Value(value), Check::Contains { .. } | Check::CitesSource { .. }) => {
                if text::list(value)?.is_empty() {
                    return Err("the list of expected values is empty".into());
                }
                Ready::Plain
            }
            (Expect::Field(_), _) | (Expect::Value(_), Check::Equals { .. }) => Ready::Plain,
            (Expect::Value(value), Check::Abstains) => abstains::answerable(value).map(|_| Ready::Plain)?,
        };
        Ok(Self { spec, ready })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// Grades one answer to `case`, or the fault that came instead.
    pub fn grade(&self, case: &Case, answer: Result<&Asked, &Fault>) -> Grade {
        let found = match (self.expectation(case), answer) {
            (Err(undefined), _) => Ok(undefined),
            (Ok(_), Err(fault)) => Err(format!("there is no answer: {}", fault.told())),
            (Ok(expected), Ok(asked)) => self.find(expected, asked),
        };
        let finding = match found {
            Ok(finding) if self.spec.not => finding.negated(),
            Ok(finding) => finding,
            Err(why) => Finding { verdict: Verdict::Error, fact: why },
        };
        Grade { grader: self.spec.name.clone(), verdict: finding.verdict, reason: finding.fact }
    }

    /// What is expected of `case`, or that nothing is.
    fn expectation<'a>(&'a self, case: &'a Case) -> Result<&'a Value, Finding> {
        match &self.spec.expect {
            Expect::Value(value) => Ok(value),
            Expect::Field(field) => case
                .expect
                .get(field)
                .filter(|value| !value.is_null())
                .ok_or_else(|| Finding::undefined(format!("the case has no `{field}`"))),
        }
    }

    fn find(&self, expected: &Value, asked: &Asked) -> Found {
        let said = asked.text.as_str();
        match (&self.spec.check, &self.ready) {
            (Check::Contains { mode, ignore_case }, _) => text::contains(expected, said, *mode, *ignore_case),
            (Check::Regex { .. }, Ready::Regex(pattern)) => Ok(text::matches(pattern, said)),
            (Check::Regex { ignore_case }, _) => {
                text::pattern(expected, *ignore_case).map(|pattern| text::matches(&pattern, said))
            }
            (Check::Equals { ignore_case }, _) => Ok(text::equals(expected, said, *ignore_case)),
            (Check::JsonSchema, Ready::Schema(validator)) => Ok(schema::fits(validator, said)),
            (Check::JsonSchema, _) => schema::validator(expected).map(|validator| schema::fits(&validator, said)),
            (Check::CitesSource { mode }, _) => source::cites(expected, &asked.citations, *mode),
            (Check::Abstains, _) => abstains::as_expected(expected, asked),
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
