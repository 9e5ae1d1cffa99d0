//! The verbs, one file each.

mod ask;
mod audit;
mod backup;
mod budgets;
mod cache;
mod check;
mod dataset;
mod doctor;
mod erase;
mod eval;
mod experiment;
mod feedback;
mod guard;
mod import;
pub(crate) mod ingest;
mod init;
mod judge;
mod keys;
mod mcp;
mod migrate;
mod models;
mod optimize;
mod reconcile;
mod redteam;
mod reference;
mod rekey;
mod replay;
mod restore;
mod schema;
mod search;
mod sim;
mod spend;
mod traces;
mod types;
mod up;
mod when;
mod why;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::bail;
use clap::{Args, Parser, Subcommand};
use surefoot_types::{Clock, SystemClock, audit::AuditDraft, ports::Store};

use crate::{
    assemble::{self, House},
    settings::{self, Mistake, Settings, Upkeep},
    terminal,
};

/// Who did what was done from the command line, in the audit log.
const CLI: &str = "cli";

/// Sure-footed answers from unpredictable models.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Surefoot {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Init(init::Init),
    Up(up::Up),
    Check(check::Check),
    Schema(schema::Schema),
    Types(types::Types),
    Import(import::Import),
    Ask(ask::Ask),
    #[command(visible_alias = "sync")]
    Ingest(ingest::Ingest),
    Search(search::Search),
    Eval(eval::Eval),
    Judge(judge::Judge),
    Redteam(redteam::Redteam),
    Optimize(optimize::Optimize),
    Cache(cache::Cache),
    Dataset(dataset::Data),
    Traces(traces::Traces),
    Why(why::Why),
    Feedback(feedback::Feedback),
    Experiment(experiment::Experiment),
    Replay(replay::Replay),
    Keys(keys::Keys),
    Budgets(budgets::Budgets),
    Models(models::Models),
    Spend(spend::Spend),
    Reconcile(reconcile::Reconcile),
    Erase(erase::Erase),
    Audit(audit::Audit),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Migrate(migrate::Migrate),
    Rekey(rekey::Rekey),
    Guard(guard::Guard),
    Doctor(doctor::Doctor),
    Sim(sim::Sim),
    Mcp(mcp::Mcp),
    #[command(hide = true)]
    Reference(reference::Reference),
}

impl Surefoot {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            Verb::Init(verb) => verb.run(),
            Verb::Up(verb) => verb.run().await,
            Verb::Check(verb) => verb.run(),
            Verb::Schema(verb) => verb.run(),
            Verb::Types(verb) => verb.run(),
            Verb::Import(verb) => verb.run(),
            Verb::Ask(verb) => verb.run().await,
            Verb::Ingest(verb) => verb.run().await,
            Verb::Search(verb) => verb.run().await,
            Verb::Eval(verb) => verb.run().await,
            Verb::Judge(verb) => verb.run().await,
            Verb::Redteam(verb) => verb.run().await,
            Verb::Optimize(verb) => verb.run().await,
            Verb::Cache(verb) => verb.run().await,
            Verb::Dataset(verb) => verb.run().await,
            Verb::Traces(verb) => verb.run().await,
            Verb::Why(verb) => verb.run().await,
            Verb::Feedback(verb) => verb.run().await,
            Verb::Experiment(verb) => verb.run().await,
            Verb::Replay(verb) => verb.run().await,
            Verb::Keys(verb) => verb.run().await,
            Verb::Budgets(verb) => verb.run().await,
            Verb::Models(verb) => verb.run(),
            Verb::Spend(verb) => verb.run().await,
            Verb::Reconcile(verb) => verb.run().await,
            Verb::Erase(verb) => verb.run().await,
            Verb::Audit(verb) => verb.run().await,
            Verb::Backup(verb) => verb.run().await,
            Verb::Restore(verb) => verb.run().await,
            Verb::Migrate(verb) => verb.run().await,
            Verb::Rekey(verb) => verb.run().await,
            Verb::Guard(verb) => verb.run(),
            Verb::Doctor(verb) => verb.run().await,
            Verb::Sim(verb) => verb.run().await,
            Verb::Mcp(verb) => verb.run().await,
            Verb::Reference(verb) => verb.run(),
        }
    }
}

