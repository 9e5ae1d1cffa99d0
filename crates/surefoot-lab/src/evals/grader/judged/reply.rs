//! A judge's reply, read strictly.

use serde_json::{Map, Value};

use crate::evals::grader::brief;

/// The object that a reply is, as a judge's.
pub(super) fn object(reply: &str) -> Result<Map<String, Value>, String> {
    read(reply).ok_or_else(|| format!("the judge's reply is not the JSON asked for: `{}`", brief(reply)))
}

/// The object that a reply is. A fence around it is let pass; words around it are not.
pub(crate) fn read(reply: &str) -> Option<Map<String, Value>> {
    let bare = reply.trim();
    let inner = bare.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    let inner = inner.map_or(bare, |inner| inner.strip_prefix("json").unwrap_or(inner).trim());
    serde_json::from_str(inner).ok()
}

/// A field of a reply, as `read` takes it.
pub(super) fn field<T>(
    reply: &Map<String, Value>,
    name: &str,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<T, String> {
    let wrong = || {
        let all = Value::Object(reply.clone()).to_string();
        format!("the judge's reply has no `{name}` as asked for: `{}`", brief(&all))
    };
    reply.get(name).and_then(read).ok_or_else(wrong)
}

/// Why, in the judge's words.
pub(super) fn reason(reply: &Map<String, Value>) -> String {
    reply.get("reason").and_then(Value::as_str).map_or_else(|| "the judge gives no reason".into(), brief)
}

/// A list of texts, none of them empty.
pub(super) fn texts(reply: &Map<String, Value>, name: &str) -> Result<Vec<String>, String> {
    let text = |value: &Value| value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
    field(reply, name, |value| value.as_array()?.iter().map(text).collect())
}

/// What a judge says of one thing among several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Yes,
    No,
    Unsure,
}

/// One verdict for each of `count` things: one more or less, and nobody knows which is of which.
pub(super) fn verdicts(reply: &Map<String, Value>, count: usize) -> Result<Vec<Said>, String> {
    let said = |value: &Value| match value.as_str()?.to_lowercase().as_str() {
        "yes" => Some(Said::Yes),
        "no" => Some(Said::No),
        "idk" => Some(Said::Unsure),
        _ => None,
    };
    let all: Vec<Said> = field(reply, "verdicts", |value| value.as_array()?.iter().map(said).collect())?;
    if all.len() == count { Ok(all) } else { Err(format!("the judge gives {} verdicts on {count} things", all.len())) }
}
