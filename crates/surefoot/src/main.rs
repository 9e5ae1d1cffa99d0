//! The `surefoot` command.

mod assemble;
mod commands;
mod follow;
mod live;
mod settings;
mod terminal;
mod workshop;

use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).with_env_var("SUREFOOT_LOG");
    tracing_subscriber::fmt().with_env_filter(filter.from_env_lossy()).with_writer(std::io::stderr).init();
    let words = match commands::Surefoot::try_parse() {
        Ok(words) => words,
        Err(refused) => return commands::refused(&refused),
    };
    match words.run().await {
        Ok(code) => code,
        Err(error) => {
            terminal::problem(&error);
            ExitCode::from(2)
        }
    }
}
