//! Datasets: cases in JSONL, CSV or YAML, read with all their mistakes at once.
//!
//! A case has an `input` (a question, or named fields) or `messages`, may have an `id` and a `cluster`,
//! and all its other fields are expectations for graders to look at:
//!
//! ```json
//! {"id": "port", "input": "Which port does it listen on?", "expect": "4141", "source": "start.md#Ports"}
//! {"input": {"question": "Is it free?", "tone": "short"}, "answerable": false}
//! {"messages": [{"role": "user", "content": "Hello"}], "expect": "Hello"}
//! ```
//!
//! In YAML a dataset is a list of such cases. In CSV the header names the fields; `input.question` is a field of the input; cells are text, and
//! an empty cell is an absent field.

mod csv;
mod jsonl;
mod read;
mod split;
mod yaml;

use std::{collections::BTreeSet, fmt, fs, path::Path};

use serde::Serialize;
use serde_json::{Map, Value, json};
use surefoot_types::conversation::{Message, Role};

pub use split::Split;
pub use yaml::document as yaml_document;

/// One example.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Case {
    /// Its id; the number of its line where it has none of its own.
    pub id: String,
    /// What is asked.
    pub input: CaseInput,
    /// Which cases it belongs together with: those of one document, conversation or user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// All its other fields.
    pub expect: Map<String, Value>,
}

impl Case {
    /// As a dataset has it.
    fn written(&self) -> Map<String, Value> {
        let mut fields = Map::from_iter([("id".to_owned(), Value::from(self.id.as_str()))]);
        let (name, input) = match &self.input {
            CaseInput::Text(text) => ("input", Value::from(text.as_str())),
            CaseInput::Fields(fields) => ("input", Value::Object(fields.clone())),
            CaseInput::Messages(messages) => {
                let one = |one: &Message| json!({ "role": role_name(one.role), "content": one.words() });
                ("messages", messages.iter().map(one).collect())
            }
        };
        fields.insert(name.to_owned(), input);
        fields.extend(self.cluster.as_ref().map(|cluster| ("cluster".to_owned(), Value::from(cluster.as_str()))));
        fields.extend(self.expect.clone());
        fields
    }
}

/// What a case asks.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum CaseInput {
    /// A question.
    Text(String),
    /// A function's named inputs.
    Fields(Map<String, Value>),
    /// A conversation.
    Messages(Vec<Message>),
}

impl fmt::Display for CaseInput {
    /// As people read it: the question, the fields as JSON, or one line for each message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Fields(fields) => match fields.iter().next() {
                Some((_, Value::String(only))) if fields.len() == 1 => f.write_str(only),
                _ => write!(f, "{}", Value::Object(fields.clone())),
            },
            Self::Messages(messages) => {
                let lines: Vec<_> =
                    messages.iter().map(|one| format!("{}: {}", role_name(one.role), one.words())).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

/// The names of the roles that a dataset's messages may have.
const ROLES: [(&str, Role); 3] = [("system", Role::System), ("user", Role::User), ("assistant", Role::Assistant)];

pub(super) fn role_name(role: Role) -> &'static str {
    ROLES.iter().find(|(_, known)| *known == role).map_or("tool", |(name, _)| name)
}

/// The cases of an eval, and the hash that they are known by.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    cases: Vec<Case>,
    hash: String,
}

/// One mistake in a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line it is on, from 1; absent where it is the whole file.
    pub line: Option<u64>,
    /// What is wrong.
    pub message: String,
}

/// All that is wrong with a dataset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct DatasetError {
    /// The file, as it was named.
    pub file: String,
    /// What is wrong, in the order of lines; at least one.
    pub problems: Vec<Problem>,
}

/// Problems that are printed; a file of another kind has one on each line.
const PROBLEMS_SHOWN: usize = 20;

impl fmt::Display for DatasetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().take(PROBLEMS_SHOWN).enumerate() {
            let (begin, file) = (if at == 0 { "" } else { "\n" }, &self.file);
            match problem.line {
                Some(line) => write!(f, "{begin}{file}:{line}: {}", problem.message)?,
                None => write!(f, "{begin}{file}: {}", problem.message)?,
            }
        }
        match self.problems.len().saturating_sub(PROBLEMS_SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n{}: {more} more like these", self.file),
        }
    }
}

impl Dataset {
    /// Reads a `.jsonl`, `.csv`, `.yaml` or `.yml` file.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn load(path: &Path) -> Result<Self, DatasetError> {
        let file = path.display().to_string();
        let bytes = fs::read(path).map_err(|error| DatasetError {
            file: file.clone(),
            problems: vec![Problem { line: None, message: format!("cannot be read: {error}") }],
        })?;
        Self::parse(&file, &bytes)
    }

    /// Reads the content of a file; the ending of `file` says which format it has.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, DatasetError> {
        let refuse = |problems| DatasetError { file: file.to_owned(), problems };
        read::cases(file, bytes).map(Self::of).map_err(refuse)
    }

    /// The cases, in their order.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// BLAKE3 of the cases, in hex: the same whatever the file's spacing and order of keys.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The dataset of the first `limit` cases, with a hash of its own.
    pub fn first(&self, limit: usize) -> Self {
        Self::of(self.cases.iter().take(limit).cloned().collect())
    }

    /// The dataset without the cases of these ids.
    pub(crate) fn without(&self, ids: &BTreeSet<String>) -> Self {
        Self::of(self.cases.iter().filter(|case| !ids.contains(&case.id)).cloned().collect())
    }

    /// A dataset of so many of the cases, drawn, in their order.
    pub(crate) fn drawn(&self, count: usize, rng: &mut fastrand::Rng) -> Self {
        let mut places: Vec<usize> = (0..self.cases.len()).collect();
        rng.shuffle(&mut places);
        places.truncate(count);
        places.sort_unstable();
        Self::of(places.into_iter().map(|at| self.cases[at].clone()).collect())
    }

    /// The cases as JSONL, each with its id: the same dataset when it is read again.
    pub fn to_jsonl(&self) -> String {
        self.cases.iter().map(|case| Value::Object(case.written()).to_string() + "\n").collect()
    }

    pub(super) fn of(cases: Vec<Case>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for case in &cases {
            // Plain data with text keys always has a JSON form.
            let mut canonical = serde_json::to_value(case).unwrap_or_default();
            canonical.sort_all_objects();
            hasher.update(canonical.to_string().as_bytes());
            hasher.update(b"\n");
        }
        Self { cases, hash: hasher.finalize().to_hex().to_string() }
    }
}

#[cfg(test)]
mod tests;
