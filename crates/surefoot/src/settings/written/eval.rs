//! An eval's file as written. Graders and the gate stay JSON here: the lab knows their options.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::settings::{
    source::{At, Place},
    table::{Section, Toml, field, json},
};

/// An eval.
pub(crate) const EVAL: Section = Section {
    file: "evals/<name>.toml",
    header: "",
    about: "An eval: who is asked, over which cases, and what scores the answers.",
    fields: &[
        field(
            "subject",
            "subject = \"answer\"",
            "required",
            "A function, `function@variant`, an alias or `provider/model-id`.",
        ),
        field(
            "dataset",
            "dataset = \"answer.jsonl\"",
            "required",
            "The file of its cases beside this one: `.jsonl`, `.csv` or `.yaml`.",
        ),
        field(
            "judge",
            "judge = \"openai/gpt-5-mini\"",
            "none",
            "Who judges, for graders that ask a model: a function, an alias or `provider/model-id`.",
        ),
        field("graders", "[[graders]]", "required", "What scores the answers."),
        field("gate", "[gate]", "none", "What the scores must reach."),
    ],
};

/// An eval.
#[derive(Debug)]
pub(crate) struct Eval {
    /// Its file's name without `.toml`, placed at the file's top.
    pub(crate) name: At<String>,
    pub(crate) subject: Option<At<String>>,
    pub(crate) dataset: Option<At<String>>,
    pub(crate) judge: Option<At<String>>,
    pub(crate) graders: Vec<Options>,
    pub(crate) gate: Option<Options>,
}

/// A table as JSON, with the places of its keys.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) place: Place,
    pub(crate) table: Map<String, Value>,
    pub(crate) keys: BTreeMap<String, Place>,
}

impl Eval {
    /// Reads a file.
    pub(crate) fn read(toml: Toml<'_>, name: &str) -> Self {
        let place = Place::top(toml.source);
        let name = At::new(name.to_owned(), place.clone());
        let mut eval = Self { name, subject: None, dataset: None, judge: None, graders: Vec::new(), gate: None };
        let Some(value) = toml.parse(&toml.source.text) else { return eval };
        let Some(mut table) = toml.table(value, &place, &EVAL) else { return eval };
        eval.subject = table.required("subject");
        eval.dataset = table.required("dataset");
        eval.judge = table.string("judge");
        eval.graders =
            table.open_tables("graders").into_iter().map(|(place, entries)| options(place, &entries)).collect();
        eval.gate = table.open_table("gate").map(|(place, entries)| options(place, &entries));
        table.done();
        eval
    }
}

fn options(place: Place, entries: &[(At<String>, toml_span::Value<'_>)]) -> Options {
    let keys = entries.iter().map(|(key, _)| (key.value.clone(), key.place.clone())).collect();
    let table = entries.iter().map(|(key, value)| (key.value.clone(), json(value))).collect();
    Options { place, table, keys }
}
