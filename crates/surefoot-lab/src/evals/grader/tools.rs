//! Graders of tool calls: which, in which order, with which arguments, and whether they can be carried out.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{
    Finding, Found, Given,
    calls::{self, Call},
    json, text,
};

fn told(calls: &[Call]) -> String {
    if calls.is_empty() {
        return "the answer calls no tool".into();
    }
    format!("the answer calls {}", calls.iter().map(|call| format!("`{}`", call.name)).collect::<Vec<_>>().join(", "))
}

/// The F1 of the set of tools called, whatever their order and arguments.
pub(super) fn f1(given: Given<'_>) -> Found {
    let wanted: BTreeSet<String> = names(given.expected)?.into_iter().collect();
    let calls = calls::of(given.asked);
    let called: BTreeSet<String> = calls.iter().map(|call| call.name.clone()).collect();
    let both = wanted.intersection(&called).count();
    let score = 2.0 * both as f64 / (wanted.len() + called.len()) as f64;
    let finding = Finding::scored(score, given.options.threshold.unwrap_or(1.0), "the F1 of the tools");
    Ok(Finding { fact: format!("{}; {}", finding.fact, told(&calls)), ..finding })
}

/// Names of tools: a list, or one text with commas.
fn names(expected: &Value) -> Result<Vec<String>, String> {
    let listed = match expected {
        Value::String(text) => text.split(',').map(|name| name.trim().to_owned()).collect(),
        Value::Array(_) => text::list(expected)?,
        _ => return Err("the expectation is a list of tools' names".into()),
    };
    if listed.is_empty() || listed.iter().any(String::is_empty) {
        return Err("the list of tools is empty, or a name in it is".into());
    }
    Ok(listed)
}

pub(super) fn names_fit(expected: &Value) -> Result<(), String> {
    names(expected).map(|_| ())
}

/// Which tools must be called, and how often.
struct Used {
    patterns: Vec<String>,
    min: u64,
    max: u64,
}

impl Used {
    fn read(expected: &Value) -> Result<Self, String> {
        let Value::Object(options) = expected else {
            return Ok(Self { patterns: names(expected)?, min: 1, max: u64::MAX });
        };
        let pattern = options.get("name").or_else(|| options.get("pattern")).and_then(Value::as_str);
        let pattern = pattern.ok_or("`value` needs the tool's `name` or a `pattern` like \"search*\"")?;
        let bound = |name: &str, otherwise: u64| match options.get(name) {
            None => Ok(otherwise),
            Some(value) => value.as_u64().ok_or_else(|| format!("`{name}` is a number of calls")),
        };
        let (min, max) = (bound("min", 1)?, bound("max", u64::MAX)?);
        if min > max {
            return Err("`min` is above `max`".into());
        }
        Ok(Self { patterns: vec![pattern.to_owned()], min, max })
    }
}

pub(super) fn used_fits(expected: &Value) -> Result<(), String> {
    Used::read(expected).map(|_| ())
}

pub(super) fn used(given: Given<'_>) -> Found {
    let wanted = Used::read(given.expected)?;
    let calls = calls::of(given.asked);
    let fits = |pattern: &String| {
        let times = calls.iter().filter(|call| like(pattern, &call.name)).count() as u64;
        (wanted.min..=wanted.max).contains(&times)
    };
    Ok(Finding::of(wanted.patterns.iter().all(fits), told(&calls)))
}

