//! Checks the graders on a file of facts and prints a line for each.
//!
//! `cargo run -p surefoot-lab --example grader_cases -- FILE`

#![allow(clippy::print_stdout, reason = "a command line tool")]

use std::{env, error::Error, fs, process::ExitCode};

use serde_json::Value;

#[path = "../tests/it/graders.rs"]
mod graders;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let path = env::args().nth(1).ok_or("name a file of facts, one JSON object a line")?;
    let (mut right, mut wrong, mut unknown) = (0, 0, 0);
    for line in fs::read_to_string(path)?.lines().filter(|line| !line.trim().is_empty()) {
        let fact: Value = serde_json::from_str(line)?;
        let told = match graders::difference(&fact) {
            None => {
                unknown += 1;
                "has no grader".to_owned()
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
        println!("{:8} {:32} {told}", fact["id"].as_str().unwrap_or("?"), fact["grader"].as_str().unwrap_or("?"));
    }
    println!("{right} right, {wrong} wrong, {unknown} without a grader");
    Ok(ExitCode::from(u8::from(wrong > 0)))
}
