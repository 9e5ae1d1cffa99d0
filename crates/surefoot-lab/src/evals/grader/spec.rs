//! Graders as an eval file describes them, and which options each kind takes.

use std::{fs, path::Path};

use serde_json::{Map, Value};

use super::kinds::{How, KINDS, Kind, Needs};
use crate::evals::Mistake;

/// A grader, as its table in an eval file describes it.
#[derive(Debug, Clone)]
pub struct GraderSpec {
    /// What its row is called; its kind where the file gives no name.
    pub name: String,
    /// What it checks.
    pub kind: &'static Kind,
    /// Whether pass and fail change places.
    pub not: bool,
    /// What it weighs in a set.
    pub weight: f64,
    /// What is expected.
    pub expect: Expect,
    /// How it checks.
    pub options: Options,
    /// The graders of a set.
    pub members: Vec<GraderSpec>,
}

impl PartialEq for GraderSpec {
    fn eq(&self, other: &Self) -> bool {
        let plain = |spec: &Self| (spec.name.clone(), spec.kind.name, spec.not, spec.weight, spec.options.clone());
        plain(self) == plain(other) && self.expect == other.expect && self.members == other.members
    }
}

/// Where an expectation comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Expect {
    /// Nothing is expected but what the kind says.
    Nothing,
    /// The same for every case.
    Value(Value),
    /// This field of the case.
    Field(String),
    /// The text of a file beside the eval.
    File(String),
}

/// How a grader checks.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Of a list: all or any.
    pub mode: Mode,
    /// Whether capitals matter not.
    pub ignore_case: bool,
    /// What a score must reach, or a distance, a price or a time may not pass.
    pub threshold: Option<f64>,
    /// How many words a run has.
    pub n: usize,
    /// Whether order counts.
    pub strict_order: bool,
    /// Who judges, where it is not the eval's judge; of several, most decide.
    pub judges: Vec<String>,
    /// The most points of a scale that begins at 1.
    pub scale: Option<u64>,
    /// What makes an answer the better one.
    pub criterion: Option<String>,
    /// The model that embeds.
    pub embedder: Option<String>,
    /// A program and its words.
    pub command: Vec<String>,
    /// How long it may take, in seconds.
    pub timeout_s: f64,
    /// How much it may say.
    pub max_output_bytes: u64,
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

impl GraderSpec {
    /// The kinds of grader that there are.
    pub const KINDS: &'static [Kind] = KINDS;

    /// The options that every kind takes.
    pub const COMMON: &'static [&'static str] = &["kind", "name", "not", "weight"];

    /// Reads a grader's table.
    ///
    /// # Errors
    /// All that is wrong with it: an unknown kind or option, a value of the wrong type, no expectation.
    pub fn read(table: &Map<String, Value>) -> Result<Self, Vec<Mistake>> {
        let (kind, negated) = kind(table).map_err(|mistake| vec![mistake])?;
        let mut reader = Reader { table, kind, mistakes: Vec::new() };
        reader.refuse_unknown();
        let written = if negated { format!("not-{}", kind.name) } else { kind.name.to_owned() };
        let spec = Self {
            name: reader.text("name").unwrap_or(written),
            kind,
            not: reader.flag("not").unwrap_or(false) != negated,
            weight: reader.number("weight", 0.0).unwrap_or(1.0),
            options: reader.options(),
            members: reader.members(),
            expect: reader.expect(),
        };
        if reader.mistakes.is_empty() { Ok(spec) } else { Err(reader.mistakes) }
    }

    /// Whether it asks a model to judge, by itself or in its set.
    pub fn asks(&self) -> bool {
        self.kind.how.needs_judge() || self.members.iter().any(Self::asks)
    }

    /// Adds to a hash all that its grades depend on.
    pub(in crate::evals) fn fingerprint(&self, folder: &Path, into: &mut blake3::Hasher) {
        let plain = (&self.name, self.kind.name, self.not, self.weight, &self.expect, &self.options);
        into.update(format!("{plain:?}").as_bytes());
        if let Expect::File(file) = &self.expect {
            // One that cannot be read was told when the grader was compiled.
            into.update(&fs::read(folder.join(file)).unwrap_or_default());
        }
        self.members.iter().for_each(|member| member.fingerprint(folder, into));
    }

    /// The fields of a case that it looks at, or that the graders of its set do.
    pub fn fields(&self) -> Vec<&str> {
        let own = match &self.expect {
            Expect::Field(field) => Some(field.as_str()),
            _ => None,
        };
        own.into_iter().chain(self.members.iter().flat_map(Self::fields)).collect()
    }
}