/// Whether a name fits a pattern in which `*` stands for any letters.
fn like(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The steps of a sequence, and whether nothing else may be called.
fn steps(expected: &Value) -> Result<(Vec<String>, bool), String> {
    let Value::Object(options) = expected else { return names(expected).map(|names| (names, false)) };
    let exact = match options.get("mode").and_then(Value::as_str) {
        None | Some("in_order") => false,
        Some("exact") => true,
        Some(_) => return Err("`mode` is \"in_order\" or \"exact\"".into()),
    };
    names(options.get("steps").ok_or("`value` needs `steps`")?).map(|steps| (steps, exact))
}

pub(super) fn steps_fit(expected: &Value) -> Result<(), String> {
    steps(expected).map(|_| ())
}

pub(super) fn sequence(given: Given<'_>) -> Found {
    let (steps, exact) = steps(given.expected)?;
    let calls = calls::of(given.asked);
    let mut called = calls.iter();
    let in_order = steps.iter().all(|step| called.any(|call| like(step, &call.name)));
    Ok(Finding::of(in_order && (!exact || calls.len() == steps.len()), told(&calls)))
}

/// So many calls.
pub(super) fn step_count(given: Given<'_>) -> Found {
    let wanted = Used::read(&bounded(given.expected)?)?;
    let calls = calls::of(given.asked);
    Ok(Finding::of((wanted.min..=wanted.max).contains(&(calls.len() as u64)), told(&calls)))
}

pub(super) fn bounds_fit(expected: &Value) -> Result<(), String> {
    Used::read(&bounded(expected)?).map(|_| ())
}

/// `{ min, max }` as bounds for any tool; none is too few only where `min` says so.
fn bounded(expected: &Value) -> Result<Value, String> {
    let bounds = expected.as_object().filter(|bounds| bounds.contains_key("min") || bounds.contains_key("max"));
    let mut bounds = bounds.ok_or("`value` needs `min`, `max` or both")?.clone();
    bounds.entry("min").or_insert_with(|| 0.into());
    bounds.insert("pattern".into(), "*".into());
    Ok(Value::Object(bounds))
}

/// What a tool must be called with.
struct Args<'a> {
    name: &'a str,
    exact: bool,
    args: &'a Map<String, Value>,
    defaults: Option<&'a Map<String, Value>>,
    ignore: Vec<String>,
}

impl<'a> Args<'a> {
    fn read(expected: &'a Value) -> Result<Self, String> {
        let text = |name: &str| expected.get(name).and_then(Value::as_str);
        let exact = match text("mode") {
            None | Some("partial") => false,
            Some("exact") => true,
            Some(_) => return Err("`mode` is \"partial\" or \"exact\"".into()),
        };
        Ok(Self {
            name: text("name").ok_or("`value` needs the tool's `name`")?,
            exact,
            args: expected.get("args").and_then(Value::as_object).ok_or("`value` needs `args`, an object")?,
            defaults: expected.get("defaults").and_then(Value::as_object),
            ignore: expected.get("ignore").map_or(Ok(Vec::new()), text::list)?,
        })
    }

    fn fits(&self, call: &Call) -> bool {
        let Some(got) = call.arguments.as_object().filter(|_| like(self.name, &call.name)) else { return false };
        let wanted = self.args.iter().filter(|(name, _)| !self.ignored(name));
        let held = wanted.clone().all(|(name, value)| {
            let default = self.defaults.and_then(|defaults| defaults.get(name));
            got.get(name).or(default).is_some_and(|got| text::same(value, got, false))
        });
        let extra = |name: &String, value: &Value| {
            let as_default = self.defaults.and_then(|defaults| defaults.get(name)) == Some(value);
            !self.args.contains_key(name) && !self.ignored(name) && !as_default
        };
        held && (!self.exact || !got.iter().any(|(name, value)| extra(name, value)))
    }

    fn ignored(&self, name: &str) -> bool {
        self.ignore.iter().any(|pattern| like(pattern, name))
    }
}

pub(super) fn args_fit(expected: &Value) -> Result<(), String> {
    Args::read(expected).map(|_| ())
}

/// One call has the expected arguments: at least those (`partial`), or no others (`exact`), where an
/// argument at its default and one to be ignored count as not given.
pub(super) fn args(given: Given<'_>) -> Found {
    let wanted = Args::read(given.expected)?;
    let calls = calls::of(given.asked);
    let near = calls.iter().filter(|call| like(wanted.name, &call.name));
    let shown: Vec<_> = near.map(|call| call.arguments.to_string()).collect();
    let with = if shown.is_empty() { String::new() } else { format!(", with {}", super::brief(&shown.join(" and "))) };
    Ok(Finding::of(calls.iter().any(|call| wanted.fits(call)), format!("{}{with}", told(&calls))))
}

