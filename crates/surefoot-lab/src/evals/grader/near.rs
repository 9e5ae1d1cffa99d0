//! Graders of likeness to a reference: levenshtein, rouge-n, bleu, gleu, f-score, numeric-diff.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Finding, Found, Given, text};

/// What BLEU counts instead of no match at all, so that the logarithm stays finite.
const BARELY: f64 = 1e-7;
/// The longest runs of words that BLEU and GLEU look at.
const LONGEST: usize = 4;

/// Whether an expectation holds reference texts. An empty one is a text too: the answer may be empty.
pub(super) fn references_fit(expected: &Value) -> Result<(), String> {
    references(expected).map(|_| ())
}

fn references(expected: &Value) -> Result<Vec<String>, String> {
    match expected {
        Value::String(text) if text.is_empty() => Ok(vec![String::new()]),
        other => match text::list(other)? {
            empty if empty.is_empty() => Err("the list of references is empty".into()),
            references => Ok(references),
        },
    }
}

/// The score of the reference that is nearest.
fn nearest(given: Given<'_>, what: &str, threshold: f64, score: impl Fn(&str, &str) -> f64) -> Found {
    let references = references(given.expected)?;
    let best = references.iter().map(|reference| score(reference, given.said())).fold(0.0, f64::max);
    Ok(Finding::scored(best, given.options.threshold.unwrap_or(threshold), what))
}

/// The number of letters to add, take or change is at most the threshold.
pub(super) fn levenshtein(given: Given<'_>) -> Found {
    let references = references(given.expected)?;
    let distances = references.iter().map(|reference| strsim::levenshtein(reference, given.said()));
    let (distance, most) = (distances.min().unwrap_or(0), given.options.threshold.unwrap_or(5.0));
    Ok(Finding::of(distance as f64 <= most, format!("the distance is {distance}, and {most} is the limit")))
}

/// One less the distance over the longer length, as autoevals has it.
pub(super) fn levenshtein_similarity(given: Given<'_>) -> Found {
    nearest(given, "the similarity", 0.5, strsim::normalized_levenshtein)
}

/// A run of words of one of the texts is in the answer, letter case and punctuation aside; a text that is
/// shorter than the run, as a whole.
pub(super) fn repeats(given: Given<'_>) -> Found {
    let run = given.options.threshold.unwrap_or(12.0).max(1.0) as usize;
    let said = words(given.said());
    let held = |text: &String| {
        let text = words(text);
        let run = run.min(text.len()).max(1);
        let runs: std::collections::BTreeSet<&[String]> = text.windows(run).collect();
        said.windows(run).find(|window| runs.contains(window)).map(|window| window.join(" "))
    };
    let found = references(given.expected)?.iter().find_map(held);
    let told = found.as_ref().map_or_else(
        || format!("no run of {run} words of the text is in the answer"),
        |held| format!("the answer holds `{}`", super::brief(held)),
    );
    Ok(Finding::of(found.is_some(), told))
}

/// The F1 of common runs of `n` words (Lin 2004), in small letters.
pub(super) fn rouge(given: Given<'_>) -> Found {
    nearest(given, "ROUGE", 0.75, |reference, said| shared(&words(reference), &words(said), given.options.n))
}

/// The F1 of common words as SQuAD has it: small letters, no punctuation, no articles.
pub(super) fn f_score(given: Given<'_>) -> Found {
    nearest(given, "the F-score", 0.5, |reference, said| {
        let plain = |text: &str| -> Vec<String> {
            words(text).into_iter().filter(|word| !["a", "an", "the"].contains(&word.as_str())).collect()
        };
        shared(&plain(reference), &plain(said), 1)
    })
}

