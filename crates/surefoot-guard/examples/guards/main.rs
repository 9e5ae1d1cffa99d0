//! Measures detection over files of labelled texts, one JSON object a line, and prints Markdown.
//!
//! ```text
//! cargo run --release -p surefoot-guard --example guards -- [--errors] FILE...
//! ```
//!
//! Which measure a file gets follows from its records: `scope` is personal data, `cls` secrets,
//! `channel` injection.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod injection;
mod personal;
mod score;
mod secrets;

use std::{error::Error, fs, path::Path};

use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let mut files: Vec<String> = std::env::args().skip(1).collect();
    let errors = files.iter().position(|word| word == "--errors").map(|at| files.remove(at)).is_some();
    for file in &files {
        let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
        let records: Vec<Value> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        let name = Path::new(file).file_name().and_then(|name| name.to_str()).unwrap_or(file);
        println!("### {name}, {} records\n", records.len());
        match records.first() {
            Some(first) if first.get("scope").is_some() => personal::measure(&records, errors)?,
            Some(first) if first.get("cls").is_some() => secrets::measure(&records, errors),
            Some(first) if first.get("channel").is_some() => injection::measure(&records, errors),
            _ => return Err(format!("{file}: not a form that is known").into()),
        }
        println!();
    }
    Ok(())
}
