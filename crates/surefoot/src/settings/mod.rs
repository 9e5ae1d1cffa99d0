//! The files of a project, in two shapes: as written (with the place of every value), and checked.

mod capabilities;
mod checked;
mod mistake;
mod prices;
mod schema;
mod source;
mod table;
mod written;

use std::{
    collections::BTreeMap,
    fs, io,
    io::IsTerminal,
    path::{Path, PathBuf},
    sync::Arc,
};

use surefoot_gateway::attempt::presets::{Auth, PRESETS};

use self::{
    checked::Ground,
    mistake::Mistakes,
    source::{Place, Source},
    table::Toml,
    written::{Written, eval::Eval, function::Function, root::Root, variant::Variant},
};
pub(crate) use self::{
    checked::{ADMINS, Retention, Settings, StoreSettings, Upkeep, days, duration, moment},
    mistake::Mistake,
    schema::schema,
    written::variant::parts,
};

/// What [`load`] reads of a project's folder: files, and folders of them.
pub(crate) const FILES: [&str; 3] = ["surefoot.toml", "functions", "evals"];

/// Reads and checks the project in `folder`.
///
/// # Errors
/// Every mistake in every file, warnings among them. Without a mistake, the warnings come with the settings.
pub(crate) fn load(folder: &Path) -> Result<(Settings, Vec<Mistake>), Vec<Mistake>> {
    load_with(folder, &BTreeMap::new(), Drafted::Tried)
}

/// What variants that have no file are taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drafted {
    /// Tried beside the files: a function of one file still needs to name no default.
    Tried,
    /// Files like the others: what is wrong then is what would be wrong once they are written.
    Written,
}

/// As [`load`], as if there were these variants too, which have no file: a function and a name, with the text.
///
/// # Errors
/// As [`load`].
pub(crate) fn load_with(
    folder: &Path,
    drafts: &BTreeMap<(String, String), String>,
    drafted: Drafted,
) -> Result<(Settings, Vec<Mistake>), Vec<Mistake>> {
    let environment = |name: &str| std::env::var(name).ok();
    let mistakes = Mistakes::default();
    let mut reading = Reading { folder, drafts, drafted, mistakes: &mistakes, hasher: blake3::Hasher::new() };
    let written = reading.project();
    let version = reading.hasher.finalize().to_string();
    let ground = Ground { folder, environment: &environment, mistakes: &mistakes };
    let settings = ground.check(&written, version);
    let found = mistakes.finish();
    if found.iter().all(|mistake| mistake.warning) { Ok((settings, found)) } else { Err(found) }
}

/// Reads what those need to know who only look after a project's store. A provider's key that is not set, or
/// a mistake in a prompt, keeps nobody from looking at traces.
///
/// # Errors
/// Every mistake in the form of `surefoot.toml`, and in what it says of the store.
pub(crate) fn upkeep(folder: &Path) -> Result<Upkeep, Vec<Mistake>> {
    let environment = |name: &str| std::env::var(name).ok();
    let mistakes = Mistakes::default();
    let (drafts, drafted) = (&BTreeMap::new(), Drafted::Tried);
    let mut reading = Reading { folder, drafts, drafted, mistakes: &mistakes, hasher: blake3::Hasher::new() };
    let source = reading.file("surefoot.toml", false).unwrap_or_else(|| Source::new("surefoot.toml", ""));
    let root = Root::read(reading.toml(&source));
    let upkeep = Ground { folder, environment: &environment, mistakes: &mistakes }.upkeep(&root);
    let found = mistakes.finish();
    if found.iter().all(|mistake| mistake.warning) { Ok(upkeep) } else { Err(found) }
}

/// Mistakes as text for people, with lines and colours on terminals.
pub(crate) fn render(mistakes: &[Mistake]) -> String {
    mistake::render(mistakes, io::stderr().is_terminal())
}

/// Of when the built-in prices are, and what is known of models.
pub(crate) fn dates() -> (String, String) {
    (prices::source(), capabilities::source())
}

/// Every table and field of a project, as a document.
pub(crate) fn reference() -> String {
    let mut text = String::from("# The project's files\n\nMade by `cargo xtask codegen` from the program itself.\n");
    let mut file = "";
    for section in written::SECTIONS {
        if section.file != file {
            file = section.file;
            text.push_str(&format!("\n## {file}\n"));
        }
        if !section.header.is_empty() {
            text.push_str(&format!("\n### `{}`\n", section.header));
        }
        text.push_str(&format!("\n{}\n\n| key | example | default | what it is |\n|---|---|---|---|\n", section.about));
        for field in section.fields {
            let cells = [field.name, field.example, field.default, field.about].map(|cell| cell.replace('|', "\\|"));
            let [name, example, default, about] = cells;
            text.push_str(&format!("| `{name}` | `{example}` | {default} | {about} |\n"));
        }
    }
    text.push_str(&kinds());
    let (prices, capabilities) = (prices::source(), capabilities::source());
    text.push_str(&format!("\nBuilt-in prices are those of {prices}, what models can do is that of {capabilities}.\n"));
    text
}

