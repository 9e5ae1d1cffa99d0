//! Labelled spans, how found ones are matched with them, and precision, recall and F1.

use std::{fs, ops::Range, time::Instant};

use serde_json::Value;

/// A span of a kind, in bytes.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) kind: String,
    pub(crate) range: Range<usize>,
}

/// A record's labelled spans. The file counts code points.
pub(crate) fn labelled(record: &Value, text: &str) -> Vec<Span> {
    let bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let place = |value: &Value| bytes[usize::try_from(value.as_u64().unwrap_or(0)).unwrap_or(0).min(bytes.len() - 1)];
    let spans = record["spans"].as_array().into_iter().flatten();
    spans
        .map(|span| Span {
            kind: span["type"].as_str().unwrap_or_default().to_owned(),
            range: place(&span["start"])..place(&span["end"]),
        })
        .collect()
}

/// Right ones, wrong ones, and labelled ones that were missed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) right: usize,
    pub(crate) wrong: usize,
    pub(crate) missed: usize,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.missed += other.missed;
    }

    pub(crate) fn precision(self) -> f64 {
        ratio(self.right, self.right + self.wrong)
    }

    pub(crate) fn recall(self) -> f64 {
        ratio(self.right, self.right + self.missed)
    }

    pub(crate) fn f1(self) -> f64 {
        ratio(2 * self.right, 2 * self.right + self.wrong + self.missed)
    }
}

pub(crate) fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// What two spans share, over what they cover together.
pub(crate) fn overlap(a: &Range<usize>, b: &Range<usize>) -> f64 {
    let shared = a.end.min(b.end).saturating_sub(a.start.max(b.start));
    ratio(shared, a.len() + b.len() - shared)
}

/// CPU seconds of this process, where the system tells; else seconds since `started`.
pub(crate) fn cpu_seconds(started: Instant) -> f64 {
    let told = fs::read_to_string("/proc/self/schedstat").ok();
    let nanoseconds = told.and_then(|told| told.split_whitespace().next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| started.elapsed().as_secs_f64(), |nanoseconds| nanoseconds / 1e9)
}

/// Prints how many texts a CPU second `work` does, and how long it takes for a prompt made of them.
pub(crate) fn print_speed(texts: &[String], mut work: impl FnMut(&str)) {
    let (each, megabytes) = speed(texts, &mut work);
    println!("\n{each:.0} texts a CPU second ({megabytes:.1} MB/s).");
    let mut prompt = String::new();
    for text in texts {
        prompt.push_str(text);
        prompt.push('\n');
        if prompt.len() >= 4096 {
            break;
        }
    }
    prompt.truncate(prompt.floor_char_boundary(4096));
    let prompts = vec![prompt; 500];
    let (each, _) = speed(&prompts, work);
    println!("A prompt of 4 KB made of them: {:.0} µs.", 1e6 / each);
}

/// Runs `work` over every text several times: texts a CPU second, and megabytes.
fn speed(texts: &[String], mut work: impl FnMut(&str)) -> (f64, f64) {
    const ROUNDS: usize = 5;
    let started = Instant::now();
    texts.iter().for_each(|text| work(text));
    let before = cpu_seconds(started);
    for _ in 0..ROUNDS {
        texts.iter().for_each(|text| work(text));
    }
    let spent = cpu_seconds(started) - before;
    let bytes: usize = texts.iter().map(String::len).sum();
    ((texts.len() * ROUNDS) as f64 / spent, (bytes * ROUNDS) as f64 / spent / 1e6)
}
