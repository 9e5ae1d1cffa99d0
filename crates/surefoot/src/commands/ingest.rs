//! `surefoot ingest`.

use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use surefoot_knowledge::ingest::{Progress, Report, Source};
use surefoot_types::Fault;

use super::Place;
use crate::{
    assemble::House,
    terminal::{bar, say, say_json, tell, told},
};

/// Bring a project's knowledge up to date with its sources; only what changed is touched
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot ingest -p examples/docs-assistant
  surefoot ingest --json | jq '.docs.failed'
  surefoot sync -k handbook

Exits with 1 when a document could not be read.")]
pub(crate) struct Ingest {
    #[command(flatten)]
    place: Place,
    /// Only this knowledge [default: all]
    #[arg(short, long)]
    knowledge: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Ingest {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let (settings, house) = self.place.open().await?;
        let mut reports = serde_json::Map::new();
        let mut failed = 0;
        let wanted = |source: &&Source| self.knowledge.as_ref().is_none_or(|name| *name == source.knowledge);
        for source in settings.knowledge.iter().filter(wanted) {
            let report = with_bar(&house, source).await?;
            failed += report.failed.len();
            if !self.json {
                say(line(&source.knowledge, &report));
                report.failed.iter().for_each(|one| tell(format!("  {}: {}", one.path, one.reason)));
            }
            reports.insert(source.knowledge.clone(), json!(report));
        }
        house.close().await;
        if self.json {
            say_json(&reports)?;
        } else if settings.knowledge.is_empty() {
            tell("The project has no knowledge: name a source under [knowledge.docs] in surefoot.toml.");
        }
        Ok(ExitCode::from(u8::from(failed > 0)))
    }
}

/// Brings a knowledge up to date, with a bar on terminals.
///
/// # Errors
/// When the folder or the store cannot be read.
pub(crate) async fn with_bar(house: &House, source: &Source) -> Result<Report, Fault> {
    let bar = bar(0, &format!("reading {}", source.knowledge));
    let report = house
        .ingest(source, &|news| match news {
            Progress::Found { files } => bar.set_length(files as u64),
            Progress::Done { path, .. } => {
                bar.set_message(path);
                bar.inc(1);
            }
        })
        .await;
    bar.finish_and_clear();
    report
}

/// What an ingest did, in a line.
pub(crate) fn line(knowledge: &str, report: &Report) -> String {
    format!(
        "{knowledge}: {} added{}, {} changed, {} removed, {} unchanged, {} failed; {} passages from {} kB in {}",
        report.added,
        if report.moved > 0 { format!(" ({} moved)", report.moved) } else { String::new() },
        report.changed,
        report.removed,
        report.unchanged,
        report.failed.len(),
        report.passages,
        report.bytes.div_ceil(1_000),
        told(report.took)
    )
}
