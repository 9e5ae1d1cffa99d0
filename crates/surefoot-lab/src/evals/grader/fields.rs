//! Graders that compare JSON field by field: json-diff, list-contains.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Finding, Found, Given, near::closeness};

/// Fields that are told; the worst come first.
const TOLD: usize = 5;

/// How like the expected JSON the answer is, field by field, as autoevals has it: an object's score is the
/// mean over the fields that either has, a list's over its places; texts are compared by distance,
/// numbers by closeness, all else is alike or not.
pub(super) fn diff(given: Given<'_>) -> Found {
    let got = serde_json::from_str(given.said()).unwrap_or_else(|_| Value::from(given.said()));
    let (mut unlike, wanted) = (Vec::new(), opened(given.expected));
    let score = likeness("", &wanted, &got, &mut unlike);
    unlike.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let told: Vec<_> = unlike.iter().take(TOLD).map(|(score, place)| format!("`{place}` {score:.2}")).collect();
    let finding = Finding::scored(score, given.options.threshold.unwrap_or(0.5), "the likeness");
    let fact = if told.is_empty() { finding.fact } else { format!("{}: {}", finding.fact, told.join(", ")) };
    Ok(Finding { fact, ..finding })
}

/// JSON that stands in a text, as in a CSV cell.
fn opened(value: &Value) -> Value {
    let text = value.as_str().and_then(|text| serde_json::from_str(text).ok());
    text.filter(|json: &Value| json.is_object() || json.is_array()).unwrap_or_else(|| value.clone())
}

fn likeness(place: &str, wanted: &Value, got: &Value, unlike: &mut Vec<(f64, String)>) -> f64 {
    let score = match (wanted, got) {
        (Value::Object(a), Value::Object(b)) => return of_objects(place, a, b, unlike),
        (Value::Array(a), Value::Array(b)) => return of_lists(place, a, b, unlike),
        (Value::String(a), Value::String(b)) => strsim::normalized_levenshtein(a, b),
        (Value::Number(a), Value::Number(b)) => {
            closeness(a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN))
        }
        (a, b) if a == b => 1.0,
        (Value::Null, _) | (_, Value::Null) => 0.0,
        // Of two kinds: as like as their texts are.
        (a, b) => strsim::normalized_levenshtein(&spelt(a), &spelt(b)),
    };
    if score < 1.0 {
        unlike.push((score, if place.is_empty() { "." } else { place }.to_owned()));
    }
    score
}

fn spelt(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn of_objects(place: &str, a: &Map<String, Value>, b: &Map<String, Value>, unlike: &mut Vec<(f64, String)>) -> f64 {
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let field = |name: &String, unlike: &mut Vec<_>| {
        let of = |object: &Map<String, Value>| object.get(name).cloned().unwrap_or(Value::Null);
        likeness(&format!("{place}.{name}"), &of(a), &of(b), unlike)
    };
    let count = names.len();
    let sum: f64 = names.into_iter().map(|name| field(name, unlike)).sum();
    if count == 0 { 1.0 } else { sum / count as f64 }
}

fn of_lists(place: &str, a: &[Value], b: &[Value], unlike: &mut Vec<(f64, String)>) -> f64 {
    let count = a.len().max(b.len());
    let at = |list: &[Value], index: usize| list.get(index).cloned().unwrap_or(Value::Null);
    let sum: f64 =
        (0..count).map(|index| likeness(&format!("{place}[{index}]"), &at(a, index), &at(b, index), unlike)).sum();
    if count == 0 { 1.0 } else { sum / count as f64 }
}

/// How well a list of texts matches the expected one, whatever the order, as autoevals has it: the best
/// pairing one to one by distance, over the longer length.
pub(super) fn list(given: Given<'_>) -> Found {
    let texts = |value: &Value| -> Option<Vec<String>> { Some(value.as_array()?.iter().map(spelt).collect()) };
    let wanted = texts(&opened(given.expected)).ok_or("the expectation is not a list of texts")?;
    let Some(got) = serde_json::from_str(given.said()).ok().as_ref().and_then(texts) else {
        return Ok(Finding { score: Some(0.0), ..Finding::of(false, "the answer is not a JSON list") });
    };
    let longer = wanted.len().max(got.len());
    let score = if longer == 0 { 1.0 } else { best_pairing(&wanted, &got) / longer as f64 };
    Ok(Finding::scored(score, given.options.threshold.unwrap_or(0.5), "the likeness"))
}

pub(super) fn list_fits(expected: &Value) -> Result<(), String> {
    if opened(expected).is_array() { Ok(()) } else { Err("the expectation is not a list of texts".into()) }
}

/// The largest sum of similarities that pairing each text with at most one of the others can reach, by
/// the Hungarian method with shortest augmenting paths.
fn best_pairing(a: &[String], b: &[String]) -> f64 {
    let (rows, columns) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let (n, m) = (rows.len(), columns.len());
    let cost = |row: usize, column: usize| -strsim::normalized_levenshtein(&rows[row - 1], &columns[column - 1]);
    // Potentials of rows and columns, and the row that each column is paired with; 0 is nobody.
    let (mut of_row, mut of_column, mut paired) = (vec![0.0; n + 1], vec![0.0; m + 1], vec![0; m + 1]);
    for row in 1..=n {
        paired[0] = row;
        let (mut least, mut before, mut done) = (vec![f64::INFINITY; m + 1], vec![0; m + 1], vec![false; m + 1]);
        let mut column = 0;
        while paired[column] != 0 {
            done[column] = true;
            let (from, mut step, mut next) = (paired[column], f64::INFINITY, 0);
            for to in 1..=m {
                if done[to] {
                    continue;
                }
                let slack = cost(from, to) - of_row[from] - of_column[to];
                if slack < least[to] {
                    (least[to], before[to]) = (slack, column);
                }
                if least[to] < step {
                    (step, next) = (least[to], to);
                }
            }
            for to in 0..=m {
                if done[to] {
                    of_row[paired[to]] += step;
                    of_column[to] -= step;
                } else {
                    least[to] -= step;
                }
            }
            column = next;
        }
        while column != 0 {
            paired[column] = paired[before[column]];
            column = before[column];
        }
    }
    (1..=m).filter(|column| paired[*column] != 0).map(|column| -cost(paired[column], column)).sum()
}