/// BLEU of one answer (Papineni et al. 2002): the geometric mean of the precisions of runs of 1 to 4
/// words, as far as the answer is long enough for them, a run without a match counted as almost none;
/// with the brevity penalty of the reference that is nearest in length.
pub(super) fn bleu(given: Given<'_>) -> Found {
    let references: Vec<_> = references(given.expected)?.iter().map(|text| pieces(text)).collect();
    let said = pieces(given.said());
    let threshold = given.options.threshold.unwrap_or(0.5);
    if said.is_empty() {
        return Ok(Finding::scored(0.0, threshold, "BLEU"));
    }
    let orders = LONGEST.min(said.len());
    let logs = (1..=orders).map(|n| {
        let got = runs(&said, n);
        let mut most: BTreeMap<&[String], u64> = BTreeMap::new();
        for wanted in references.iter().map(|reference| runs(reference, n)) {
            for (run, count) in wanted {
                let seen = most.entry(run).or_default();
                *seen = count.max(*seen);
            }
        }
        let matched = common(&most, &got) as f64;
        (if matched > 0.0 { matched / total(&got) as f64 } else { BARELY }).ln() / orders as f64
    });
    let precision = logs.sum::<f64>().exp();
    let length = said.len();
    let nearest = references.iter().map(Vec::len).min_by_key(|of| (of.abs_diff(length), *of)).unwrap_or(0);
    let brevity = if length >= nearest { 1.0 } else { (1.0 - nearest as f64 / length as f64).exp() };
    Ok(Finding::scored(precision * brevity, threshold, "BLEU"))
}

/// Google's BLEU (Wu et al. 2016): the lesser of precision and recall over all runs of 1 to 4 words.
pub(super) fn gleu(given: Given<'_>) -> Found {
    nearest(given, "GLEU", 0.5, |reference, said| {
        let (wanted, said) = (pieces(reference), pieces(said));
        let (mut matched, mut possible) = (0, 0);
        for n in 1..=LONGEST {
            let (wanted, got) = (runs(&wanted, n), runs(&said, n));
            matched += common(&wanted, &got);
            possible += total(&wanted).max(total(&got));
        }
        // The lesser of two shares of one count is the count over the larger whole.
        if possible == 0 { 0.0 } else { matched as f64 / possible as f64 }
    })
}

/// `1 - |expected - got| / (|expected| + |got|)`, as autoevals has it. The answer is a number.
pub(super) fn numeric(given: Given<'_>) -> Found {
    let wanted = number(given.expected).ok_or("the expectation is not a number")?;
    let Ok(got) = given.said().trim().parse::<f64>() else {
        return Ok(Finding { score: Some(0.0), ..Finding::of(false, "the answer is not a number") });
    };
    Ok(Finding::scored(closeness(wanted, got), given.options.threshold.unwrap_or(0.5), "the closeness"))
}

pub(super) fn number_fits(expected: &Value) -> Result<(), String> {
    number(expected).map(|_| ()).ok_or_else(|| "the expectation is not a number".into())
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// How near two numbers are, from 0 to 1.
pub(super) fn closeness(a: f64, b: f64) -> f64 {
    if a == b { 1.0 } else { (1.0 - (a - b).abs() / (a.abs() + b.abs())).max(0.0) }
}

/// Letters and digits, in small letters.
fn words(text: &str) -> Vec<String> {
    let parted = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    parted.map(str::to_lowercase).collect()
}

/// What stands between white space, in small letters: punctuation belongs to its word.
fn pieces(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_lowercase).collect()
}

/// How often each run of `n` words occurs.
fn runs(words: &[String], n: usize) -> BTreeMap<&[String], u64> {
    let mut runs = BTreeMap::new();
    for run in words.windows(n.max(1)) {
        *runs.entry(run).or_default() += 1;
    }
    runs
}

fn total(runs: &BTreeMap<&[String], u64>) -> u64 {
    runs.values().sum()
}

fn common(a: &BTreeMap<&[String], u64>, b: &BTreeMap<&[String], u64>) -> u64 {
    a.iter().map(|(run, count)| b.get(run).map_or(0, |other| *count.min(other))).sum()
}

/// The F1 of common runs of `n` words: twice what is common over both wholes. Two empty texts are alike.
fn shared(a: &[String], b: &[String], n: usize) -> f64 {
    let (a, b) = (runs(a, n), runs(b, n));
    let whole = total(&a) + total(&b);
    if whole == 0 { 1.0 } else { 2.0 * common(&a, &b) as f64 / whole as f64 }
}
