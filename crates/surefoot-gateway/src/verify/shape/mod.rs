//! The shape that an answer was asked to have: found in what a model says, mended where nothing is lost by it, and
//! held against the schema as it was asked for, whatever of it reached the provider.

mod coerce;
mod lenient;
mod prefix;
mod stream;
mod words;

use std::borrow::Cow;

use jsonschema::Validator;
use serde_json::{Value, json};
use surefoot_guard::pseudonyms::{Form, Vault};
use surefoot_types::{
    Code, Fault,
    conversation::{Answer, ChatRequest, Finish, Part, ResponseFormat, words},
};

use self::{coerce::coerced, lenient::read, prefix::Prefix};
pub(crate) use self::{
    stream::ShapedStream,
    words::{by_prompt, in_words, refuses_schema},
};

/// Most mistakes that are told, and most characters of each.
const MISTAKES: usize = 5;
const LONGEST_MISTAKE: usize = 200;

/// A schema that an answer has to fit.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    schema: Value,
    validator: Validator,
}

/// An answer that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fitted {
    /// As it came.
    AsItCame,
    /// Mended: this is its text now.
    Mended(String),
}

/// Why a text does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// The mistakes, for the model, which said what they quote.
    pub(crate) mistakes: Vec<String>,
    /// The same without a word of what was said.
    masked: Vec<String>,
}

impl Shape {
    /// What a request asks of its answer. Nothing is checked where nothing is asked, where the caller wants no more
    /// than the provider's best effort (`strict: false`), and where several answers are asked for at once.
    ///
    /// # Errors
    /// `bad_request` for a schema that cannot be checked.
    pub(crate) fn of(request: &ChatRequest) -> Result<Option<Self>, Fault> {
        if request.parameters.n.is_some_and(|n| n > 1) {
            return Ok(None);
        }
        let schema = match &request.response_format {
            None | Some(ResponseFormat::JsonSchema { strict: Some(false), .. }) => return Ok(None),
            Some(ResponseFormat::JsonObject) => json!({"type": "object"}),
            Some(ResponseFormat::JsonSchema { schema, .. }) => schema.clone(),
        };
        Self::new(schema).map(Some)
    }

    /// The shape of a schema.
    ///
    /// # Errors
    /// `bad_request` for a schema that cannot be checked.
    pub(crate) fn new(schema: Value) -> Result<Self, Fault> {
        let validator = jsonschema::validator_for(&schema).map_err(|error| {
            Fault::bad_request("response_format", format!("the schema cannot be checked: {error}"))
                .hint("Mend the schema, or say `strict: false` to have answers unchecked.")
        })?;
        Ok(Self { schema, validator })
    }

    /// The schema.
    pub(crate) fn schema(&self) -> &Value {
        &self.schema
    }

    /// Fits a whole answer. One that ended for another reason than that it was done tells so itself, and calls of
    /// tools are no answer yet. Pseudonyms in it stay, and count as what they stand for.
    pub(crate) fn fit_answer(&self, answer: &mut Answer, vault: Option<&Vault>) -> Result<Fitted, Misfit> {
        if answer.finish != Finish::Stop || answer.parts.iter().any(|part| matches!(part, Part::ToolCall { .. })) {
            return Ok(Fitted::AsItCame);
        }
        let fitted = self.fit(&words(&answer.parts), vault)?;
        if let Fitted::Mended(text) = &fitted {
            answer.parts.retain(|part| !matches!(part, Part::Text { .. }));
            answer.parts.push(Part::text(text.as_str()));
            answer.logprobs.clear();
        }
        Ok(fitted)
    }

    /// Fits a text: as it is, or with what stands around the JSON left out, brackets closed and types put right.
    pub(crate) fn fit(&self, text: &str, vault: Option<&Vault>) -> Result<Fitted, Misfit> {
        if let Ok(value) = serde_json::from_str::<Value>(text) {
            if self.holds(&value, vault) {
                return Ok(Fitted::AsItCame);
            }
            return self.mended(&value, vault).as_ref().map(told).ok_or_else(|| self.misfit(&value, vault));
        }
        let found = documents(text);
        let mut fitting: Vec<Value> = found.iter().filter_map(|value| self.mended(value, vault)).collect();
        fitting.dedup();
        match (&fitting[..], found.first()) {
            ([one], _) => Ok(told(one)),
            ([_, _, ..], _) => Err(Misfit::of("there is more than one JSON value that fits: answer with one")),
            ([], Some(value)) => Err(self.misfit(value, vault)),
            ([], None) => Err(Misfit::of("there is no JSON in it that can be read")),
        }
    }

