//! Graders of the answer's words: contains, regex, equals.

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::{Finding, Found, brief, spec::Mode};

/// The texts of an expectation: one, or a list of them. Numbers and truth values are written out.
pub(super) fn list(expected: &Value) -> Result<Vec<String>, String> {
    let all = match expected {
        Value::Array(list) => list.iter().map(scalar).collect(),
        one => scalar(one).map(|one| vec![one]),
    };
    let texts: Vec<String> = all.ok_or("the expectation is not a text or a list of texts")?;
    // An empty text is found in everything, so that it would pass whatever the answer.
    if texts.iter().any(|text| text.trim().is_empty()) { Err("an expected text is empty".into()) } else { Ok(texts) }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

pub(super) fn contains(expected: &Value, said: &str, mode: Mode, ignore_case: bool) -> Found {
    let texts = list(expected)?;
    if texts.is_empty() {
        return Ok(Finding::undefined("the case expects an empty list"));
    }
    let folded = fold(said, ignore_case);
    let (held, missing): (Vec<_>, Vec<_>) =
        texts.iter().partition(|text| folded.contains(fold(text, ignore_case).as_str()));
    let passes = match mode {
        Mode::All => missing.is_empty(),
        Mode::Any => !held.is_empty(),
    };
    let fact = if passes { ("contains", held) } else { ("lacks", missing) };
    Ok(Finding::of(passes, format!("the answer {} {}", fact.0, quoted(&fact.1))))
}

fn fold(text: &str, ignore_case: bool) -> String {
    if ignore_case { text.to_lowercase() } else { text.to_owned() }
}

fn quoted(texts: &[&String]) -> String {
    texts.iter().map(|text| format!("`{}`", brief(text))).collect::<Vec<_>>().join(", ")
}

/// A pattern in the syntax of Rust's `regex`, which matches in time linear in the answer.
pub(super) fn pattern(expected: &Value, ignore_case: bool) -> Result<Regex, String> {
    let Value::String(pattern) = expected else { return Err("the pattern is not a text".into()) };
    if pattern.is_empty() {
        return Err("the pattern is empty".into());
    }
    RegexBuilder::new(pattern).case_insensitive(ignore_case).build().map_err(|error| {
        let told = error.to_string();
        let why = told.lines().last().unwrap_or_default().trim_start_matches("error: ");
        format!("the pattern `{}` cannot be used: {why}", brief(pattern))
    })
}

pub(super) fn matches(pattern: &Regex, said: &str) -> Finding {
    match pattern.find(said) {
        Some(place) => Finding::of(true, format!("the pattern matches `{}`", brief(place.as_str()))),
        None => Finding::of(false, format!("the pattern `{}` matches nothing", brief(pattern.as_str()))),
    }
}

/// White space at the ends does not count. An expectation that is JSON (not a text in the dataset, or a
/// text that holds an object or a list) is compared as JSON, whatever the spacing and the order of
/// keys; `1` and `1.0` are one number. A plain text is compared letter by letter.
pub(super) fn equals(expected: &Value, said: &str, ignore_case: bool) -> Finding {
    let (wanted, shown) = match expected {
        Value::String(text) => {
            (serde_json::from_str(text).ok().filter(|json: &Value| json.is_object() || json.is_array()), text.clone())
        }
        json => (Some(json.clone()), json.to_string()),
    };
    let as_json = match (wanted, serde_json::from_str(said)) {
        (Some(wanted), Ok(got)) => same(&wanted, &got, ignore_case),
        _ => false,
    };
    if as_json || fold(shown.trim(), ignore_case) == fold(said.trim(), ignore_case) {
        Finding::of(true, "the answer is the expected one")
    } else {
        Finding::of(false, format!("the answer is not `{}`", brief(&shown)))
    }
}

fn same(a: &Value, b: &Value, ignore_case: bool) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b, ignore_case)))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b, ignore_case))
        }
        (Value::String(a), Value::String(b)) => fold(a, ignore_case) == fold(b, ignore_case),
        // Two integers are compared as such: as floats, large neighbours would be one number.
        (Value::Number(a), Value::Number(b)) if a.is_f64() || b.is_f64() => a.as_f64() == b.as_f64(),
        (a, b) => a == b,
    }
}
