//! Checks the statistics on a file of reference values and prints a line for each.
//!
//! `cargo run -p surefoot-lab --example stats_vectors -- FILE`

#![allow(clippy::print_stdout, reason = "a command line tool")]

use std::{env, error::Error, fs, process::ExitCode};

use serde_json::Value;

#[path = "../tests/it/stats.rs"]
mod stats;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("name a file of reference values")?;
    let file: Value = serde_json::from_slice(&fs::read(path)?)?;
    let (mut right, mut wrong, mut unknown) = (0, 0, 0);
    for case in file["cases"].as_array().into_iter().flatten() {
        let told = match stats::differences(case) {
            None => {
                unknown += 1;
                "has no answer".to_owned()
            }
            Some(found) if found.is_empty() => {
                right += 1;
                "right".to_owned()
            }
            Some(found) => {
                wrong += 1;
                found.join("; ")
            }
        };
        println!("{:24} {told}", case["id"].as_str().unwrap_or("?"));
    }
    println!("{right} right, {wrong} wrong, {unknown} without an answer");
    Ok(ExitCode::from(u8::from(wrong > 0)))
}
