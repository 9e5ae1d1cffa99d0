//! Measures retrieval over folders in BEIR's form (`corpus.jsonl`, `queries.jsonl`, `qrels.tsv`).
//!
//! ```text
//! cargo run --release -p surefoot-knowledge --example measure -- FOLDER...
//! ```

use std::{error::Error, path::Path, sync::Arc};

use surefoot_knowledge::{
    embed::StaticEmbedder,
    measure::{Collection, Quality, measured},
};
use surefoot_testkit::MemoryStore;
use surefoot_types::{SystemChance, SystemClock};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "a program for the terminal")]
async fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "{:22} {:>6} {:>6} {:>8} {:>21} {:>21} {:>21} {:>6} {:>6}",
        "set",
        "docs",
        "asked",
        "docs/s",
        "lexical nDCG R10 R100",
        "vector nDCG R10 R100",
        "fused nDCG R10 R100",
        "p50ms",
        "p99ms"
    );
    for folder in std::env::args().skip(1) {
        let folder = Path::new(&folder);
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or("?");
        let collection = Collection::read(folder)?;
        let library = Arc::new(MemoryStore::default());
        let figures =
            measured(&collection, name, library, Arc::new(StaticEmbedder), &SystemClock, &SystemChance).await?;
        let shown =
            |q: Quality| format!("{:.1} {:.1} {:.1}", q.ndcg_10 * 100.0, q.recall_10 * 100.0, q.recall_100 * 100.0);
        println!(
            "{name:22} {:6} {:6} {:8.0} {:>21} {:>21} {:>21} {:6.2} {:6.2}",
            figures.documents,
            figures.queries,
            figures.documents_per_second,
            shown(figures.lexical),
            shown(figures.vector),
            shown(figures.fused),
            figures.search_p50_ms,
            figures.search_p99_ms,
        );
    }
    Ok(())
}
