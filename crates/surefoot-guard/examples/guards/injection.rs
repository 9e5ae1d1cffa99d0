//! Injection: how much is detected where one harmless text in a hundred is flagged.

use std::{collections::BTreeMap, hint::black_box};

use serde_json::Value;
use surefoot_guard::injection::{self, Channel};

use crate::score::{print_speed, ratio};

struct Case {
    text: String,
    channel: Channel,
    attack: bool,
    kind: String,
    score: f32,
}

fn case(record: &Value) -> Case {
    let text = record["text"].as_str().unwrap_or_default().to_owned();
    let channel = match record["channel"].as_str() {
        Some("document") => Channel::Document,
        Some("tool_output") => Channel::Tool,
        _ => Channel::User,
    };
    Case {
        score: injection::score(&text, channel).score,
        channel,
        attack: record["label"].as_u64() == Some(1),
        kind: record["kind"].as_str().unwrap_or_default().to_owned(),
        text,
    }
}

/// Measures and prints.
pub(crate) fn measure(records: &[Value], errors: bool) {
    let cases: Vec<Case> = records.iter().map(case).collect();
    let one_percent = threshold(&cases, 0.01);
    let mut kinds: BTreeMap<(bool, &str), (usize, usize, usize)> = BTreeMap::new();
    for case in &cases {
        for kind in [&*case.kind, "**all**"] {
            let counts = kinds.entry((case.attack, kind)).or_default();
            counts.0 += 1;
            counts.1 += usize::from(case.score >= one_percent);
            counts.2 += usize::from(case.score >= 0.5);
        }
        if errors && case.attack != (case.score >= 0.5) {
            let told = if case.attack { "missed" } else { "wrong" };
            let shown: String = case.text.chars().take(200).collect();
            let reasons = injection::score(&case.text, case.channel).reasons;
            eprintln!("{told} {} {:.2} {reasons:?} {shown:?}", case.kind, case.score);
        }
    }
    println!(
        "| | kind | texts | flagged from {one_percent:.2} (1 % of harmless) | flagged from 0.50 |\n|---|---|---|---|---|"
    );
    for ((attack, kind), (all, strict, half)) in &kinds {
        let name = if *attack { "attack" } else { "harmless" };
        println!("| {name} | {kind} | {all} | {:.3} | {:.3} |", ratio(*strict, *all), ratio(*half, *all));
    }
    let texts: Vec<String> = cases.into_iter().map(|case| case.text).collect();
    print_speed(&texts, |text| {
        black_box(injection::score(text, Channel::Document));
    });
}

/// The least score above that of all but this share of the harmless texts.
fn threshold(cases: &[Case], share: f64) -> f32 {
    let mut harmless: Vec<f32> = cases.iter().filter(|case| !case.attack).map(|case| case.score).collect();
    harmless.sort_by(|a, b| b.total_cmp(a));
    let allowed = (harmless.len() as f64 * share) as usize;
    harmless.get(allowed).map_or(0.0, |score| score + f32::EPSILON)
}
