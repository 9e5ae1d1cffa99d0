//! Graders as an eval file describes them, and which options each kind takes.

use serde_json::{Map, Value};

use crate::evals::Mistake;

/// A grader, as its table in an eval file describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct GraderSpec {
    /// What its row is called; its kind where the file gives no name.
    pub name: String,
    /// Whether pass and fail change places.
    pub not: bool,
    /// What is expected.
    pub expect: Expect,
    /// What is checked.
    pub check: Check,
}

/// Where an expectation comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Expect {
    /// The same for every case.
    Value(Value),
    /// This field of the case.
    Field(String),
}

/// What a grader checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// The answer holds a text.
    Contains {
        /// Of a list: all or any.
        mode: Mode,
        /// Whether capitals matter not.
        ignore_case: bool,
    },
    /// A pattern is found in the answer.
    Regex {
        /// Whether capitals matter not.
        ignore_case: bool,
    },
    /// The answer is the expected one.
    Equals {
        /// Whether capitals matter not.
        ignore_case: bool,
    },
    /// The answer is JSON that fits a schema.
    JsonSchema,
    /// A citation that holds is from a source.
    CitesSource {
        /// Of a list: all or any.
        mode: Mode,
    },
    /// The answer abstains just where it should.
    Abstains,
}

/// How many of a list are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// Every one.
    #[default]
    All,
    /// One is enough.
    Any,
}

/// A kind of grader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// What `kind` says.
    pub name: &'static str,
    /// What it checks, in a line.
    pub about: &'static str,
    /// The options that it takes, beside those that all take.
    pub options: &'static [&'static str],
    /// The field of the case that it looks at when neither `value` nor `field` is given.
    pub field: Option<&'static str>,
}

impl GraderSpec {
    /// The kinds of grader that there are.
    pub const KINDS: &'static [Kind] = &[
        Kind {
            name: "contains",
            about: "the answer holds a text, or all (mode = \"any\": one) of several",
            options: &["value", "field", "mode", "ignore_case"],
            field: None,
        },
        Kind {
            name: "regex",
            about: "a pattern is found in the answer",
            options: &["value", "field", "ignore_case"],
            field: None,
        },
        Kind {
            name: "equals",
            about: "the answer is the expected one; JSON is compared as JSON",
            options: &["value", "field", "ignore_case"],
            field: None,
        },
        Kind {
            name: "json_schema",
            about: "the answer is JSON that fits a schema",
            options: &["value", "field"],
            field: None,
        },
        Kind {
            name: "cites_source",
            about: "a citation that holds is from a document, or from under a heading of it",
            options: &["value", "field", "mode"],
            field: Some("source"),
        },
        Kind {
            name: "abstains",
            about: "the answer abstains where the case is not answerable, and only there",
            options: &["field"],
            field: Some("answerable"),
        },
    ];

    /// The options that every kind takes.
    pub const COMMON: &'static [&'static str] = &["kind", "name", "not"];

    /// Reads a grader's table.
    ///
    /// # Errors
    /// All that is wrong with it: an unknown kind or option, a value of the wrong type, no expectation.
    pub fn read(table: &Map<String, Value>) -> Result<Self, Vec<Mistake>> {
        let kind = kind(table).map_err(|mistake| vec![mistake])?;
        let mut options = Options { table, kind, mistakes: Vec::new() };
        options.refuse_unknown();
        let ignore_case = options.flag("ignore_case");
        let mode = options.mode();
        let check = match kind.name {
            "contains" => Check::Contains { mode, ignore_case },
            "regex" => Check::Regex { ignore_case },
            "equals" => Check::Equals { ignore_case },
            "json_schema" => Check::JsonSchema,
            "cites_source" => Check::CitesSource { mode },
            _ => Check::Abstains,
        };
        let name = options.text("name").unwrap_or_else(|| kind.name.to_owned());
        let not = options.flag("not");
        match (options.expect(), options.mistakes) {
            (Some(expect), mistakes) if mistakes.is_empty() => Ok(Self { name, not, expect, check }),
            (_, mistakes) => Err(mistakes),
        }
    }
}

fn kind(table: &Map<String, Value>) -> Result<&'static Kind, Mistake> {
    let known = || one_of(GraderSpec::KINDS.iter().map(|kind| kind.name));
    match table.get("kind") {
        None => Err(Mistake::whole(format!("a grader needs a `kind`: {}", known()))),
        Some(Value::String(name)) => GraderSpec::KINDS
            .iter()
            .find(|kind| kind.name == name)
            .ok_or_else(|| Mistake::in_option("kind", format!("`{name}` is no kind of grader: {}", known()))),
        Some(_) => Err(Mistake::in_option("kind", format!("`kind` is a text: {}", known()))),
    }
}

fn one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    format!("it is one of {}", names.collect::<Vec<_>>().join(", "))
}

/// A grader's table on its way to a spec; it gathers what is wrong.
struct Options<'a> {
    table: &'a Map<String, Value>,
    kind: &'static Kind,
    mistakes: Vec<Mistake>,
}

impl Options<'_> {
    fn refuse_unknown(&mut self) {
        let known = |name: &str| GraderSpec::COMMON.contains(&name) || self.kind.options.contains(&name);
        for name in self.table.keys().filter(|name| !known(name)) {
            let takes = one_of(self.kind.options.iter().chain(&["name", "not"]).copied());
            let message = format!("`{}` takes no option `{name}`: {takes}", self.kind.name);
            self.mistakes.push(Mistake::in_option(name, message));
        }
    }

    fn flag(&mut self, name: &str) -> bool {
        match self.table.get(name) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.mistakes.push(Mistake::in_option(name, format!("`{name}` is true or false")));
                false
            }
        }
    }

    fn text(&mut self, name: &str) -> Option<String> {
        match self.table.get(name)? {
            Value::String(text) if !text.trim().is_empty() => return Some(text.clone()),
            _ => self.mistakes.push(Mistake::in_option(name, format!("`{name}` is a text, and not empty"))),
        }
        None
    }

    fn mode(&mut self) -> Mode {
        match self.table.get("mode").map(Value::as_str) {
            None | Some(Some("all")) => Mode::All,
            Some(Some("any")) => Mode::Any,
            Some(_) => {
                self.mistakes.push(Mistake::in_option("mode", "`mode` is \"all\" or \"any\""));
                Mode::All
            }
        }
    }

    fn expect(&mut self) -> Option<Expect> {
        let value = self.table.get("value").filter(|_| self.kind.options.contains(&"value"));
        match (value, self.table.contains_key("field"), self.kind.field) {
            (Some(_), true, _) => {
                self.mistakes.push(Mistake::in_option("field", "give `value` or `field`, not both"));
                None
            }
            (Some(value), false, _) => Some(Expect::Value(value.clone())),
            (None, true, _) => self.text("field").map(Expect::Field),
            (None, false, Some(field)) => Some(Expect::Field(field.to_owned())),
            (None, false, None) => {
                let message =
                    format!("`{}` needs a `value`, or the `field` of the case to take it from", self.kind.name);
                self.mistakes.push(Mistake::whole(message));
                None
            }
        }
    }
}