/// The kinds of provider, as a table.
fn kinds() -> String {
    let mut text = String::from(
        "\n### Kinds of provider\n\n| kind | api | address | key | beside conversations |\n|---|---|---|---|---|\n",
    );
    for preset in PRESETS {
        let address = if preset.base_url.is_empty() { "your own" } else { &format!("`{}`", preset.base_url) };
        let key = match preset.auth {
            _ if preset.keyless => "none needed",
            Auth::Bearer | Auth::Header(_) => "a key",
            Auth::HeaderOrBearer(_) => "a key, or a token from a program",
            Auth::Token => "a token from a file or a program",
            Auth::Signed => "an account of AWS, or a key",
        };
        let beside =
            [(preset.embeddings, "embeddings"), (preset.rerank, "rerank"), (preset.moderations, "moderations")];
        let beside: Vec<&str> = beside.into_iter().filter_map(|(side, name)| side.map(|_| name)).collect();
        text.push_str(&format!(
            "| `{}` | `{}` | {address} | {key} | {} |\n",
            preset.kind,
            preset.api,
            beside.join(", ")
        ));
    }
    text
}

/// Reads the files of a project, in the order of their names.
struct Reading<'a> {
    folder: &'a Path,
    /// Variants that have no file, by function and name.
    drafts: &'a BTreeMap<(String, String), String>,
    drafted: Drafted,
    mistakes: &'a Mistakes,
    hasher: blake3::Hasher,
}

impl Reading<'_> {
    fn project(&mut self) -> Written {
        let source = self.file("surefoot.toml", true).unwrap_or_else(|| Source::new("surefoot.toml", ""));
        let root = Root::read(self.toml(&source));
        let functions =
            self.names("functions", |path| path.is_dir()).into_iter().map(|name| self.function(&name)).collect();
        let evals = self.names("evals", |path| path.extension().is_some_and(|ending| ending == "toml"));
        let evals = evals.into_iter().filter_map(|name| {
            let source = self.file(&format!("evals/{name}"), true)?;
            Some(Eval::read(self.toml(&source), name.strip_suffix(".toml").unwrap_or(&name)))
        });
        Written { root, functions, evals: evals.collect() }
    }

    fn function(&mut self, name: &str) -> Function {
        let folder = format!("functions/{name}");
        let files = self.names(&folder, |path| path.extension().is_some_and(|ending| ending == "md"));
        let variants = files.into_iter().filter_map(|file| {
            let source = self.file(&format!("{folder}/{file}"), true)?;
            Some(Variant::read(&source, file.strip_suffix(".md").unwrap_or(&file), self.mistakes))
        });
        let mut variants: Vec<Variant> = variants.collect();
        let files = variants.len();
        for ((_, draft), text) in self.drafts.iter().filter(|((of, _), _)| of == name) {
            let source = Source::new(format!("{folder}/{draft}.md"), text);
            variants.push(Variant::read(&source, draft, self.mistakes));
        }
        let path = format!("{folder}/function.toml");
        let source = self.file(&path, true).unwrap_or_else(|| Source::new(path, ""));
        // Drafts that are tried leave the default to what has a file.
        let only = (files == 1 && self.drafted == Drafted::Tried).then(|| variants[0].name.clone());
        let mut function = Function::read(self.toml(&source), name, variants);
        function.variant = function.variant.or(only);
        function
    }

    fn toml<'t>(&'t self, source: &'t Arc<Source>) -> Toml<'t> {
        Toml { source, offset: 0, mistakes: self.mistakes }
    }

    /// The names in a folder that fit, sorted; none where there is no such folder.
    fn names(&self, folder: &str, fits: impl Fn(&Path) -> bool) -> Vec<String> {
        let entries = fs::read_dir(self.folder.join(folder)).into_iter().flatten().flatten();
        let paths = entries.map(|entry| entry.path()).filter(|path| fits(path));
        let name = |path: PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let mut names: Vec<String> = paths.filter_map(name).filter(|name| !name.starts_with('.')).collect();
        names.sort();
        names
    }

    /// A file's text. One that cannot be read is a mistake.
    fn file(&mut self, name: &str, needed: bool) -> Option<Arc<Source>> {
        let read = fs::read(self.folder.join(name)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "this file is missing".to_owned(),
            _ => format!("this file cannot be read: {error}"),
        });
        let read =
            read.and_then(|bytes| String::from_utf8(bytes).map_err(|_| "this file is not UTF-8 text".to_owned()));
        match read {
            Ok(text) => {
                self.hasher.update(name.as_bytes()).update(&[0]).update(text.as_bytes()).update(&[0]);
                Some(Source::new(name, text))
            }
            Err(told) => {
                if needed {
                    let hint = (name == "surefoot.toml")
                        .then(|| "`surefoot init` writes a project; `--project` names its folder.".to_owned());
                    self.mistakes.add(&Place::top(&Source::new(name, "")), told, hint);
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_loses_its_ending_once() {
        let folder = tempfile::tempdir().unwrap();
        let answer = folder.path().join("functions/answer");
        fs::create_dir_all(&answer).unwrap();
        let variant = "+++\nmodel = \"sim/echo\"\n+++\nAnswer.\n";
        for (path, text) in [
            (folder.path().join("surefoot.toml"), ""),
            (answer.join("function.toml"), "variant = \"quote\"\n"),
            (answer.join("quote.md"), variant),
            (answer.join("quote.md.md"), variant),
        ] {
            fs::write(path, text).unwrap();
        }
        let Ok((settings, _)) = load(folder.path()) else { panic!("it is without mistakes") };
        let variants = &settings.project.functions.get("answer").unwrap().variants;
        assert!(variants.contains_key("quote") && variants.contains_key("quote.md"));
    }
}
