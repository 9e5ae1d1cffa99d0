//! Cases as CSV, whose first line names the fields.

use std::collections::BTreeSet;

use csv::{ReaderBuilder, StringRecord};
use serde_json::{Map, Value};

use super::{
    Problem,
    read::{Record, on, whole},
};

/// What a column of a field of the input is named: `input.question`.
const INPUT_FIELD: &str = "input.";

pub(super) fn records(text: &str) -> (Vec<Record>, Vec<Problem>) {
    // Rows of a wrong length are looked for below, so that all are found and not the first alone.
    let mut reader = ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header: Vec<String> = match reader.headers() {
        Ok(header) => header.iter().map(|name| name.trim().to_owned()).collect(),
        Err(error) => return (Vec::new(), vec![whole(format!("is not CSV: {error}"))]),
    };
    let problems = header_problems(&header);
    if !problems.is_empty() {
        return (Vec::new(), problems);
    }
    let (mut records, mut problems) = (Vec::new(), Vec::new());
    for row in reader.records() {
        match row {
            Ok(row) => match record(&header, &row) {
                Ok(record) => records.push(record),
                Err(problem) => problems.push(problem),
            },
            Err(error) => problems.push(whole(format!("is not CSV: {error}"))),
        }
    }
    (records, problems)
}

fn header_problems(header: &[String]) -> Vec<Problem> {
    if header.iter().all(String::is_empty) {
        return vec![whole("has no cases")];
    }
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for (at, name) in header.iter().enumerate() {
        if name.is_empty() {
            problems.push(on(1, format!("column {} of the header has no name", at + 1)));
        } else if !seen.insert(name) {
            problems.push(on(1, format!("the header names `{name}` twice")));
        }
    }
    let fields = header.iter().any(|name| name.starts_with(INPUT_FIELD));
    let input = header.iter().any(|name| name == "input");
    if !input && !fields {
        problems.push(on(1, "the header has no `input` column"));
    } else if input && fields {
        problems.push(on(1, "the header has both `input` and columns of its fields: give one"));
    }
    problems
}

fn record(header: &[String], row: &StringRecord) -> Result<Record, Problem> {
    let line = row.position().map_or(0, csv::Position::line);
    if row.len() != header.len() {
        return Err(on(line, format!("has {} cells where the header names {}", row.len(), header.len())));
    }
    let (mut fields, mut input) = (Map::new(), Map::new());
    for (name, cell) in header.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
        let (into, name) = match name.strip_prefix(INPUT_FIELD) {
            Some(field) => (&mut input, field),
            None => (&mut fields, name.as_str()),
        };
        into.insert(name.to_owned(), Value::from(cell));
    }
    if !input.is_empty() {
        fields.insert("input".into(), Value::Object(input));
    }
    Ok((line, fields))
}
