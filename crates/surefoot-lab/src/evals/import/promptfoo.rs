//! promptfoo's configurations: prompts and providers become the variants of a function, tests its cases.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;
use serde_json::{Map, Value, json};

use super::{Imported, Importing, asserts::Graders, toml};
use crate::evals::dataset;

/// A place of a variable.
static PLACE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\{\{-?\s*([A-Za-z_]\w*)\s*-?\}\}").expect("the pattern is tested"));
/// Vendors whose names are ours, or what they are here.
const VENDORS: [(&str, &str); 12] = [
    ("openai", "openai"),
    ("anthropic", "anthropic"),
    ("google", "gemini"),
    ("vertex", "gemini"),
    ("ollama", "ollama"),
    ("mistral", "mistral"),
    ("groq", "groq"),
    ("openrouter", "openrouter"),
    ("together", "together"),
    ("togetherai", "together"),
    ("deepseek", "deepseek"),
    ("xai", "xai"),
];
/// Parts of a configuration that say nothing about what is asked and how it is graded.
const SILENT: [&str; 9] =
    ["description", "prompts", "providers", "targets", "tests", "defaultTest", "tags", "metadata", "outputPath"];
/// A provider's parameters that a variant has.
const PARAMETERS: [&str; 5] = ["temperature", "max_tokens", "top_p", "seed", "stop"];

pub(super) fn import(text: &str, importing: &Importing<'_>) -> Result<Imported, String> {
    let config = dataset::yaml_document(text)?;
    let config = config.as_object().ok_or("is no promptfoo configuration: it is not a mapping")?;
    if !config.contains_key("prompts") && !config.contains_key("tests") {
        return Err("is no promptfoo configuration: it has neither `prompts` nor `tests`".into());
    }
    let mut reading =
        Reading { config, importing, graders: Graders::default(), inputs: BTreeSet::new(), missed: Vec::new() };
    for name in config.keys().filter(|name| !SILENT.contains(&name.as_str())) {
        reading.missed.push(format!("`{name}`"));
    }
    reading.project()
}

/// A configuration on its way to a project.
struct Reading<'a> {
    config: &'a Map<String, Value>,
    importing: &'a Importing<'a>,
    graders: Graders,
    inputs: BTreeSet<String>,
    missed: Vec<String>,
}