/// The kind, and whether its name says `not-` of another kind.
fn kind(table: &Map<String, Value>) -> Result<(&'static Kind, bool), Mistake> {
    let all = || KINDS.iter().map(|kind| kind.name);
    let known = || format!("it is one of {}; `not-` before it turns it around", all().collect::<Vec<_>>().join(", "));
    let find = |name: &str| KINDS.iter().find(|kind| kind.name == name);
    match table.get("kind") {
        None => Err(Mistake::whole(format!("a grader needs a `kind`: {}", known()))),
        Some(Value::String(name)) => {
            let negated = || name.strip_prefix("not-").and_then(find).map(|kind| (kind, true));
            find(name).map(|kind| (kind, false)).or_else(negated).ok_or_else(|| {
                let near = all().map(|kind| (strsim::jaro_winkler(kind, name), kind));
                let near = near.max_by(|(a, _), (b, _)| a.total_cmp(b)).filter(|(score, _)| *score > 0.85);
                let hint = near.map_or_else(known, |(_, kind)| format!("do you mean `{kind}`?"));
                Mistake::in_option("kind", format!("`{name}` is no kind of grader: {hint}"))
            })
        }
        Some(_) => Err(Mistake::in_option("kind", format!("`kind` is a text: {}", known()))),
    }
}

