//! What the simulator is told to answer, in a file.

use toml_span::{
    DeserError, Error, ErrorKind, Span, Value,
    de_helpers::{TableHelper, expected},
    value::ValueInner,
};

use super::behaviour::Behaviour;

/// Rules for requests: the first that fits decides.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Script {
    /// The rules, in order.
    pub rules: Vec<Rule>,
}

/// What to do with some requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Text in the last user message, whatever its case; `None` fits every request.
    pub contains: Option<String>,
    /// The model that is asked for; `None` fits every model.
    pub model: Option<String>,
    /// What to do.
    pub behaviour: Behaviour,
}

/// One mistake in a script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct NotAScript {
    /// Its line, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

impl Script {
    /// Reads a script: TOML with `[[when]]` tables, each with `contains` or `model` or both, and
    /// either `answer` or `behave`.
    ///
    /// # Errors
    /// Every mistake in it.
    pub fn parse(text: &str) -> Result<Self, Vec<NotAScript>> {
        let mut root = toml_span::parse(text).map_err(|error| mistakes(text, vec![error]))?;
        script(&mut root).map_err(|error| mistakes(text, error.errors))
    }

    /// What the first fitting rule says.
    pub fn behaviour(&self, model: &str, question: &str) -> Option<&Behaviour> {
        if self.rules.is_empty() {
            return None;
        }
        let question = question.to_lowercase();
        let rule = self.rules.iter().find(|rule| {
            rule.contains.as_ref().is_none_or(|text| question.contains(&text.to_lowercase()))
                && rule.model.as_ref().is_none_or(|name| name == model)
        });
        rule.map(|rule| &rule.behaviour)
    }
}

fn script(root: &mut Value<'_>) -> Result<Script, DeserError> {
    let mut table = TableHelper::new(root)?;
    let mut script = Script::default();
    if let Some((_, mut value)) = table.take("when") {
        match value.take() {
            ValueInner::Array(rules) => {
                for mut value in rules {
                    match rule(&mut value) {
                        Ok(rule) => script.rules.push(rule),
                        Err(error) => table.errors.extend(error.errors),
                    }
                }
            }
            other => table.errors.push(expected("`[[when]]` tables", other, value.span)),
        }
    }
    table.finalize(None)?;
    Ok(script)
}

fn rule(value: &mut Value<'_>) -> Result<Rule, DeserError> {
    let span = value.span;
    let mut table = TableHelper::new(value)?;
    let contains = table.optional::<String>("contains");
    let model = table.optional::<String>("model");
    let (answer, behave) = (table.optional::<String>("answer"), table.optional_s::<String>("behave"));
    let behaviour = match (answer, behave) {
        (Some(answer), None) => Behaviour::fixed(answer),
        (None, Some(words)) => Behaviour::parse(&words.value).unwrap_or_else(|fault| {
            table.errors.push(mistake(fault.told(), words.span));
            Behaviour::default()
        }),
        _ => {
            // A value of the wrong type was reported already.
            if table.errors.is_empty() {
                table.errors.push(mistake("give either `answer` or `behave`".into(), span));
            }
            Behaviour::default()
        }
    };
    table.finalize(None)?;
    Ok(Rule { contains, model, behaviour })
}

fn mistake(message: String, span: Span) -> Error {
    Error { kind: ErrorKind::Custom(message.into()), span, line_info: None }
}

fn mistakes(text: &str, errors: Vec<Error>) -> Vec<NotAScript> {
    let told = errors.into_iter().flat_map(|error| match &error.kind {
        ErrorKind::UnexpectedKeys { keys, expected } => {
            let expected = expected.join("`, `");
            keys.iter().map(|(key, span)| (format!("unknown key `{key}`: choose from `{expected}`"), *span)).collect()
        }
        _ => vec![(error.to_string(), error.span)],
    });
    let mut mistakes: Vec<NotAScript> = told.map(|(message, span)| place(text, span.start, message)).collect();
    mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
    mistakes
}

fn place(text: &str, at: usize, message: String) -> NotAScript {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.matches('\n').count() + 1;
    NotAScript { line, column: before[line_start..].chars().count() + 1, message }
}