/// Expected calls: `[{ name, args }]`.
fn reference(expected: &Value) -> Result<Vec<Call>, String> {
    let wrong = || "the expectation is a list of calls, each `{ name, args }`".to_owned();
    let one = |call: &Value| {
        let arguments = call.get("args").cloned().unwrap_or_else(|| Value::Object(Map::new()));
        Some(Call { name: call.get("name")?.as_str()?.to_owned(), arguments })
    };
    expected.as_array().ok_or_else(wrong)?.iter().map(|call| one(call).ok_or_else(wrong)).collect()
}

pub(super) fn calls_fit(expected: &Value) -> Result<(), String> {
    reference(expected).map(|_| ())
}

/// Ragas' tool call accuracy: 0 unless the same tools are called in the same order (`strict_order =
/// false`: in any), else the mean share of arguments that are as expected.
pub(super) fn accuracy(given: Given<'_>) -> Found {
    let (mut wanted, mut calls) = (reference(given.expected)?, calls::of(given.asked));
    let shown = told(&calls);
    if !given.options.strict_order {
        let key = |call: &Call| (call.name.clone(), call.arguments.to_string());
        wanted.sort_by_cached_key(key);
        calls.sort_by_cached_key(key);
    }
    let aligned = wanted.iter().map(|call| &call.name).eq(calls.iter().map(|call| &call.name));
    let share = |(wanted, got): (&Call, &Call)| match wanted.arguments.as_object() {
        Some(args) if !args.is_empty() => {
            let held = args.iter().filter(|(name, value)| {
                got.arguments.get(name.as_str()).is_some_and(|got| text::same(value, got, false))
            });
            held.count() as f64 / args.len() as f64
        }
        _ => 1.0,
    };
    let score = match (aligned, wanted.len()) {
        (false, _) => 0.0,
        (true, 0) => 1.0,
        (true, count) => wanted.iter().zip(&calls).map(share).sum::<f64>() / count as f64,
    };
    let finding = Finding::scored(score, given.options.threshold.unwrap_or(1.0), "the accuracy");
    Ok(Finding { fact: format!("{}; {shown}", finding.fact), ..finding })
}

/// Every call is of a tool that there is, with arguments that fit its schema. `value` lists the tools in
/// the OpenAI API's form, or as bare functions.
pub(super) fn valid(given: Given<'_>) -> Found {
    let tools = functions(given.expected)?;
    let calls = calls::of(given.asked);
    if calls.is_empty() {
        return Ok(Finding::of(false, told(&calls)));
    }
    for call in &calls {
        let Some((_, parameters)) = tools.iter().find(|(name, _)| *name == call.name) else {
            return Ok(Finding::of(false, format!("there is no tool `{}`", call.name)));
        };
        if let Some(parameters) = parameters {
            let schema = json::validator(parameters)?;
            if !schema.is_valid(&call.arguments) {
                let faults = json::faults(&schema, &call.arguments);
                return Ok(Finding::of(false, format!("the arguments of `{}` do not fit: {faults}", call.name)));
            }
        }
    }
    Ok(Finding::of(true, format!("{}, and can be carried out", told(&calls))))
}

fn functions(expected: &Value) -> Result<Vec<(String, Option<&Value>)>, String> {
    let wrong = || "`value` is a list of tools, each with its `name` and `parameters`".to_owned();
    let tools = expected.as_array().filter(|list| !list.is_empty()).ok_or_else(wrong)?;
    tools.iter().map(|tool| named(tool).ok_or_else(wrong)).collect()
}

fn named(tool: &Value) -> Option<(String, Option<&Value>)> {
    let function = tool.get("function").unwrap_or(tool);
    Some((function.get("name")?.as_str()?.to_owned(), function.get("parameters")))
}

pub(super) fn tools_fit(expected: &Value) -> Result<(), String> {
    for (name, parameters) in functions(expected)? {
        if let Some(parameters) = parameters {
            json::validator(parameters).map_err(|why| format!("`{name}`: {why}"))?;
        }
    }
    Ok(())
}
