//! The verbs, one file each.

mod ask;
mod check;
mod dataset;
mod eval;
pub(crate) mod ingest;
mod init;
mod judge;
mod reference;
mod search;
mod sim;
mod traces;
mod up;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};

use crate::{
    assemble::House,
    settings::{self, Settings},
    terminal,
};

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
    Ask(ask::Ask),
    Ingest(ingest::Ingest),
    Search(search::Search),
    Eval(eval::Eval),
    Judge(judge::Judge),
    Dataset(dataset::Data),
    Traces(traces::Traces),
    Sim(sim::Sim),
    #[command(hide = true)]
    Reference(reference::Reference),
}

impl Surefoot {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            Verb::Init(verb) => verb.run(),
            Verb::Up(verb) => verb.run().await,
            Verb::Check(verb) => verb.run(),
            Verb::Ask(verb) => verb.run().await,
            Verb::Ingest(verb) => verb.run().await,
            Verb::Search(verb) => verb.run().await,
            Verb::Eval(verb) => verb.run().await,
            Verb::Judge(verb) => verb.run().await,
            Verb::Dataset(verb) => verb.run(),
            Verb::Traces(verb) => verb.run().await,
            Verb::Sim(verb) => verb.run().await,
            Verb::Reference(verb) => verb.run(),
        }
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
        let data = data(&self.project, self.data.as_deref());
        let house = House::assemble(settings.project.clone(), &data).await?;
        Ok((settings, house))
    }

    /// As [`open`](Self::open), with the documents read: an unchanged one costs a hash.
    async fn open_fresh(&self) -> anyhow::Result<(Settings, House)> {
        let (settings, house) = self.open().await?;
        for source in &settings.knowledge {
            ingest::with_bar(&house, source).await?;
        }
        Ok((settings, house))
    }
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
        Err(mistakes) => {
            terminal::tell(settings::render(&mistakes));
            anyhow::bail!("the project in {} has mistakes", project.display())
        }
    }
}
