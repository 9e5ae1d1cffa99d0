//! Graders of the answer's words: contains and its kin, starts-with, regex, equals, exact-match.

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::{Finding, Found, Given, brief, spec::Mode};

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

pub(super) fn fits(expected: &Value) -> Result<(), String> {
    filled(list(expected)?).map(|_| ())
}

fn filled(texts: Vec<String>) -> Result<Vec<String>, String> {
    if texts.is_empty() { Err("the list of expected values is empty".into()) } else { Ok(texts) }
}

pub(super) fn contains(given: Given<'_>) -> Found {
    Ok(holds(&list(given.expected)?, given))
}

/// The same of a list that may be written as one text: `a, b, "c, d"`.
pub(super) fn contains_listed(given: Given<'_>) -> Found {
    Ok(holds(&listed(given.expected)?, given))
}

pub(super) fn listed_fit(expected: &Value) -> Result<(), String> {
    filled(listed(expected)?).map(|_| ())
}

fn listed(expected: &Value) -> Result<Vec<String>, String> {
    match expected {
        Value::String(text) => parted(text),
        list => self::list(list),
    }
}

/// The parts of a text between commas. A part in quotes may hold commas, and quotes as `\"` or `""`.
fn parted(text: &str) -> Result<Vec<String>, String> {
    let malformed = || format!("`{}` is not a list: a quoted part ends with its quote", brief(text));
    let (mut parts, mut rest) = (Vec::new(), text.trim());
    while !rest.is_empty() {
        let part;
        (part, rest) = match rest.strip_prefix('"') {
            None => {
                rest.split_once(',').map_or((rest.trim().to_owned(), ""), |(part, rest)| (part.trim().into(), rest))
            }
            Some(quoted) => {
                let (part, after) = unquoted(quoted).ok_or_else(malformed)?;
                let after = after.trim_start();
                (part, after.strip_prefix(',').or(after.is_empty().then_some("")).ok_or_else(malformed)?)
            }
        };
        if !part.trim().is_empty() {
            parts.push(part);
        }
        rest = rest.trim_start();
    }
    Ok(parts)
}

/// A quoted part without its quotes, and what follows it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let (mut part, mut rest) = (String::new(), text);
    loop {
        let (before, after) = rest.split_once('"')?;
        part.push_str(before);
        if part.ends_with('\\') {
            part.pop();
        } else if !after.starts_with('"') {
            return Some((part, after));
        }
        part.push('"');
        rest = if before.ends_with('\\') { after } else { &after[1..] };
    }
}

fn holds(texts: &[String], given: Given<'_>) -> Finding {
    if texts.is_empty() {
        return Finding::undefined("the case expects an empty list");
    }
    let ignore_case = given.options.ignore_case;
    let folded = fold(given.said(), ignore_case);
    let (held, missing): (Vec<_>, Vec<_>) =
        texts.iter().partition(|text| folded.contains(fold(text, ignore_case).as_str()));
    let passes = match given.options.mode {
        Mode::All => missing.is_empty(),
        Mode::Any => !held.is_empty(),
    };
    let fact = if passes { ("contains", held) } else { ("lacks", missing) };
    Finding::of(passes, format!("the answer {} {}", fact.0, quoted(&fact.1)))
}

pub(super) fn starts(given: Given<'_>) -> Found {
    let wanted = list(given.expected)?;
    let ignore_case = given.options.ignore_case;
    let said = fold(given.said(), ignore_case);
    let starts = wanted.iter().any(|text| said.starts_with(fold(text, ignore_case).as_str()));
    Ok(Finding::of(starts, format!("the answer begins with `{}`", brief(given.said()))))
}

/// Letter by letter; JSON in its shortest form.
pub(super) fn exact(given: Given<'_>) -> Found {
    let wanted = scalar(given.expected).unwrap_or_else(|| given.expected.to_string());
    let fact = if wanted == given.said() { "is" } else { "is not" };
    Ok(Finding::of(wanted == given.said(), format!("the answer {fact} exactly `{}`", brief(&wanted))))
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
pub(super) fn equals(given: Given<'_>) -> Found {
    let (expected, said, ignore_case) = (given.expected, given.said(), given.options.ignore_case);
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
    let alike = as_json || fold(shown.trim(), ignore_case) == fold(said.trim(), ignore_case);
    Ok(if alike {
        Finding::of(true, "the answer is the expected one")
    } else {
        Finding::of(false, format!("the answer is not `{}`", brief(&shown)))
    })
}

/// Whether two JSON values are one, whatever the order of keys.
pub(super) fn same(a: &Value, b: &Value, ignore_case: bool) -> bool {
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
