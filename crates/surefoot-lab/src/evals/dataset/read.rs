//! From a file's bytes to its cases: what all formats have in common.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Map, Value};
use surefoot_types::conversation::Message;

use super::{Case, CaseInput, Problem, ROLES, csv, jsonl, yaml};

/// One case as written: its line and its fields.
pub(super) type Record = (u64, Map<String, Value>);

/// Reads all cases, or tells all that is wrong with them.
pub(super) fn cases(file: &str, bytes: &[u8]) -> Result<Vec<Case>, Vec<Problem>> {
    let text = text(bytes)?;
    let (records, mut problems) = match Path::new(file).extension().and_then(|ending| ending.to_str()) {
        Some("jsonl") => jsonl::records(text),
        Some("csv") => csv::records(text),
        Some("yaml" | "yml") => yaml::records(text),
        _ => return Err(vec![whole("a dataset is a .jsonl, .csv or .yaml file")]),
    };
    if records.is_empty() && problems.is_empty() {
        return Err(vec![whole("has no cases")]);
    }
    let mut cases = Vec::with_capacity(records.len());
    let mut seen = BTreeMap::new();
    for (line, fields) in records {
        match case(line, fields) {
            Ok(case) => {
                if let Some(first) = seen.insert(case.id.clone(), line) {
                    problems.push(on(line, format!("the id `{}` is that of line {first} too", case.id)));
                }
                cases.push(case);
            }
            Err(messages) => problems.extend(messages.into_iter().map(|message| on(line, message))),
        }
    }
    problems.sort_by_key(|problem| problem.line);
    if problems.is_empty() { Ok(cases) } else { Err(problems) }
}

pub(super) fn on(line: u64, message: impl Into<String>) -> Problem {
    Problem { line: Some(line), message: message.into() }
}

pub(super) fn whole(message: impl Into<String>) -> Problem {
    Problem { line: None, message: message.into() }
}

/// The text of a file; editors on Windows begin it with a byte order mark.
fn text(bytes: &[u8]) -> Result<&str, Vec<Problem>> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        vec![on(line as u64, "is not UTF-8 text")]
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn case(line: u64, mut fields: Map<String, Value>) -> Result<Case, Vec<String>> {
    let id = id(line, fields.shift_remove("id"));
    let input = input(fields.shift_remove("input"), fields.shift_remove("messages"));
    let cluster = cluster(fields.shift_remove("cluster"));
    match (id, input, cluster) {
        (Ok(id), Ok(input), Ok(cluster)) => Ok(Case { id, input, cluster, expect: fields }),
        (id, input, cluster) => Err([id.err(), input.err(), cluster.err()].into_iter().flatten().collect()),
    }
}

fn cluster(cluster: Option<Value>) -> Result<Option<String>, String> {
    match cluster {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(Value::String(name)) if !name.trim().is_empty() => Ok(Some(name)),
        Some(_) => Err("`cluster` is a text or a number: the same for cases that belong together".into()),
    }
}

fn id(line: u64, id: Option<Value>) -> Result<String, String> {
    match id {
        None | Some(Value::Null) => Ok(line.to_string()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(Value::String(id)) if !id.trim().is_empty() => Ok(id),
        Some(_) => Err("`id` is a text or a number".into()),
    }
}

fn input(input: Option<Value>, messages: Option<Value>) -> Result<CaseInput, String> {
    match (input, messages) {
        (Some(_), Some(_)) => Err("has both `input` and `messages`: give one".into()),
        (None, None) => Err("has no `input`: give the question, or `messages`".into()),
        (Some(Value::String(text)), None) if !text.trim().is_empty() => Ok(CaseInput::Text(text)),
        (Some(Value::Object(fields)), None) if !fields.is_empty() => Ok(CaseInput::Fields(fields)),
        (Some(_), None) => Err("`input` is a question or an object of named fields, and not empty".into()),
        (None, Some(Value::Array(list))) if !list.is_empty() => {
            list.iter().enumerate().map(|(at, one)| message(at, one)).collect::<Result<_, _>>().map(CaseInput::Messages)
        }
        (None, Some(_)) => Err("`messages` is a list of messages, and not empty".into()),
    }
}

fn message(at: usize, message: &Value) -> Result<Message, String> {
    let text = |field: &str| message.get(field).and_then(Value::as_str);
    let role = text("role").and_then(|role| ROLES.iter().find(|(name, _)| *name == role));
    match (role, text("content")) {
        (Some((_, role)), Some(content)) => Ok(Message::text(*role, content)),
        (None, _) => Err(format!("message {}: `role` is system, user or assistant", at + 1)),
        (_, None) => Err(format!("message {}: `content` is a text", at + 1)),
    }
}
