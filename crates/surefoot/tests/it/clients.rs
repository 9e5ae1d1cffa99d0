//! Programs in other languages: `cargo xtask test` installs what they import.

use std::path::{Path, PathBuf};

use tokio::process::Command;

/// The project's own folder.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn installed(variable: &str, otherwise: &str) -> PathBuf {
    let path =
        std::env::var_os(variable).map_or_else(|| workspace().join("target/clients").join(otherwise), PathBuf::from);
    assert!(path.exists(), "{} is missing: run `cargo xtask test`, which installs it", path.display());
    path
}

/// Puts a program where its imports are found, and gives its path.
pub(crate) fn script(name: &str, text: &str) -> String {
    // Node looks for packages beside the program.
    let path = installed("SUREFOOT_TEST_NODE_FOLDER", "node").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path.to_string_lossy().into_owned()
}

fn of_this_project(name: &str) -> String {
    if Path::new(name).is_absolute() {
        return name.to_owned();
    }
    if name.starts_with("node_modules/") {
        return installed("SUREFOOT_TEST_NODE_FOLDER", "node").join(name).to_string_lossy().into_owned();
    }
    script(name, &std::fs::read_to_string(workspace().join("tests/clients").join(name)).unwrap())
}

/// The Python that has a language model and its server.
pub(crate) fn local_model() -> PathBuf {
    installed("SUREFOOT_TEST_LOCAL_MODEL", "local_model/bin/python")
}

/// A program of tests/clients, or of this path, to be run by Python.
pub(crate) fn python(name: &str) -> Command {
    let mut command = Command::new(installed("SUREFOOT_TEST_PYTHON", "venv/bin/python"));
    command.arg(of_this_project(name)).kill_on_drop(true);
    command
}

/// A module of Python's that is a program.
pub(crate) fn module(name: &str) -> Command {
    let mut command = Command::new(installed("SUREFOOT_TEST_PYTHON", "venv/bin/python"));
    command.args(["-m", name]).kill_on_drop(true);
    command
}

/// A program of tests/clients, of a package, or of this path, to be run by Node.js.
pub(crate) fn node(name: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(of_this_project(name)).kill_on_drop(true);
    command
}
