//! The project's files, for the console: variants are tried and written, cases are added.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use surefoot_gateway::Project;
use surefoot_lab::evals::{Dataset, harvest::Scrub};
use surefoot_server::{Draft, Workshop};
use surefoot_types::{Code, Fault};
use tempfile::NamedTempFile;

use crate::settings::{self, Drafted, Mistake};

/// A project's folder.
pub(crate) struct Folder {
    path: PathBuf,
    scrub: Box<dyn Scrub + Send + Sync>,
    /// Held while a file is looked at and written, so that of two pages one is told what the other did.
    writing: Mutex<()>,
}

impl Folder {
    /// The project in this folder; what is taken over from traces is scrubbed so.
    pub(crate) fn new(path: PathBuf, scrub: Box<dyn Scrub + Send + Sync>) -> Self {
        Self { path, scrub, writing: Mutex::default() }
    }

    fn one_at_a_time(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The project with this draft in it.
    fn project(&self, draft: &Draft, drafted: Drafted) -> Result<Arc<Project>, Fault> {
        let name = (draft.function.clone(), draft.variant.clone());
        let drafts = BTreeMap::from([(name, draft.text.clone())]);
        match settings::load_with(&self.path, &drafts, drafted) {
            Ok((settings, _)) => Ok(Arc::new(settings.project)),
            Err(mistakes) => Err(told(&mistakes)),
        }
    }
}

impl Workshop for Folder {
    fn variant_text(&self, function: &str, variant: &str) -> Result<String, Fault> {
        let path = Draft::new(function, variant, "")?.path();
        fs::read_to_string(self.path.join(&path)).map_err(|error| failed(&path, "read", &error))
    }

    fn drafted(&self, draft: &Draft) -> Result<Arc<Project>, Fault> {
        self.project(draft, Drafted::Tried)
    }

    fn variant_fits(&self, draft: &Draft) -> Result<(), Fault> {
        let path = draft.path();
        if self.path.join(&path).exists() {
            return Err(there(&path));
        }
        self.project(draft, Drafted::Written).map(|_| ())
    }

    fn variant_add(&self, draft: &Draft) -> Result<(), Fault> {
        let _writing = self.one_at_a_time();
        self.variant_fits(draft)?;
        let path = draft.path();
        write_new(&self.path.join(&path), &draft.text).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => there(&path),
            _ => failed(&path, "written", &error),
        })
    }

    fn evals(&self, function: &str) -> Vec<String> {
        let Ok((settings, _)) = settings::load(&self.path) else { return Vec::new() };
        let asks = |subject: &str| subject.split('@').next() == Some(function);
        settings.evals.iter().filter(|eval| asks(&eval.subject)).map(|eval| eval.name.clone()).collect()
    }

    fn datasets(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path.join("evals")).into_iter().flatten().flatten();
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
        let _writing = self.one_at_a_time();
        let path = self.path.join(dataset);
        let before = fs::read_to_string(&path).map_err(|error| failed(dataset, "read", &error))?;
        let joint = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
        fits(&path, &format!("{before}{joint}{line}\n"))?;
        let opened = OpenOptions::new().append(true).open(&path);
        let added = opened.and_then(|mut file| file.write_all(format!("{joint}{line}\n").as_bytes()));
        added.map_err(|error| failed(dataset, "written", &error))
    }

    fn scrub(&self, text: &str) -> String {
        self.scrub.scrub(text)
    }
}

/// Writes a file that is not there, as a whole or not at all.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = hidden(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map(|_| ()).map_err(|error| error.error)
}

/// A file that nobody takes for one of the project's.
fn hidden(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".").suffix(".new");
    // As any file that is made here, not for this user alone.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
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

fn failed(path: &str, what: &str, error: &io::Error) -> Fault {
    let code = if error.kind() == io::ErrorKind::NotFound { Code::NotFound } else { Code::Internal };
    Fault::new(code, format!("{path} cannot be {what}: {error}"))
}

#[cfg(test)]
mod tests {
    use std::thread;

    use tempfile::TempDir;

    use super::*;

    struct Loud;

    impl Scrub for Loud {
        fn scrub(&self, text: &str) -> String {
            text.to_uppercase()
        }
    }

    const QUOTE: &str = "+++\nmodel = \"sim/echo\"\n+++\nAnswer.\n";

    /// A project of one function with one variant.
    fn project(function: &str) -> (TempDir, Folder) {
        let made = tempfile::tempdir().unwrap();
        for folder in ["functions/answer", "evals"] {
            fs::create_dir_all(made.path().join(folder)).unwrap();
        }
        for (path, text) in [
            ("surefoot.toml", ""),
            ("functions/answer/function.toml", function),
            ("functions/answer/quote.md", QUOTE),
            ("evals/answer.jsonl", ""),
        ] {
            fs::write(made.path().join(path), text).unwrap();
        }
        let folder = Folder::new(made.path().to_owned(), Box::new(Loud));
        (made, folder)
    }

    fn kind(text: &str) -> Draft {
        Draft::new("answer", "kind", text).unwrap()
    }

    fn files(made: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(made.path().join("functions/answer")).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_variant_that_would_leave_no_default_is_tried_but_not_written() {
        let (made, folder) = project("");
        assert!(folder.drafted(&kind(QUOTE)).is_ok());
        for refused in [folder.variant_fits(&kind(QUOTE)), folder.variant_add(&kind(QUOTE))] {
            let told = refused.unwrap_err().message;
            assert!(told.contains("several variants and no default"), "{told}");
        }
        assert_eq!(files(&made), ["function.toml", "quote.md"]);
        assert!(settings::load(made.path()).is_ok());
    }

    #[test]
    fn of_two_that_write_one_variant_one_does_and_nothing_else_is_left() {
        let (made, folder) = project("variant = \"quote\"\n");
        let texts = [QUOTE.to_owned(), QUOTE.replace("Answer", "Kindly answer")];
        let folder = &folder;
        let wrote = thread::scope(|scope| {
            let all = texts.each_ref().map(|text| scope.spawn(move || folder.variant_add(&kind(text))));
            all.map(|one| one.join().unwrap())
        });
        assert_eq!(wrote.iter().filter(|wrote| wrote.is_ok()).count(), 1, "{wrote:?}");
        let winner = wrote.iter().position(Result::is_ok).unwrap();
        assert_eq!(folder.variant_text("answer", "kind").unwrap(), texts[winner]);
        assert_eq!(files(&made), ["function.toml", "kind.md", "quote.md"]);
        assert!(folder.variant_add(&kind(QUOTE)).unwrap_err().message.contains("is there already"));
    }

    #[test]
    fn cases_that_are_added_at_once_are_all_there_and_no_id_twice() {
        let (made, folder) = project("");
        let wrote = thread::scope(|scope| {
            let add = |id: usize| folder.case_add("evals/answer.jsonl", &format!(r#"{{"id":"c{id}","input":"x"}}"#));
            // Each id is tried twice.
            let all: Vec<_> = (0..16).map(|at| scope.spawn(move || add(at / 2))).collect();
            all.into_iter().map(|one| one.join().unwrap()).filter(Result::is_ok).count()
        });
        let text = fs::read_to_string(made.path().join("evals/answer.jsonl")).unwrap();
        assert_eq!((wrote, text.lines().count()), (8, 8), "{text}");
    }

    #[test]
    fn what_comes_from_traces_is_scrubbed_as_it_was_given() {
        assert_eq!(project("").1.scrub("mail"), "MAIL");
    }
}
