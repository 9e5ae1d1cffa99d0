//! JSON schemas of a project's files, from the list that the files are read by: so that an editor knows every field.
//!
//! What a value may be is taken from its example. The schemas are for typing along: they are wider than what
//! `surefoot check` lets through, and never narrower.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use surefoot_lab::evals::GraderSpec;

use super::{
    mistake::Mistakes,
    source::Source,
    table::{Field, Section, Toml, json as of_toml},
    written,
};

/// The files, by the names that people ask for them with, and by those of the lists.
pub(crate) const FILES: [(&str, &str); 4] = [
    ("surefoot.toml", "surefoot.toml"),
    ("function.toml", "functions/<name>/function.toml"),
    ("variant", "functions/<name>/<variant>.md"),
    ("eval", "evals/<name>.toml"),
];

/// The schema of a file by one of [`FILES`]' short names, as text; an empty one for any other.
pub(crate) fn schema(asked: &str) -> String {
    let file = FILES.into_iter().find(|(name, _)| *name == asked).map_or("", |(_, file)| file);
    let mut schema = File { name: file }.whole();
    schema.insert("$schema".into(), "http://json-schema.org/draft-07/schema#".into());
    schema.insert("title".into(), file.into());
    format!("{:#}\n", Value::Object(schema))
}

/// A file's sections.
struct File {
    name: &'static str,
}

impl File {
    fn sections(&self) -> impl Iterator<Item = &'static Section> {
        written::SECTIONS.iter().copied().filter(|section| section.file == self.name)
    }

    fn whole(&self) -> Map<String, Value> {
        let top = self.sections().find(|section| section.header.is_empty());
        top.map_or_else(Map::new, |section| self.table(section, &[]))
    }

    /// A table; `path`: the names before its fields, with `<name>` where the author chooses one.
    fn table(&self, section: &Section, path: &[String]) -> Map<String, Value> {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        let mut others = json!(false);
        for field in section.fields {
            let told = self.field(field, path);
            if field.name.starts_with('<') {
                others = told;
            } else {
                if field.default == "required" {
                    required.push(field.name);
                }
                properties.insert(field.name.into(), told);
            }
        }
        // A typed input is itself a JSON schema, which has more keywords than are listed.
        if section.header == "[input.<name>]" {
            others = json!(true);
        }
        let mut table = Map::new();
        table.insert("description".into(), section.about.into());
        table.insert("type".into(), "object".into());
        table.insert("properties".into(), properties.into());
        table.insert("additionalProperties".into(), others);
        if !required.is_empty() {
            table.insert("required".into(), required.into());
        }
        table
    }

    fn field(&self, field: &Field, path: &[String]) -> Value {
        let within: Vec<String> = path.iter().cloned().chain([plain(field.name)]).collect();
        let mut told = match self.inner(field, &within) {
            Some(inner) => inner,
            None => of_example(field),
        };
        if let Some(told) = told.as_object_mut() {
            let left_out = match field.default {
                "" | "required" => String::new(),
                default => format!(" Left out: {default}."),
            };
            told.insert("description".into(), format!("{}{left_out}", field.about).into());
        }
        told
    }

    /// The tables that a field holds, where they are listed too.
    fn inner(&self, field: &Field, within: &[String]) -> Option<Value> {
        let named: Vec<String> = within.iter().cloned().chain(["<name>".into()]).collect();
        let find = |path: &[String]| self.sections().find(|section| path_of(section) == path);
        if field.name == "graders" {
            return Some(graders());
        }
        if field.name == "models" && within.len() == 1 && self.name == "surefoot.toml" {
            return Some(self.models());
        }
        if let Some(section) = find(&named) {
            let one = Value::Object(self.table(section, &named));
            // A model whose price changes has several rows.
            let rows =
                if field.name == "prices" { json!({"anyOf": [one, {"type": "array", "items": one}]}) } else { one };
            return Some(json!({"type": "object", "additionalProperties": rows}));
        }
        let section = find(within).or_else(|| self.shared(field))?;
        let table = Value::Object(self.table(section, within));
        let several = section.header.starts_with("[[") || field.example.contains("= [");
        Some(if several { json!({"type": "array", "items": table}) } else { table })
    }

    /// A table that stands in several others, or within a line: it is listed under its field's own name.
    fn shared(&self, field: &Field) -> Option<&'static Section> {
        let inline = field.example.contains('{');
        self.sections().find(|section| inline && section.header == field.name)
    }

    fn models(&self) -> Value {
        let path = ["models".to_owned(), "<name>".to_owned()];
        let table = self.sections().find(|section| path_of(section) == path).map(|section| self.table(section, &path));
        let target = json!({"type": "string"});
        json!({"type": "object", "additionalProperties": {"anyOf": [
            target, {"type": "array", "items": target}, Value::Object(table.unwrap_or_default())]}})
    }
}

/// `[server.keys]` as `server`, `keys`; nothing for a table that is only ever within a line.
fn path_of(section: &Section) -> Vec<String> {
    let Some(inner) = section.header.strip_prefix('[') else { return Vec::new() };
    let inner = inner.trim_start_matches('[').trim_end_matches(']');
    let (before, quoted) = inner.split_once(".\"").map_or((inner, false), |(before, _)| (before, true));
    let mut path: Vec<String> = before.split('.').map(plain).collect();
    if quoted {
        path.push("<name>".into());
    }
    path
}

/// Every name that the author chooses is `<name>`.
fn plain(name: &str) -> String {
    if name.starts_with('<') { "<name>".into() } else { name.to_owned() }
}

