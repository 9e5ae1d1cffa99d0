//! The project's files, for the console: variants are tried and written, cases are added.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use surefoot_gateway::Project;
use surefoot_lab::evals::Dataset;
use surefoot_server::{Draft, Workshop};
use surefoot_types::{Code, Fault};

use crate::settings::{self, Mistake};

/// A project's folder.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Workshop for Folder {
    fn variant_text(&self, function: &str, variant: &str) -> Result<String, Fault> {
        let path = Draft::new(function, variant, "")?.path();
        fs::read_to_string(self.0.join(&path)).map_err(|error| failed(&path, "read", &error))
    }

    fn drafted(&self, draft: &Draft) -> Result<Arc<Project>, Fault> {
        let name = (draft.function.clone(), draft.variant.clone());
        let drafts = BTreeMap::from([(name, draft.text.clone())]);
        match settings::load_with(&self.0, &drafts) {
            Ok((settings, _)) => Ok(Arc::new(settings.project)),
            Err(mistakes) => Err(told(&mistakes)),
        }
    }

    fn variant_add(&self, draft: &Draft) -> Result<(), Fault> {
        let path = draft.path();
        if self.0.join(&path).exists() {
            return Err(there(&path));
        }
        self.drafted(draft)?;
        let made = OpenOptions::new().write(true).create_new(true).open(self.0.join(&path));
        let written = made.and_then(|mut file| file.write_all(draft.text.as_bytes()));
        written.map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => there(&path),
            _ => failed(&path, "written", &error),
        })
    }

    fn evals(&self, function: &str) -> Vec<String> {
        let Ok((settings, _)) = settings::load(&self.0) else { return Vec::new() };
        let asks = |subject: &str| subject.split('@').next() == Some(function);
        settings.evals.iter().filter(|eval| asks(&eval.subject)).map(|eval| eval.name.clone()).collect()
    }

    fn datasets(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.join("evals")).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<String> =
            names.filter(|name| is_dataset(name)).map(|name| format!("evals/{name}")).collect();
        names.sort();
        names
    }

    fn case_add(&self, dataset: &str, line: &str) -> Result<(), Fault> {
        if !self.datasets().iter().any(|known| known == dataset) {
            return Err(Fault::bad_request("dataset", format!("there is no dataset {dataset}")));
        }
        let path = self.0.join(dataset);
        let before = fs::read_to_string(&path).map_err(|error| failed(dataset, "read", &error))?;
        let joint = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
        fits(&path, &format!("{before}{joint}{line}\n"))?;
        let opened = OpenOptions::new().append(true).open(&path);
        let added = opened.and_then(|mut file| file.write_all(format!("{joint}{line}\n").as_bytes()));
        added.map_err(|error| failed(dataset, "written", &error))
    }
}

fn there(path: &str) -> Fault {
    Fault::bad_request("name", format!("{path} is there already")).hint("Choose another name.")
}

fn is_dataset(name: &str) -> bool {
    name.ends_with(".jsonl") && !name.starts_with('.')
}

/// A dataset with the line in it must be one: two cases of one id would break every eval over it.
fn fits(path: &Path, text: &str) -> Result<(), Fault> {
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let read = Dataset::parse(&file, text.as_bytes());
    read.map(|_| ()).map_err(|error| Fault::bad_request("line", error.to_string()))
}

/// The mistakes that a draft would bring, a line each.
fn told(mistakes: &[Mistake]) -> Fault {
    let line = |mistake: &Mistake| {
        let hint = mistake.suggestion.as_ref().map(|hint| format!(" {hint}")).unwrap_or_default();
        format!(
            "{}:{}:{}: {}.{hint}",
            mistake.file,
            mistake.line,
            mistake.column,
            mistake.message.trim_end_matches('.')
        )
    };
    let errors = mistakes.iter().filter(|mistake| !mistake.warning);
    Fault::bad_request("text", errors.map(line).collect::<Vec<_>>().join("\n"))
}

fn failed(path: &str, what: &str, error: &std::io::Error) -> Fault {
    let code = if error.kind() == std::io::ErrorKind::NotFound { Code::NotFound } else { Code::Internal };
    Fault::new(code, format!("{path} cannot be {what}: {error}"))
}
