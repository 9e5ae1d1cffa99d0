//! Answers tied to their sources: quoting the sentences that answer, and checking what an answer cites.
//! Pure functions over the passages that were found.

pub mod calibration;
mod claim;
mod cue;
mod extract;
mod marks;
mod quote;
#[cfg(test)]
mod tests;
mod verify;

use surefoot_types::document::Hit;

pub use crate::passages::sentences;
pub use extract::{Candidate, Extract, Quoted, SIGNALS, SUMMARY, candidates, confidence, extract, summary};
pub use verify::verify;

/// What is answered where the documents hold no answer.
pub const ABSTAIN: &str = "The documents do not answer this question.";

/// The passages as a prompt shows them, numbered from `first`: `[n] title > headings`, then the text.
pub fn passages_block(hits: &[Hit], first: usize) -> String {
    let mut block = String::new();
    for (number, hit) in (first..).zip(hits) {
        let found = &hit.found;
        let headings = found.passage.heading_path.iter().filter(|heading| **heading != found.title);
        let names: Vec<&str> = std::iter::once(&found.title).chain(headings).map(String::as_str).collect();
        let names = if found.title.is_empty() { found.path.clone() } else { names.join(" > ") };
        let lead = found.passage.lead.as_ref().map(|lead| format!("{lead}\n…\n")).unwrap_or_default();
        block.push_str(&format!("[{number}] {names}\n{lead}{}\n\n", found.passage.text));
    }
    block.truncate(block.trim_end().len());
    block
}
