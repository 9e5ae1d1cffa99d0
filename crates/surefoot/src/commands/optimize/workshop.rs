//! Variants that have no file, known to this program alone.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use surefoot_lab::optimize::{Draft, Workshop};

use crate::{assemble::House, settings};

/// Drafts of a function, in the snapshot that requests run with.
pub(super) struct Drafts<'a> {
    house: &'a House,
    project: PathBuf,
    function: String,
    known: Mutex<BTreeMap<(String, String), String>>,
}

impl<'a> Drafts<'a> {
    pub(super) fn new(house: &'a House, project: &Path, function: &str) -> Self {
        Self { house, project: project.to_owned(), function: function.to_owned(), known: Mutex::default() }
    }
}

impl Workshop for Drafts<'_> {
    fn admit(&self, name: &str, draft: &Draft) -> Result<String, String> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (self.function.clone(), name.to_owned());
        if !known.contains_key(&key) {
            let mut with = known.clone();
            with.insert(key, draft.text());
            let read = settings::load_with(&self.project, &with, settings::Drafted::Tried);
            let (settings, _) = read.map_err(|mistakes| {
                let told = mistakes.iter().filter(|mistake| !mistake.warning);
                let line = |one: &settings::Mistake| format!("{}:{}: {}", one.file, one.line, one.message);
                told.map(line).collect::<Vec<_>>().join("; ")
            })?;
            self.house.adopt(&settings);
            *known = with;
        }
        Ok(format!("{}@{name}", self.function))
    }
}