impl Reading<'_> {
    fn project(mut self) -> Result<Imported, String> {
        let name = self.importing.name;
        let cases = self.cases();
        if cases.is_empty() {
            return Err("has no test that can be asked".into());
        }
        let mut imported = Imported::default();
        let models = self.models()?;
        let variants = self.variants(&models)?;
        let judge = models[0].0.clone();
        let (tables, asks) = self.graders.tables(Some(&judge));
        if tables.is_empty() {
            return Err("has no assertion that can be mapped".into());
        }
        let mut eval = Map::from_iter([
            ("subject".to_owned(), Value::from(name)),
            ("dataset".to_owned(), format!("{name}.jsonl").into()),
        ]);
        if asks {
            eval.insert("judge".into(), judge.into());
            self.missed.push("the judge: it is the first provider; choose one that is not judged by itself".into());
        }
        eval.insert("graders".into(), tables.into());
        let lines: String = cases.iter().map(|case| Value::Object(case.clone()).to_string() + "\n").collect();
        let function: String =
            self.inputs.iter().map(|input| format!("\n[input.{}]\n", Value::from(input.as_str()))).collect();
        let first = variants.first().map(|(name, _)| name.clone()).unwrap_or_default();
        imported.files =
            variants.into_iter().map(|(variant, text)| (format!("functions/{name}/{variant}.md"), text)).collect();
        imported.files.extend([
            (format!("functions/{name}/function.toml"), format!("variant = {}\n{function}", Value::from(first))),
            (format!("evals/{name}.toml"), toml::eval(&eval)),
            (format!("evals/{name}.jsonl"), lines),
        ]);
        let counted = std::mem::take(&mut self.graders.unmapped);
        self.missed.extend(
            counted.into_iter().map(|(what, times)| if times > 1 { format!("{what} ({times} times)") } else { what }),
        );
        imported.unmapped = self.missed;
        Ok(imported)
    }

    /// The models with their parameters, as front matter.
    fn models(&mut self) -> Result<Vec<(String, String)>, String> {
        if let Some(model) = self.importing.model {
            return Ok(vec![(model.to_owned(), String::new())]);
        }
        let providers = self.config.get("providers").or_else(|| self.config.get("targets"));
        let mut models: Vec<(String, String)> = Vec::new();
        for provider in listed(providers) {
            let Some(name) = model(provider) else {
                self.missed.push(format!("the provider {}", brief(provider)));
                continue;
            };
            let mut front = String::new();
            for (option, value) in provider.get("config").and_then(Value::as_object).into_iter().flatten() {
                if PARAMETERS.contains(&option.as_str()) && !value.is_null() {
                    front += &format!("{option} = {}\n", toml::inline(value));
                } else {
                    self.missed.push(format!("the provider's option `{option}`"));
                }
            }
            models.push((name, front));
        }
        if models.is_empty() {
            Err("has no provider that is known: say who is asked with --model".into())
        } else {
            Ok(models)
        }
    }

    /// Each prompt with each model.
    fn variants(&mut self, models: &[(String, String)]) -> Result<Vec<(String, String)>, String> {
        let mut prompts = Vec::new();
        for prompt in listed(self.config.get("prompts")) {
            let raw = prompt
                .as_str()
                .or_else(|| ["raw", "content", "id"].iter().find_map(|field| prompt.get(*field)?.as_str()));
            let text = match raw.map(|raw| (raw, raw.strip_prefix("file://"))) {
                Some((_, Some(path)))
                    if !path.ends_with(".txt") && !path.ends_with(".md") && !path.ends_with(".json") =>
                {
                    None
                }
                Some((_, Some(path))) => (self.importing.read)(path).map_err(|why| self.missed.push(why)).ok(),
                Some((raw, None)) => Some(raw.to_owned()),
                None => None,
            };
            match text.as_deref().map(messages) {
                Some(Some(written)) => prompts.push(written),
                _ => self.missed.push(format!("the prompt {}", brief(prompt))),
            }
        }
        if prompts.is_empty() {
            return Err("has no prompt that can be carried over".into());
        }
        let mut variants = Vec::new();
        for (at, prompt) in prompts.iter().enumerate() {
            let placed = PLACE.captures_iter(prompt).map(|found| found[1].to_owned());
            self.inputs.extend(placed.filter(|name| name != "role"));
            let text = PLACE.replace_all(prompt, "{{ input.$1 }}");
            for (model_at, (model, front)) in models.iter().enumerate() {
                let name =
                    if models.len() == 1 { format!("p{}", at + 1) } else { format!("p{}-m{}", at + 1, model_at + 1) };
                variants.push((name, format!("+++\nmodel = {}\n{front}+++\n{text}\n", Value::from(model.as_str()))));
            }
        }
        Ok(variants)
    }

    /// The cases: each test with each combination of its variables' values.
    fn cases(&mut self) -> Vec<Map<String, Value>> {
        let config = self.config;
        let none = Map::new();
        let default = config.get("defaultTest").and_then(Value::as_object).unwrap_or(&none);
        let mut cases = Vec::new();
        for test in self.tests() {
            let Some(test) = test.as_object() else {
                self.missed.push(format!("the test {}", brief(&test)));
                continue;
            };
            for name in test
                .keys()
                .chain(default.keys())
                .filter(|name| !["vars", "assert", "description", "metadata"].contains(&name.as_str()))
            {
                self.missed.push(format!("`{name}` of a test"));
            }
            let of = |part: &Map<String, Value>, name: &str| part.get(name).cloned().unwrap_or_default();
            let mut vars = of(default, "vars").as_object().cloned().unwrap_or_default();
            vars.extend(of(test, "vars").as_object().cloned().unwrap_or_default());
            let asserts = [of(default, "assert"), of(test, "assert")];
            let asserts: Vec<&Value> = asserts.iter().flat_map(|list| listed(Some(list))).collect();
            for vars in combined(vars) {
                let Some(vars) = self.read(vars) else { continue };
                let mut case = self.graders.of_test(&asserts, &vars);
                let input = if vars.is_empty() { json!("(no input)") } else { Value::Object(vars) };
                case.shift_insert(0, "input".into(), input);
                if let Some(id) = test.get("description").and_then(Value::as_str) {
                    case.insert("description".into(), id.into());
                }
                case.shift_insert(0, "id".into(), (cases.len() + 1).to_string().into());
                cases.push(case);
            }
        }
        self.missed.dedup();
        let mut seen = BTreeSet::new();
        self.missed.retain(|one| seen.insert(one.clone()));
        self.inputs.extend(
            cases.iter().flat_map(|case| case["input"].as_object().into_iter().flat_map(|input| input.keys().cloned())),
        );
        cases
    }

    /// The tests, those of other files among them.
    fn tests(&mut self) -> Vec<Value> {
        let mut tests = Vec::new();
        for one in listed(self.config.get("tests")) {
            let Some(path) = one.as_str() else {
                tests.push(one.clone());
                continue;
            };
            let path = path.strip_prefix("file://").unwrap_or(path);
            let read = (self.importing.read)(path).and_then(|text| match path.rsplit('.').next() {
                Some("yaml" | "yml" | "json") => dataset::yaml_document(&text),
                Some("jsonl") => text
                    .lines()
                    .map(|line| serde_json::from_str::<Value>(line).map_err(|why| why.to_string()))
                    .collect(),
                Some("csv") => of_csv(&text),
                _ => Err(format!("tests in {path}")),
            });
            match read {
                Ok(Value::Array(more)) => tests.extend(more),
                Ok(_) => self.missed.push(format!("the tests in {path}: not a list")),
                Err(why) => self.missed.push(format!("the tests in {path}: {why}")),
            }
        }
        tests
    }

    /// Variables that are files, read.
    fn read(&mut self, vars: Map<String, Value>) -> Option<Map<String, Value>> {
        let mut read = Map::new();
        for (name, value) in vars {
            let path = value.as_str().and_then(|text| text.strip_prefix("file://")).map(str::to_owned);
            let value = match path {
                None => value,
                Some(path) if path.ends_with(".txt") || path.ends_with(".md") || path.ends_with(".json") => {
                    (self.importing.read)(&path).map_err(|why| self.missed.push(why)).ok()?.into()
                }
                Some(path) => {
                    self.missed.push(format!("the variable `{name}` in {path}"));
                    return None;
                }
            };
            read.insert(name, value);
        }
        Some(read)
    }
}

