//! promptfoo's assertions, which stand at each test, as graders, which stand at the eval and look at a field of
//! the case: the same assertion of many tests is one grader.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::promptfoo::{model, rendered};
use crate::evals::{Grader, GraderSpec, Home};

/// Kinds that are known here under another name.
const RENAMED: [(&str, &str); 7] = [
    ("factuality", "factuality@autoevals"),
    ("model-graded-factuality", "factuality@autoevals"),
    ("answer-relevance", "answer_relevancy@ragas"),
    ("context-recall", "context_recall@ragas"),
    ("context-faithfulness", "faithfulness@ragas"),
    ("is-valid-openai-function-call", "is-valid-function-call"),
    ("g-eval", "llm-rubric"),
];
/// Options of an assertion that say nothing about the grade, or are carried over by name.
const KNOWN: [&str; 6] = ["type", "value", "threshold", "weight", "provider", "metric"];

/// The graders of a configuration, as its tests make them.
#[derive(Default)]
pub(super) struct Graders {
    /// Each grader's table without its field, with the field's name.
    all: Vec<(Map<String, Value>, String)>,
    /// Options that no grader takes.
    pub(super) unmapped: BTreeMap<String, u64>,
}

impl Graders {
    fn miss(&mut self, what: String) {
        *self.unmapped.entry(what).or_default() += 1;
    }

    /// Takes the assertions of one test; gives the fields that its case gets.
    pub(super) fn of_test(&mut self, asserts: &[&Value], vars: &Map<String, Value>) -> Map<String, Value> {
        let (mut fields, mut seen) = (Map::new(), BTreeMap::<String, u64>::new());
        for one in asserts {
            let Some((table, value)) = self.table(one, vars) else { continue };
            let key = Value::Object(table.clone()).to_string();
            let nth = seen.entry(key.clone()).or_default();
            *nth += 1;
            let field = self.field(table, *nth);
            fields.insert(field, value);
        }
        fields
    }

    /// The field of the `nth` grader of this table.
    fn field(&mut self, table: Map<String, Value>, nth: u64) -> String {
        let mut alike = self.all.iter().filter(|(known, _)| *known == table);
        if let Some((_, field)) = alike.nth(nth as usize - 1) {
            return field.clone();
        }
        let kind = table["kind"].as_str().unwrap_or_default();
        let plain: String = kind.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let used = |field: &String| self.all.iter().any(|(_, known)| known == field);
        let field = (1..).map(|n| format!("{plain}_{n}")).find(|field| !used(field)).unwrap_or(plain);
        self.all.push((table, field.clone()));
        field
    }

    /// An assertion as a grader's table without its expectation, and the expectation.
    fn table(&mut self, assert: &Value, vars: &Map<String, Value>) -> Option<(Map<String, Value>, Value)> {
        let written = assert.get("type").and_then(Value::as_str)?;
        let (not, plain) = written.strip_prefix("not-").map_or((false, written), |plain| (true, plain));
        let plain = RENAMED.iter().find(|(theirs, _)| *theirs == plain).map_or(plain, |(_, ours)| ours);
        let Some(kind) = GraderSpec::KINDS.iter().find(|kind| kind.name == plain) else {
            self.miss(format!("assertions of type `{written}`"));
            return None;
        };
        let takes: Vec<&str> = kind.takes().collect();
        if !takes.contains(&"field") {
            self.miss(format!("assertions of type `{written}`, which here hold for all cases: add the grader by hand"));
            return None;
        }
        let Some(value) = rendered(assert.get("value").unwrap_or(&Value::Null), vars) else {
            self.miss(format!("values of `{written}` that are computed or read from a file"));
            return None;
        };
        // A kind that does without a value is turned on by any schema.
        let value = if value.is_null() { json!(true) } else { value };
        let kind = if not { format!("not-{plain}") } else { plain.to_owned() };
        let mut table = Map::from_iter([("kind".to_owned(), Value::from(kind))]);
        let options = assert.as_object()?;
        for (name, value) in options.iter().filter(|(_, value)| !value.is_null()) {
            match name.as_str() {
                "threshold" if takes.contains(&"threshold") => drop(table.insert(name.clone(), value.clone())),
                "weight" if value.as_f64().is_some_and(|weight| weight > 0.0) => {
                    table.insert(name.clone(), value.clone());
                }
                "provider" if takes.contains(&"judge") => match model(value) {
                    Some(judge) => drop(table.insert("judge".into(), judge.into())),
                    None => self.miss(format!("the provider of a `{written}`")),
                },
                "type" | "value" | "metric" => {}
                _ if KNOWN.contains(&name.as_str()) => self.miss(format!("`{name}` of `{written}`")),
                _ => self.miss(format!("the option `{name}` of an assertion")),
            }
        }
        Some((table, value))
    }

    /// The tables, each with its field; whether one asks a judge. Those that cannot be meant are left out and told.
    pub(super) fn tables(&mut self, judge: Option<&str>) -> (Vec<Value>, bool) {
        let (mut tables, mut asks) = (Vec::new(), false);
        for (mut table, field) in std::mem::take(&mut self.all) {
            let kind = table["kind"].clone();
            table.insert("field".into(), field.clone().into());
            table.insert("name".into(), field.replace('_', " ").into());
            let home = Home { folder: std::path::Path::new("."), judge };
            let read = GraderSpec::read(&table)
                .map_err(|wrong| wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
            match read.and_then(|spec| Grader::compile(&spec, home).map(|_| spec.asks())) {
                Ok(judged) => {
                    asks |= judged;
                    tables.push(Value::Object(table));
                }
                Err(why) => self.miss(format!("an assertion of type {kind}: {why}")),
            }
        }
        (tables, asks)
    }
}
