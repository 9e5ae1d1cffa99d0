//! Files of many formats against what others say that they hold.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use serde::{Deserialize, Serialize};
use surefoot_types::Fault;
use tokio::time::Instant;

use super::{collection, mean};
use crate::ingest::parse::{Format, parse};

/// A line of `manifest.jsonl`.
#[derive(Debug, Deserialize)]
struct Entry {
    file: String,
    format: String,
    truth: Option<String>,
    #[serde(default)]
    must_include: Vec<String>,
}

/// How the files of one format were read.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Read {
    /// Files.
    pub files: usize,
    /// Files that have a text to compare with.
    pub compared: usize,
    /// Share of the words of that text that were found, 0 to 1; the mean over files.
    pub recall: f64,
    /// Share of the words found that are of that text.
    pub precision: f64,
    /// Strings that must be found, and of these those that were not, each with its file.
    pub wanted: usize,
    /// See [`wanted`](Self::wanted).
    pub missed: Vec<(String, String)>,
    /// Files that were refused, with the reason.
    pub refused: Vec<(String, String)>,
    /// The files with the lowest recall, below 0.95.
    pub poor: Vec<(String, f64)>,
    /// How long reading took.
    pub took: Duration,
}

/// Reads every file that a folder's `manifest.jsonl` names; by format.
pub fn read(folder: &Path) -> Result<BTreeMap<String, Read>, Fault> {
    let mut formats: BTreeMap<String, Read> = BTreeMap::new();
    let mut shares: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for entry in collection::lines::<Entry>(&folder.join("manifest.jsonl"))? {
        let bytes = fs::read(folder.join(&entry.file))
            .map_err(|error| Fault::bad_request("", format!("{}: {error}", entry.file)))?;
        let figures = formats.entry(entry.format.clone()).or_default();
        figures.files += 1;
        let started = Instant::now();
        let parsed = parse(Format::of(Path::new(&entry.file)), bytes);
        figures.took += started.elapsed();
        let text = parsed.map_or_else(
            |reason| {
                figures.refused.push((entry.file.clone(), reason));
                String::new()
            },
            |parsed| format!("{}\n{}", parsed.title, parsed.text),
        );
        if let Some(truth) = &entry.truth {
            let (recall, precision) = compared(&collection::text(&folder.join(truth))?, &text);
            figures.compared += 1;
            if recall < 0.95 {
                figures.poor.push((entry.file.clone(), recall));
            }
            shares.entry(entry.format.clone()).or_default().push((recall, precision));
        }
        let found = words(&text).join(" ");
        figures.wanted += entry.must_include.len();
        let missed = entry.must_include.into_iter().filter(|wanted| !found.contains(&words(wanted).join(" ")));
        figures.missed.extend(missed.map(|wanted| (entry.file.clone(), wanted)));
    }
    for (format, shares) in shares {
        if let Some(figures) = formats.get_mut(&format) {
            figures.recall = mean(&shares.iter().map(|(recall, _)| *recall).collect::<Vec<_>>());
            figures.precision = mean(&shares.iter().map(|(_, precision)| *precision).collect::<Vec<_>>());
        }
    }
    Ok(formats)
}

/// Recall and precision of words, each counted as often as it stands there.
fn compared(truth: &str, text: &str) -> (f64, f64) {
    let (truth, found) = (counted(truth), counted(text));
    let both: usize = truth.iter().map(|(word, count)| (*count).min(found.get(word).copied().unwrap_or(0))).sum();
    let share = |whole: usize| if whole > 0 { both as f64 / whole as f64 } else { 1.0 };
    (share(truth.values().sum()), share(found.values().sum()))
}

fn counted(text: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    words(text).into_iter().for_each(|word| *counts.entry(word).or_default() += 1);
    counts
}

/// Words in lower case; what stands in `<!-- -->` is a mark of the truth's maker.
fn words(text: &str) -> Vec<String> {
    let mut bare = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<!--") {
        bare.push_str(before);
        bare.push(' ');
        rest = after.split_once("-->").map_or("", |(_, after)| after);
    }
    bare.push_str(rest);
    let parts = bare.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    parts.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}