/// One or several, as configurations write them.
fn listed(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one) => vec![one],
    }
}

fn brief(value: &Value) -> String {
    value.to_string().chars().take(60).collect()
}

/// A provider's model, as it is named here; none where it is a program or unknown.
pub(super) fn model(provider: &Value) -> Option<String> {
    let id = provider.as_str().or_else(|| provider.get("id")?.as_str())?;
    if id == "echo" {
        return Some("sim/echo".into());
    }
    let (vendor, rest) = id.split_once(':')?;
    let (_, ours) = VENDORS.iter().find(|(theirs, _)| *theirs == vendor)?;
    // `openai:chat:gpt-4o`, and a model of ollama with its tag: `ollama:chat:llama3:8b`.
    let kinds = ["chat", "completion", "messages", "responses", "embedding", "embeddings"];
    let model = match rest.split_once(':') {
        Some((kind, model)) if kinds.contains(&kind) => model,
        _ => rest,
    };
    (!model.is_empty() && !kinds.contains(&model)).then(|| format!("{ours}/{model}"))
}

/// A value with its variables put in; none where more than that is computed.
pub(super) fn rendered(value: &Value, vars: &Map<String, Value>) -> Option<Value> {
    match value {
        Value::String(text) => {
            let put = PLACE.replace_all(text, |found: &regex::Captures<'_>| match vars.get(&found[1]) {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => "{{".to_owned(),
            });
            let computed = ["{{", "{%", "file://", "package:"].iter().any(|sign| put.contains(sign));
            (!computed).then(|| put.into_owned().into())
        }
        Value::Array(list) => list.iter().map(|one| rendered(one, vars)).collect::<Option<Vec<_>>>().map(Value::Array),
        Value::Object(fields) => {
            let one = |(name, value): (&String, &Value)| Some((name.clone(), rendered(value, vars)?));
            fields.iter().map(one).collect::<Option<Map<_, _>>>().map(Value::Object)
        }
        plain => Some(plain.clone()),
    }
}

