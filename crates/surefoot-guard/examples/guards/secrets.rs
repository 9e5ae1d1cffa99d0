//! Secrets: recall by class, and false alarms.

use std::{collections::BTreeMap, hint::black_box};

use serde_json::Value;
use surefoot_guard::secrets;

use crate::score::{labelled, overlap, print_speed, ratio};

/// Measures and prints.
pub(crate) fn measure(records: &[Value], errors: bool) {
    let mut recalled: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut flagged: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut texts = Vec::new();
    for record in records {
        // The files break their secrets up, so that scanners leave them alone.
        let text = record["text"].as_str().unwrap_or_default().replace('¤', "");
        let class = record["cls"].as_str().unwrap_or_default().to_owned();
        let found = secrets::find(&text);
        let spans = labelled(record, &text);
        for span in &spans {
            let hit = found.iter().any(|finding| overlap(&(finding.start..finding.end), &span.range) >= 0.5);
            let counts = recalled.entry(class.clone()).or_default();
            counts.0 += usize::from(hit);
            counts.1 += 1;
            if errors && !hit {
                eprintln!("missed {} {:?} in {text:?}", span.kind, &text[span.range.clone()]);
            }
        }
        if spans.is_empty() {
            let source = record["source"].as_str().unwrap_or_default();
            let counts = flagged.entry(source.split('/').next().unwrap_or_default().to_owned()).or_default();
            counts.0 += usize::from(!found.is_empty());
            counts.1 += 1;
            if errors && !found.is_empty() {
                let shown: Vec<_> = found.iter().map(|f| (f.kind, &text[f.start..f.end])).collect();
                eprintln!("wrong {shown:?} in {text:?}");
            }
        }
        texts.push(text);
    }
    println!("| class | secrets | recall |\n|---|---|---|");
    for (class, (hits, all)) in &recalled {
        println!("| {class} | {all} | {:.3} |", ratio(*hits, *all));
    }
    println!("\n| harmless, from | texts | flagged |\n|---|---|---|");
    for (source, (hits, all)) in &flagged {
        println!("| {source} | {all} | {:.1} % |", 100.0 * ratio(*hits, *all));
    }
    let sum = flagged.values().fold((0, 0), |sum, counts| (sum.0 + counts.0, sum.1 + counts.1));
    println!("| **all** | {} | {:.1} % |", sum.1, 100.0 * ratio(sum.0, sum.1));
    print_speed(&texts, |text| {
        black_box(secrets::find(text));
    });
}