    /// The value, or what it becomes without a loss, where that fits.
    fn mended(&self, value: &Value, vault: Option<&Vault>) -> Option<Value> {
        if self.holds(value, vault) {
            return Some(value.clone());
        }
        let coerced = coerced(&self.schema, value);
        self.holds(&coerced, vault).then_some(coerced)
    }

    /// Whether a value fits, with what its pseudonyms stand for in their place: a schema is of that.
    fn holds(&self, value: &Value, vault: Option<&Vault>) -> bool {
        self.validator.is_valid(&meant(value, vault))
    }

    fn misfit(&self, value: &Value, vault: Option<&Vault>) -> Misfit {
        let (mut mistakes, mut masked) = (Vec::new(), Vec::new());
        let meant = meant(value, vault);
        for error in self.validator.iter_errors(&meant).take(MISTAKES) {
            let path = error.instance_path().to_string();
            let place = if path.is_empty() { "the answer" } else { &path };
            let unquoted = brief(&format!("{place}: {}", error.masked()));
            // What the model is told leaves this process: no value that was put back is quoted to it.
            let quoted = || brief(&format!("{place}: {error}"));
            mistakes.push(if matches!(meant, Cow::Owned(_)) { unquoted.clone() } else { quoted() });
            masked.push(unquoted);
        }
        Misfit { mistakes, masked }
    }

    /// What a document of this shape begins with, so far as its types say.
    fn begins(&self) -> Option<&'static [char]> {
        match self.schema.get("type").and_then(Value::as_str) {
            Some("object") => Some(&['{']),
            Some("array") => Some(&['[']),
            None if self.schema.get("properties").is_some() => Some(&['{']),
            _ => None,
        }
    }
}

impl Misfit {
    fn of(mistake: &str) -> Self {
        Self { mistakes: vec![mistake.to_owned()], masked: vec![mistake.to_owned()] }
    }

    /// What the caller is told.
    pub(crate) fn fault(&self) -> Fault {
        let mut fault = Fault::new(
            Code::Upstream,
            format!("the model's answer does not fit the schema: {}", self.masked.join("; ")),
        )
        .hint("Ask again, or ask a stronger model; `strict: false` takes answers as they come.");
        fault.param = Some("response_format".into());
        fault
    }
}

/// A value with what its pseudonyms stand for in their place.
fn meant<'v>(value: &'v Value, vault: Option<&Vault>) -> Cow<'v, Value> {
    let Some(vault) = vault else { return Cow::Borrowed(value) };
    let restored = vault.restore(&value.to_string(), Form::Json);
    serde_json::from_str(&restored).map_or(Cow::Borrowed(value), Cow::Owned)
}

fn told(value: &Value) -> Fitted {
    Fitted::Mended(value.to_string())
}

fn brief(text: &str) -> String {
    match text.char_indices().nth(LONGEST_MISTAKE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The JSON values in a text, outermost ones: what stands in fences where there is one, else in all of it.
fn documents(text: &str) -> Vec<Value> {
    let fenced: Vec<Value> = fences(text).into_iter().flat_map(|inner| values(&inner)).collect();
    if fenced.is_empty() { values(text) } else { fenced }
}

/// What stands between lines of three backticks; the last may lack its end.
fn fences(text: &str) -> Vec<Cow<'_, str>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("```") {
        let after = &rest[at + 3..];
        let inner = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
        let end = inner.find("```").unwrap_or(inner.len());
        found.push(Cow::Borrowed(&inner[..end]));
        rest = inner.get(end + 3..).unwrap_or_default();
    }
    found
}

fn values(text: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(bracket) = text[at..].find(['{', '[']) {
        at += bracket;
        match read(&text[at..]) {
            Some((value, taken)) => {
                found.push(value);
                at += taken;
            }
            None => at += 1,
        }
    }
    // A text or a number alone has no brackets.
    if found.is_empty() {
        let bare = text.trim();
        found.extend(serde_json::from_str(bare).or_else(|_| serde_json::to_value(bare)).ok());
    }
    found
}

#[cfg(test)]
mod tests;