/// A prompt as a file: a text is what the user says, JSON of messages has its roles. None where more is
/// computed than a variable's place.
fn messages(text: &str) -> Option<String> {
    let plain = PLACE.replace_all(text, "");
    if ["{{", "{%", "{#"].iter().any(|sign| plain.contains(sign)) {
        return None;
    }
    let one = |message: &Value| {
        let (role, said) = (message.get("role")?.as_str()?, message.get("content")?.as_str()?);
        ["system", "user", "assistant"].contains(&role).then(|| format!("{{{{ role(\"{role}\") }}}}\n{said}"))
    };
    match dataset::yaml_document(text) {
        Ok(Value::Array(list))
            if text.trim_start().starts_with(['[', '-']) && list.iter().all(|one| one.get("role").is_some()) =>
        {
            list.iter().map(one).collect::<Option<Vec<_>>>().map(|all| all.join("\n\n"))
        }
        _ => Some(format!("{{{{ role(\"user\") }}}}\n{}", text.trim_end())),
    }
}

/// Every combination of the values of variables that are lists.
fn combined(vars: Map<String, Value>) -> Vec<Map<String, Value>> {
    /// More than this is a mistake, not a test.
    const MOST: usize = 10_000;
    let mut all = vec![Map::new()];
    for (name, value) in vars {
        let values = match value {
            Value::Array(list) if !list.is_empty() && all.len() * list.len() <= MOST => list,
            one => vec![one],
        };
        all = all
            .iter()
            .flat_map(|so_far| {
                values.iter().map(|value| {
                    let mut with = so_far.clone();
                    with.insert(name.clone(), value.clone());
                    with
                })
            })
            .collect();
    }
    all
}

/// Tests in CSV: a column for each variable, and `__expected` with `type: value`, or a text that is to be equal.
fn of_csv(text: &str) -> Result<Value, String> {
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let header = rows.headers().map_err(|why| why.to_string())?.clone();
    let mut tests = Vec::new();
    for row in rows.records() {
        let row = row.map_err(|why| why.to_string())?;
        let (mut vars, mut asserts) = (Map::new(), Vec::new());
        for (name, cell) in header.iter().map(str::trim).zip(&row) {
            if name.starts_with("__expected") {
                asserts.extend((!cell.trim().is_empty()).then(|| expected(cell.trim())));
            } else if !name.starts_with("__") {
                vars.insert(name.to_owned(), cell.into());
            }
        }
        tests.push(json!({"vars": vars, "assert": asserts}));
    }
    Ok(tests.into())
}

fn expected(cell: &str) -> Value {
    static TYPED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?s)^([a-z][a-z-]*)(?:\(([0-9.]+)\))?(?::\s*(.*))?$").expect("the pattern is tested")
    });
    let known = |kind: &str| {
        let plain = kind.strip_prefix("not-").unwrap_or(kind);
        crate::evals::GraderSpec::KINDS.iter().any(|known| known.name == plain)
    };
    let found =
        TYPED.captures(cell).filter(|found| known(&found[1]) || (found.get(3).is_some() && &found[1] != "http"));
    match found {
        None => json!({"type": "equals", "value": cell}),
        Some(found) => {
            let value = found.get(3).map(|value| value.as_str());
            let threshold = found.get(2).and_then(|number| number.as_str().parse::<f64>().ok());
            let several = found[1].ends_with("-any") || found[1].ends_with("-all");
            let value = match value {
                Some(list) if several => json!(list.split(',').map(str::trim).collect::<Vec<_>>()),
                one => json!(one),
            };
            json!({"type": found[1], "value": value, "threshold": threshold})
        }
    }
}
