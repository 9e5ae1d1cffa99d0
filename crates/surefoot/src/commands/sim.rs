//! `surefoot sim`.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;
use surefoot_gateway::attempt::sim::Script;
use surefoot_server::sim::{SimOptions, serve};
use tokio::net::TcpListener;

use super::up::ended;
use crate::terminal::{say_json, tell};

/// Serve a simulated provider that misbehaves on request
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot sim
  surefoot sim --bind 127.0.0.1:4142 --seed 7
  surefoot sim --script answers.toml
  surefoot sim --bind 127.0.0.1:0 --json | jq '.url'

Point an SDK at http://127.0.0.1:4142/v1 and name what it should do as the model:
  ok, echo, words-40+gap-25ms, fail-429+retry-after-2s+times-2, cut-5, stall-5, bad-json, …
docs/simulator.md lists all words.")]
pub(crate) struct Sim {
    /// The address to serve on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4142")]
    bind: SocketAddr,
    /// The seed of its answers
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// A file of rules that decide before the model's name does
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Print where it serves as JSON
    #[arg(long)]
    json: bool,
}

impl Sim {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let script = self.script.as_deref().map(read).transpose()?;
        let listener = TcpListener::bind(self.bind).await.with_context(|| format!("cannot serve on {}", self.bind))?;
        let address = listener.local_addr()?;
        if self.json {
            say_json(&json!({"url": format!("http://{address}")}))?;
        }
        tell(format!("listening on http://{address}"));
        serve(SimOptions { seed: self.seed, script }, listener, ended()).await?;
        Ok(ExitCode::SUCCESS)
    }
}

fn read(path: &std::path::Path) -> anyhow::Result<Script> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Script::parse(&text).or_else(|mistakes| {
        for mistake in &mistakes {
            tell(format!("{}:{}:{}: {}", path.display(), mistake.line, mistake.column, mistake.message));
        }
        bail!("{} has mistakes", path.display())
    })
}
