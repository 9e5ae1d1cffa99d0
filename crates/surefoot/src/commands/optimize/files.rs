//! The files of a function's variants: read, and written only where there is none.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use surefoot_gateway::project::Function;
use surefoot_lab::optimize::Draft;

/// What a variant is named where nothing is said.
const NAME: &str = "optimized";
/// The folder of reports, within the function's.
const REPORTS: &str = "reports";

/// The folder of a function's variants, and the name of the next one.
pub(super) struct Variants {
    project: PathBuf,
    folder: PathBuf,
    name: String,
}

impl Variants {
    /// Looks for a name that is free, before anything is paid for.
    pub(super) fn of(project: &Path, function: &Function, name: Option<&str>) -> anyhow::Result<Self> {
        let folder = Path::new("functions").join(&function.name);
        let mut variants = Self { project: project.to_owned(), folder, name: String::new() };
        variants.name = match name {
            None => {
                let numbered = |n: u32| if n == 1 { NAME.to_owned() } else { format!("{NAME}-{n}") };
                let free = (1..10_000).map(numbered).find(|name| !variants.there(name));
                free.context("there are too many optimized variants: name this one with --name")?
            }
            Some(name) => {
                let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
                let fine = name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain);
                ensure!(fine, "'{name}' is no name of a variant: letters, digits, `-` and `_`");
                ensure!(!variants.there(name), "the variant '{name}' is there already: choose another --name");
                name.to_owned()
            }
        };
        Ok(variants)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A variant's file.
    pub(super) fn read(&self, variant: &str) -> anyhow::Result<Draft> {
        let file = self.file(variant);
        let text = fs::read_to_string(self.project.join(&file))
            .with_context(|| format!("there is no variant '{variant}': {} cannot be read", file.display()))?;
        match super::draft(&text) {
            Some(draft) => Ok(draft),
            None => bail!("{}: the settings between two lines of `+++` are missing", file.display()),
        }
    }

    /// Writes the variant and its report; gives their paths in the project.
    pub(super) fn write(&self, text: &str, report: &str) -> anyhow::Result<Vec<String>> {
        let mut written = Vec::new();
        for (file, text) in [(self.file(&self.name), text), (self.report(&self.name), report)] {
            let path = self.project.join(&file);
            let folder = path.parent().unwrap_or(&self.project);
            fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
            let made = OpenOptions::new().write(true).create_new(true).open(&path);
            made.and_then(|mut made| made.write_all(text.as_bytes()))
                .with_context(|| format!("{} cannot be written", path.display()))?;
            written.push(file.to_string_lossy().into_owned());
        }
        Ok(written)
    }

    fn there(&self, name: &str) -> bool {
        [self.file(name), self.report(name)].iter().any(|file| self.project.join(file).exists())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.md"))
    }

    fn report(&self, name: &str) -> PathBuf {
        self.folder.join(REPORTS).join(format!("{name}.md"))
    }
}