/// Tells what is wrong with the words of a command, or the help that was asked for. A build that asks for a
/// gate must not take a misspelt option, which exits with 2 elsewhere, for a verdict.
pub(crate) fn refused(why: &clap::Error) -> ExitCode {
    let _ = why.print();
    let gate = std::env::args_os().any(|word| word == "--gate");
    match why.use_stderr() {
        false => ExitCode::SUCCESS,
        true if gate => ExitCode::from(surefoot_lab::evals::Decided::Broken.code()),
        true => ExitCode::from(2),
    }
}

/// Which project, and where its state is.
#[derive(Debug, Args)]
struct Place {
    /// The project's folder
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    project: PathBuf,
    /// Where its state is kept [default: .surefoot in the project's folder]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Place {
    /// Reads the project and puts the program together over it.
    async fn open(&self) -> anyhow::Result<(Settings, House)> {
        let settings = read(&self.project)?;
        let house = House::assemble(&settings, &self.data()).await?;
        Ok((settings, house))
    }

    /// Where its state is kept.
    fn data(&self) -> PathBuf {
        data(&self.project, self.data.as_deref())
    }

    /// What the project says of its store.
    fn upkeep(&self) -> anyhow::Result<Upkeep> {
        settings::upkeep(&self.project).map_err(|mistakes| mistaken(&self.project, &mistakes))
    }

    /// The store alone, made where there is none.
    async fn store(&self) -> anyhow::Result<Arc<dyn Store>> {
        Ok(assemble::open(&self.upkeep()?.store, &self.data()).await?)
    }

    /// The store alone, for commands that look at what is there.
    async fn existing_store(&self) -> anyhow::Result<Arc<dyn Store>> {
        let file = assemble::file(&self.data());
        if self.upkeep()?.store.url.is_none() && !file.exists() {
            bail!("there is no {}: nothing was asked here yet", file.display());
        }
        self.store().await
    }

    /// As [`open`](Self::open), with the documents read: an unchanged one costs a hash. What comes over the network is
    /// fetched where nothing was yet; `surefoot sync` brings it up to date.
    async fn open_fresh(&self) -> anyhow::Result<(Settings, House)> {
        let (settings, house) = self.open().await?;
        for source in &settings.knowledge {
            if source.is_local() || house.store.document_stamps(&source.knowledge).await?.is_empty() {
                ingest::with_bar(&house, source).await?;
            }
        }
        Ok((settings, house))
    }
}

/// Notes in the audit log what was done from here.
async fn note(store: &dyn Store, action: &str, subject: &str, detail: serde_json::Value) -> anyhow::Result<()> {
    let draft =
        AuditDraft { at: SystemClock.now(), actor: CLI.into(), action: action.into(), subject: subject.into(), detail };
    store.audit_add(&draft).await?;
    Ok(())
}

fn data(project: &Path, data: Option<&Path>) -> PathBuf {
    data.map_or_else(|| project.join(".surefoot"), Path::to_path_buf)
}

/// Reads a project; tells its warnings, and its mistakes where there are any.
fn read(project: &Path) -> anyhow::Result<Settings> {
    match settings::load(project) {
        Ok((settings, warnings)) => {
            if !warnings.is_empty() {
                terminal::tell(settings::render(&warnings));
            }
            Ok(settings)
        }
        Err(mistakes) => Err(mistaken(project, &mistakes)),
    }
}

/// Tells mistakes.
fn mistaken(project: &Path, mistakes: &[Mistake]) -> anyhow::Error {
    terminal::tell(settings::render(mistakes));
    anyhow::anyhow!("the project in {} has mistakes", project.display())
}
