//! Measures folders and prints tables in Markdown. A folder is a collection in BEIR's form (`corpus.jsonl`,
//! `queries.jsonl`, `qrels.tsv`), documents to read (`manifest.jsonl`), or two versions of a folder (`v1`, `v2`, or
//! packed as `v1.tar.gz`, `v2.tar.gz`).
//!
//! ```text
//! cargo xtask bench retrieval FOLDER...
//! ```

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::{
    error::Error,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use surefoot_knowledge::{
    embed::StaticEmbedder,
    measure::{Answers, Collection, Figures, Quality, answered, measured, read, synced},
};
use surefoot_testkit::MemoryStore;
use surefoot_types::{SystemChance, SystemClock};

/// nDCG@10 and recall@100 of BM25 as others measured it (bm25s 0.3.16, Lucene's variant, k1 1.2, b 0.75, English
/// stems and stop words; Chinese by pairs of characters).
const PUBLISHED: [(&str, f64, Option<f64>); 9] = [
    ("cranfield", 37.6, Some(73.1)),
    ("npl", 43.6, Some(60.3)),
    ("anthropic-codebase", 58.7, Some(93.7)),
    ("clapnq-dev", 94.6, Some(99.7)),
    ("hotpotqa-100", 79.3, Some(97.0)),
    ("pubmedqa", 97.7, Some(99.6)),
    ("xquad-en", 96.7, None),
    ("xquad-de", 94.7, None),
    ("xquad-zh", 96.3, None),
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folders: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    let has = |name: &str| {
        let name = name.to_owned();
        folders.iter().filter(move |folder| folder.join(&name).exists())
    };
    let collections: Vec<&PathBuf> = has("corpus.jsonl").collect();
    if !collections.is_empty() {
        ranked(&collections).await?;
    }
    for folder in has("manifest.jsonl") {
        documents(folder)?;
    }
    for folder in has("v1").chain(has("v1.tar.gz")) {
        versions(folder).await?;
    }
    Ok(())
}

fn name(folder: &Path) -> &str {
    folder.file_name().and_then(|name| name.to_str()).unwrap_or("?")
}

async fn ranked(folders: &[&PathBuf]) -> Result<(), Box<dyn Error>> {
    let mut all: Vec<(&str, Figures)> = Vec::new();
    let mut answers: Vec<(&str, Answers)> = Vec::new();
    for folder in folders {
        let (name, collection) = (name(folder), Collection::read(folder)?);
        let (library, embedder) = (Arc::new(MemoryStore::default()), Arc::new(StaticEmbedder));
        let figures =
            measured(&collection, name, library.clone(), embedder.clone(), &SystemClock, &SystemChance).await?;
        all.push((name, figures));
        answers.push((name, answered(&collection, name, library, embedder).await?));
    }
    println!("nDCG@10 / recall@100 / MRR, times 100\n");
    println!(
        "| collection | documents | queries | BM25 elsewhere | lexical | vector | hybrid | documents/s | p50 ms | p99 ms |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let shown = |q: &Quality| format!("{:.1} / {:.1} / {:.1}", q.ndcg_10 * 100.0, q.recall_100 * 100.0, q.mrr * 100.0);
    for (name, f) in &all {
        let elsewhere =
            PUBLISHED.iter().find(|(known, ..)| known == name).map_or_else(String::new, |(_, ndcg, recall)| {
                format!("{ndcg} / {}", recall.map_or_else(|| "–".to_owned(), |recall| recall.to_string()))
            });
        let legs = [&f.lexical, &f.vector, &f.fused].map(shown).join(" | ");
        println!(
            "| {name} | {} | {} | {elsewhere} | {legs} | {:.0} | {:.2} | {:.2} |",
            f.documents, f.queries, f.documents_per_second, f.search_p50_ms, f.search_p99_ms
        );
    }
    let mean = |of: fn(&Figures) -> f64| all.iter().map(|(_, f)| of(f)).sum::<f64>() * 100.0 / all.len() as f64;
    let means = [mean(|f| f.lexical.ndcg_10), mean(|f| f.vector.ndcg_10), mean(|f| f.fused.ndcg_10)];
    println!("| mean nDCG@10 | | | | {:.1} | {:.1} | {:.1} | | | |\n", means[0], means[1], means[2]);
    println!("Answers of `local/extract` from the first eight passages, in per cent\n");
    println!(
        "| collection | answerable | answered | quotes from a right document | right documents quoted | quotes meet the marked support | unanswerable | abstained |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (name, a) in &answers {
        let share = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), |share| format!("{:.1}", share * 100.0));
        let shares = [Some(a.answered), Some(a.quotes_right), Some(a.documents_cited), a.supported].map(share);
        let abstained = share((a.unanswerable > 0).then_some(a.abstained));
        println!("| {name} | {} | {} | {} | {abstained} |", a.answerable, shares.join(" | "), a.unanswerable);
    }
    println!();
    Ok(())
}

fn documents(folder: &Path) -> Result<(), Box<dyn Error>> {
    println!("Documents of {}: words found of those that others found, in per cent\n", name(folder));
    println!("| format | files | compared | recall | precision | must be found | missed | refused | ms |");
    println!("|---|---|---|---|---|---|---|---|---|");
    let formats = read(folder)?;
    for (format, read) in &formats {
        println!(
            "| {format} | {} | {} | {:.1} | {:.1} | {} | {} | {} | {} |",
            read.files,
            read.compared,
            read.recall * 100.0,
            read.precision * 100.0,
            read.wanted,
            read.missed.len(),
            read.refused.len(),
            read.took.as_millis()
        );
    }
    println!();
    for read in formats.values() {
        read.refused.iter().for_each(|(file, reason)| println!("- refused: {file}: {reason}"));
        read.poor.iter().for_each(|(file, recall)| println!("- recall {:.1}: {file}", recall * 100.0));
        read.missed.iter().for_each(|(file, wanted)| println!("- missed: {file}: {wanted}"));
    }
    println!();
    Ok(())
}

async fn versions(folder: &Path) -> Result<(), Box<dyn Error>> {
    let unpacked = tempfile::tempdir()?;
    let mut at = folder.to_owned();
    for packed in ["v1.tar.gz", "v2.tar.gz"].map(|packed| folder.join(packed)).iter().filter(|packed| packed.exists()) {
        let status = Command::new("tar").arg("xzf").arg(packed).arg("-C").arg(unpacked.path()).status()?;
        if !status.success() {
            return Err(format!("{} cannot be unpacked", packed.display()).into());
        }
        at = unpacked.path().to_owned();
    }
    let library = MemoryStore::default();
    let synced = synced(&at, &library, &StaticEmbedder, &SystemClock, &SystemChance).await?;
    println!("Versions of {}\n", name(folder));
    println!("| ingest | added | changed | removed | unchanged | failed | passages written | ms |");
    println!("|---|---|---|---|---|---|---|---|");
    for (what, report) in [("first", &synced.first), ("second over first", &synced.second), ("again", &synced.again)] {
        let counts = [report.added, report.changed, report.removed, report.unchanged, report.failed.len() as u64];
        let counts = counts.map(|count| count.to_string()).join(" | ");
        println!("| {what} | {counts} | {} | {} |", report.passages, report.took.as_millis());
    }
    println!();
    Ok(())
}
