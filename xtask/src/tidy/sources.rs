//! Sizes, module documents, and words that mean unfinished work.

use std::path::Path;

use super::{Breach, files};

/// Most lines of a source file, and of a file of tests.
const LONGEST_SOURCE: usize = 500;
const LONGEST_TESTS: usize = 800;
/// Most lines of a function, from its name to its closing brace.
const LONGEST_FUNCTION: usize = 60;
/// Put together here, so that this file does not hold them.
const UNFINISHED: [&str; 4] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("todo", "!(")];

pub(super) fn check(root: &Path) -> anyhow::Result<Vec<Breach>> {
    let mut breaches = Vec::new();
    for folder in ["crates", "xtask"] {
        for (file, text) in files(root, folder, ".rs")? {
            breaches.extend(source(&file, &text));
        }
    }
    Ok(breaches)
}

fn source(file: &str, text: &str) -> Vec<Breach> {
    let breach = |line, told: String| Breach { file: file.to_owned(), line, told };
    let mut breaches = Vec::new();
    let tests = file.contains("/tests/") || file.ends_with("/tests.rs") || file.contains("/examples/");
    let (lines, ceiling) = (text.lines().count(), if tests { LONGEST_TESTS } else { LONGEST_SOURCE });
    if lines > ceiling {
        breaches.push(breach(0, format!("{lines} lines; the ceiling is {ceiling}: is it one thing or several?")));
    }
    // A module's tests need no description beside the module's own.
    if !text.starts_with("//!") && !file.ends_with("/tests.rs") {
        breaches.push(breach(1, "say in a `//!` line what this module is".into()));
    }
    for (at, line) in text.lines().enumerate() {
        for word in UNFINISHED.iter().filter(|word| line.contains(**word)) {
            breaches.push(breach(at + 1, format!("'{word}': finish it, or say so in an issue")));
        }
    }
    breaches.extend(long_functions(text).into_iter().map(|(line, length)| {
        breach(line, format!("a function of {length} lines; the ceiling is {LONGEST_FUNCTION}"))
    }));
    breaches
}

/// Functions past the ceiling: their first line and length. Relies on rustfmt: a function's closing
/// brace stands in the column of its first word.
fn long_functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let words = line.trim_start();
        let indent = line.len() - words.len();
        let declares = [
            "fn ",
            "pub fn ",
            "pub(crate) fn ",
            "pub(super) fn ",
            "async fn ",
            "pub async fn ",
            "pub(crate) async fn ",
            "pub(super) async fn ",
        ];
        if !declares.iter().any(|begin| words.starts_with(begin)) || line.trim_end().ends_with(';') {
            continue;
        }
        let closing = |line: &str| line.trim_end() == format!("{}}}", " ".repeat(indent));
        if let Some(length) = lines[start..].iter().position(|line| closing(line))
            && length + 1 > LONGEST_FUNCTION
        {
            found.push((start + 1, length + 1));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told() {
        assert_eq!(source("crates/a/src/lib.rs", "//! A.\n\nfn a() {\n    1;\n}\n"), []);
        let long = format!("fn a() {{\n{}}}\n", "    1;\n".repeat(70));
        let told = source("crates/a/src/lib.rs", &format!("{long}{}", "\n".repeat(500)));
        assert_eq!(told.len(), 3, "{told:?}");
        assert_eq!(told[2].line, 1);
        assert_eq!(long_functions(&long), [(1, 72)]);
    }
}