/// A grader's table on its way to a spec; it gathers what is wrong.
struct Reader<'a> {
    table: &'a Map<String, Value>,
    kind: &'static Kind,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    fn wrong(&mut self, option: &str, why: &str) {
        self.mistakes.push(Mistake::in_option(option, format!("`{option}` {why}")));
    }

    fn refuse_unknown(&mut self) {
        let known = |name: &str| GraderSpec::COMMON.contains(&name) || self.kind.takes().any(|taken| taken == name);
        for name in self.table.keys().filter(|name| !known(name)) {
            let takes: Vec<_> = self.kind.takes().chain(["name", "not", "weight"]).collect();
            let message = format!("`{}` takes no option `{name}`: it is one of {}", self.kind.name, takes.join(", "));
            self.mistakes.push(Mistake::in_option(name, message));
        }
    }

    fn options(&mut self) -> Options {
        Options {
            mode: self.mode(),
            ignore_case: self.flag("ignore_case").unwrap_or(self.kind.ignore_case),
            threshold: self.threshold(),
            n: self.number("n", 1.0).map_or(1, |n| n as usize),
            strict_order: self.flag("strict_order").unwrap_or(true),
            judges: self.texts("judge"),
            scale: self.number("scale", 2.0).map(|most| most as u64),
            criterion: self.text("criterion"),
            embedder: self.text("embedder"),
            command: self.command(),
            timeout_s: self.number("timeout_s", 0.001).unwrap_or(10.0),
            max_output_bytes: self.number("max_output_bytes", 1.0).map_or(64 * 1024, |most| most as u64),
        }
    }

    fn flag(&mut self, name: &str) -> Option<bool> {
        let flag = self.table.get(name)?.as_bool();
        if flag.is_none() {
            self.wrong(name, "is true or false");
        }
        flag
    }

    fn text(&mut self, name: &str) -> Option<String> {
        match self.table.get(name)? {
            Value::String(text) if !text.trim().is_empty() => return Some(text.clone()),
            _ => self.wrong(name, "is a text, and not empty"),
        }
        None
    }

    /// One text or several.
    fn texts(&mut self, name: &str) -> Vec<String> {
        let one = |value: &Value| value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
        let read = match self.table.get(name) {
            None => return Vec::new(),
            Some(Value::Array(list)) => list.iter().map(one).collect::<Option<Vec<_>>>(),
            Some(value) => one(value).map(|text| vec![text]),
        };
        let texts = read.filter(|texts| !texts.is_empty());
        if texts.is_none() {
            self.wrong(name, "is a text or a list of texts, and not empty");
        }
        texts.unwrap_or_default()
    }

    fn command(&mut self) -> Vec<String> {
        if matches!(self.kind.how, How::Command) && !self.table.contains_key("command") {
            let message = "`command` needs its `command`: a program and its words, like [\"python3\", \"grade.py\"]";
            self.mistakes.push(Mistake::whole(message));
        }
        self.texts("command")
    }

    fn number(&mut self, name: &str, least: f64) -> Option<f64> {
        let number = self.table.get(name)?.as_f64().filter(|number| *number >= least);
        if number.is_none() {
            self.wrong(name, &format!("is a number, {least} or more"));
        }
        number
    }

    fn threshold(&mut self) -> Option<f64> {
        if self.kind.needs == Needs::Threshold && !self.table.contains_key("threshold") {
            self.mistakes.push(Mistake::whole(format!("`{}` needs a `threshold`", self.kind.name)));
        }
        self.number("threshold", 0.0)
    }

    fn mode(&mut self) -> Mode {
        match self.table.get("mode").map(Value::as_str) {
            None => return self.kind.mode,
            Some(Some("all")) => return Mode::All,
            Some(Some("any")) => return Mode::Any,
            Some(_) => self.wrong("mode", "is \"all\" or \"any\""),
        }
        Mode::All
    }

    /// The graders of a set, whose mistakes are the set's.
    fn members(&mut self) -> Vec<GraderSpec> {
        if !matches!(self.kind.how, How::Set) {
            return Vec::new();
        }
        let tables = self.table.get("assert").and_then(Value::as_array);
        let Some(tables) = tables.filter(|tables| !tables.is_empty()) else {
            self.wrong("assert", "is a list of graders, and not empty");
            return Vec::new();
        };
        let mut members = Vec::new();
        for (at, table) in tables.iter().enumerate() {
            let read = match table {
                Value::Object(table) => GraderSpec::read(table),
                _ => Err(vec![Mistake::whole("is not a grader's table")]),
            };
            match read {
                Ok(member) => members.push(member),
                Err(mistakes) => {
                    let within = |one: Mistake| format!("grader {} of the set: {}", at + 1, one.message);
                    let told = mistakes.into_iter().map(|one| Mistake::in_option("assert", within(one)));
                    self.mistakes.extend(told);
                }
            }
        }
        members
    }

    fn expect(&mut self) -> Expect {
        let takes = |name: &str| self.kind.takes().any(|taken| taken == name);
        if takes("file") && self.table.contains_key("file") {
            if self.table.contains_key("value") || self.table.contains_key("field") {
                self.mistakes.push(Mistake::in_option("file", "give `value`, `field` or `file`, and one of them"));
            }
            return self.text("file").map_or(Expect::Nothing, Expect::File);
        }
        let value = self.table.get("value").filter(|_| takes("value"));
        match (value, self.table.contains_key("field") && takes("field"), self.kind.field) {
            (Some(_), true, _) => self.mistakes.push(Mistake::in_option("field", "give `value` or `field`, not both")),
            (Some(value), false, _) => return Expect::Value(value.clone()),
            (None, true, _) => return self.text("field").map_or(Expect::Nothing, Expect::Field),
            (None, false, Some(field)) => return Expect::Field(field.to_owned()),
            (None, false, None) if self.kind.needs == Needs::Value => {
                let message =
                    format!("`{}` needs a `value`, or the `field` of the case to take it from", self.kind.name);
                self.mistakes.push(Mistake::whole(message));
            }
            (None, false, None) => {}
        }
        Expect::Nothing
    }
}