fn graders() -> Value {
    let kinds = GraderSpec::KINDS.iter().flat_map(|kind| [kind.name.to_owned(), format!("not-{}", kind.name)]);
    let kinds: Vec<String> = kinds.collect();
    json!({"type": "array", "items": {"type": "object", "required": ["kind"], "properties": {
        "kind": {"description": "What kind of grader it is.", "enum": kinds}}}})
}

/// What a value may be, by its example.
fn of_example(field: &Field) -> Value {
    if field.example.starts_with("[[") {
        return json!({"type": "array", "items": {"type": "object"}});
    }
    // What is a table in the example may be written as text where it is a schema.
    if field.example.starts_with('[') {
        return if field.name == "output" { json!({"type": ["object", "string"]}) } else { json!({"type": "object"}) };
    }
    let Some(Value::Object(table)) = read(field.example) else { return json!({}) };
    table.values().next().map_or_else(|| json!({}), alike)
}

/// The kind of a value. Where one text may stand, several may in most places, and the other way about.
fn alike(value: &Value) -> Value {
    match value {
        Value::Bool(_) => json!({"type": "boolean"}),
        Value::Number(number) if number.is_f64() => json!({"type": ["number", "string"]}),
        Value::Number(_) => json!({"type": "integer"}),
        Value::Array(items) => {
            let item = items.first().map_or_else(|| json!({}), alike);
            if items.first().is_some_and(Value::is_string) {
                json!({"anyOf": [item, {"type": "array", "items": item}]})
            } else {
                json!({"type": "array", "items": item})
            }
        }
        Value::Object(table) => {
            json!({"type": "object", "additionalProperties": table.values().next().map_or_else(|| json!({}), alike)})
        }
        _ => json!({"type": "string"}),
    }
}

fn read(text: &str) -> Option<Value> {
    let source: Arc<Source> = Source::new("example", text);
    let mistakes = Mistakes::default();
    let toml = Toml { source: &source, offset: 0, mistakes: &mistakes };
    toml.parse(text).map(|value| of_toml(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(file: &str, text: &str) -> Vec<String> {
        let schema: Value = serde_json::from_str(&schema(file)).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let value = read(text).unwrap_or_else(|| panic!("{text} is TOML"));
        validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// What stands in the lists as an example fits where it would stand.
    #[test]
    fn every_example_fits() {
        for (asked, file) in FILES {
            let mut text = String::new();
            for section in written::SECTIONS.iter().filter(|section| section.file == file) {
                // Tables within a line stand in the example of their field.
                if !section.header.is_empty() && !section.header.starts_with('[') {
                    continue;
                }
                let header = section.header.replace("<provider>/<model-id>", "p/m").replace("<name>", "n");
                text.push_str(&format!("{header}\n"));
                // A table that stands below in the long form cannot stand here in the short one.
                let twice = |field: &Field| section.header == "[server]" && field.name == "keys";
                let lines = section.fields.iter().filter(|field| !field.example.starts_with('[') && !twice(field));
                lines.for_each(|field| text.push_str(&format!("{}\n", field.example)));
            }
            text.push_str(if asked == "eval" { "[[graders]]\nkind = \"contains\"\n" } else { "" });
            let text = text.replace("[models]\nfast = \"openai/gpt-4o-mini\"\n", "");
            assert_eq!(mistakes(asked, &text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn every_file_of_the_examples_fits() {
        let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
        let mut folders = vec![examples];
        let mut seen = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                let within = path.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                let (asked, text) = match (name.as_str(), within.as_str()) {
                    ("surefoot.toml" | "function.toml", _) => (name.as_str(), text),
                    (name, "evals") if name.ends_with(".toml") => ("eval", text),
                    (name, _) if name.ends_with(".md") && text.starts_with("+++\n") => {
                        ("variant", text[4..].split_once("+++").unwrap().0.to_owned())
                    }
                    _ => continue,
                };
                seen += 1;
                assert_eq!(mistakes(asked, &text), Vec::<String>::new(), "{}", path.display());
            }
        }
        assert!(seen > 3, "{seen} files");
    }

    #[test]
    fn what_is_wrong_does_not_fit() {
        for (file, text) in [
            ("surefoot.toml", "[provider.openai]\nkind = \"openai\""),
            ("surefoot.toml", "[providers.openai]\nkid = \"openai\""),
            ("surefoot.toml", "[providers.openai]\nkey = \"env:A\""),
            ("surefoot.toml", "[models]\nfast = 3"),
            ("surefoot.toml", "[models.fast]\ntargets = [\"a/b\"]\nretries = \"many\""),
            ("surefoot.toml", "[defaults]\ntimeouts = { first = \"1s\" }"),
            ("surefoot.toml", "[[server.keys]]\nname = \"app\""),
            ("surefoot.toml", "[guards.personal]\naction = true"),
            ("function.toml", "passages = \"six\""),
            ("function.toml", "[cache]\nsemantics = true"),
            ("variant", "temperature = 0.2"),
            ("variant", "model = \"m\"\n[vote]\nanswers = \"five\""),
            ("eval", "subject = \"answer\"\ndataset = \"a.jsonl\""),
            ("eval", "subject = \"answer\"\ndataset = \"a.jsonl\"\n[[graders]]\nkind = \"guesses\""),
        ] {
            assert!(!mistakes(file, text).is_empty(), "{file}: {text}");
        }
    }
}
