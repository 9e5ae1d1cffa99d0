//! What is tried next: prompts that a model writes, and demonstrations.

use serde_json::{Value, json};
use surefoot_types::{
    Fault,
    conversation::{Message, Role},
    run::{CaseResult, Verdict},
};

use super::{Candidate, Draft, till::Till};
use crate::evals::{Ask, CaseInput, Dataset, Finished, reply, tagged};

const REFLECT: &str = include_str!("reflect.md");
const SHORTEN: &str = include_str!("shorten.md");
/// Failed cases that a model is shown at once.
const FAILURES: usize = 4;
/// Letters of a text of a case that are shown.
const LONGEST: usize = 2_000;

/// What a model is asked to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A prompt that mends failures.
    Better,
    /// A prompt of fewer words.
    Shorter,
}

/// Who writes, and under which names it is asked.
pub(super) struct Writer<'a> {
    pub(super) till: &'a Till<'a>,
    pub(super) model: &'a str,
    pub(super) prefix: &'a str,
    pub(super) about: &'a str,
}

/// A prompt as it was written.
pub(super) struct Written {
    pub(super) why: String,
    /// What became of it, or why it cannot be tried.
    pub(super) draft: Result<Draft, String>,
}

impl Writer<'_> {
    /// Asks for a prompt in place of `parent`'s. `refusal` is why the last one could not be tried.
    ///
    /// # Errors
    /// When the model gives no answer.
    pub(super) async fn write(
        &self,
        wanted: Wanted,
        parent: &Draft,
        failures: &str,
        refusal: Option<&str>,
    ) -> Result<Written, Fault> {
        let mut question = String::new();
        if !self.about.is_empty() {
            question += &tagged("function", self.about);
        }
        question += &tagged("prompt", &parent.prompt);
        if wanted == Wanted::Better {
            question += &tagged("failures", failures);
        }
        if let Some(refusal) = refusal {
            question += &format!("\nYour last prompt could not be tried: {refusal}.\n");
        }
        let system = if wanted == Wanted::Better { REFLECT } else { SHORTEN };
        let text = json!({ "type": "string" });
        let schema = json!({ "type": "object", "required": ["why", "prompt"], "properties": { "why": text, "prompt": text }, "additionalProperties": false });
        let asked = blake3::hash(question.as_bytes()).to_hex();
        let input = CaseInput::Messages(vec![Message::text(Role::System, system), Message::text(Role::User, question)]);
        let mark = Some(format!("{}/write/{}", self.prefix, &asked[..16]));
        let ask = Ask { subject: self.model.to_owned(), input, schema: Some(schema), mark, fresh: false };
        Ok(read(&self.till.ask(ask).await?.text, parent))
    }
}

fn read(said: &str, parent: &Draft) -> Written {
    let fields = reply::read(said);
    let field = |name: &str| fields.as_ref()?.get(name)?.as_str().map(str::to_owned);
    let draft = match field("prompt") {
        Some(prompt) => parent.with_prompt(&prompt),
        None => Err("it is not the JSON asked for".to_owned()),
    };
    Written { why: field("why").unwrap_or_default(), draft }
}

/// Some of the cases that failed, as a model reads them; none where none failed.
pub(super) fn failures(run: &Finished, cases: &Dataset, rng: &mut fastrand::Rng) -> Option<String> {
    let mut failed: Vec<&CaseResult> = run.cases.iter().filter(|case| case.verdict == Verdict::Fail).collect();
    rng.shuffle(&mut failed);
    failed.truncate(FAILURES);
    let expected = |id: &str| {
        let case = cases.cases().iter().find(|case| case.id == id)?;
        (!case.expect.is_empty()).then(|| Value::Object(case.expect.clone()).to_string())
    };
    let one = |case: &&CaseResult| {
        let mut text = tagged("input", cut(&case.input)) + &tagged("answer", cut(&case.output));
        if let Some(expected) = expected(&case.case_id) {
            text += &tagged("expected", cut(&expected));
        }
        let grades = case.grades.iter().filter(|grade| grade.verdict == Verdict::Fail);
        let why: Vec<String> = grades.map(|grade| format!("{}: {}", grade.grader, grade.reason)).collect();
        text + &tagged("graded", cut(&why.join("\n")))
    };
    (!failed.is_empty()).then(|| failed.iter().map(one).collect::<Vec<_>>().join("\n"))
}

/// Cases that passed, to be shown as demonstrations: at most one of each cluster, the short ones first among
/// those that are drawn. None where too few passed.
pub(super) fn examples(candidate: &Candidate, count: usize, rng: &mut fastrand::Rng) -> Option<(Vec<String>, Draft)> {
    let run = candidate.run.as_ref()?;
    let mut passed: Vec<&CaseResult> = run.cases.iter().filter(|case| case.verdict == Verdict::Pass).collect();
    rng.shuffle(&mut passed);
    let mut clusters = std::collections::BTreeSet::new();
    passed.retain(|case| case.cluster.as_ref().is_none_or(|cluster| clusters.insert(cluster.as_str())));
    passed.retain(|case| case.input.len() + case.output.len() <= LONGEST);
    passed.truncate(count);
    let shown: Vec<(&str, &str)> = passed.iter().map(|case| (case.input.as_str(), case.output.as_str())).collect();
    let draft = candidate.draft.with_examples(&shown)?;
    Some((passed.iter().map(|case| case.case_id.clone()).collect(), draft))
}

fn cut(text: &str) -> &str {
    text.char_indices().nth(LONGEST).map_or(text, |(at, _)| &text[..at])
}
