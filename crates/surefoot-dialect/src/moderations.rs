//! OpenAI's `/v1/moderations`.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use surefoot_types::{
    Fault,
    conversation::{Dialect, Part},
};

use crate::{
    extras::Kept,
    fault,
    json::{Fields, Path, bytes_of},
};

/// The categories that every client expects a verdict on.
pub const CATEGORIES: [&str; 13] = [
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
];

/// A request to judge inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct ModerationsRequest {
    /// The model, or alias, that the caller names, where it names one.
    pub model: Option<String>,
    /// The inputs: each a text, or one of texts and pictures together.
    pub inputs: Vec<Vec<Part>>,
    /// Other fields, as they came.
    pub extra: Map<String, Value>,
}

/// Verdicts, one for each input in its order.
#[derive(Debug, Clone, PartialEq)]
pub struct Moderations {
    /// The provider's id for them.
    pub id: String,
    /// The model that gave them.
    pub model: String,
    /// The verdicts.
    pub results: Vec<Verdict>,
}

/// What is held against an input.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether anything is.
    pub flagged: bool,
    /// Whether it falls into each category.
    #[serde(default)]
    pub categories: BTreeMap<String, Option<bool>>,
    /// How sure that is, from 0 to 1.
    #[serde(default)]
    pub category_scores: BTreeMap<String, f64>,
    /// Which kinds of input each category was looked for in.
    #[serde(default)]
    pub category_applied_input_types: BTreeMap<String, Vec<String>>,
}

/// Reads a request.
///
/// # Errors
/// `bad_request`, naming the field.
pub fn request_read(body: &[u8]) -> Result<ModerationsRequest, Fault> {
    let mut fields = Fields::body(body)?;
    let model = fields.string("model")?;
    let inputs = inputs_read(fields.required("input", "a string, an array of strings, or an array of parts")?)?;
    Ok(ModerationsRequest { model, inputs, extra: fields.rest() })
}

fn inputs_read(value: Value) -> Result<Vec<Vec<Part>>, Fault> {
    let path = Path::Field(&Path::Root, "input");
    let items = match value {
        Value::String(text) => return Ok(vec![vec![Part::Text { text }]]),
        Value::Array(items) if items.is_empty() => {
            return Err(Fault::bad_request("input", "`input` is empty.").hint("Send at least one text."));
        }
        Value::Array(items) => items,
        other => return Err(path.mistyped(&other, "a string, an array of strings, or an array of parts")),
    };
    // Parts are one input together, texts are one each.
    let together = items.iter().any(Value::is_object);
    let read = |(index, item)| {
        let path = Path::Item(&path, index);
        if together { part(item, path) } else { path.string(item).map(|text| Part::Text { text }) }
    };
    let parts: Vec<Part> = items.into_iter().enumerate().map(read).collect::<Result<_, Fault>>()?;
    Ok(if together { vec![parts] } else { parts.into_iter().map(|part| vec![part]).collect() })
}

fn part(value: Value, path: Path<'_>) -> Result<Part, Fault> {
    let mut fields = Fields::of(value, path)?;
    match fields.string_required("type")?.as_str() {
        "text" => Ok(Part::Text { text: fields.string_required("text")? }),
        "image_url" => {
            let image = fields.required("image_url", "an object with a `url`")?;
            let url = Fields::of(image, Path::Field(&path, "image_url"))?.string_required("url")?;
            Ok(Part::Image { url, detail: None })
        }
        _ => {
            let path = Path::Field(&path, "type").to_string();
            Err(Fault::bad_request(&path, format!("`{path}` is not a part that can be judged."))
                .hint("Use `text` or `image_url`."))
        }
    }
}

/// Writes a request for a provider that calls its model `model`.
pub fn request_write(request: &ModerationsRequest, model: &str) -> Bytes {
    #[derive(Serialize)]
    struct Body<'a> {
        model: &'a str,
        input: Value,
        #[serde(flatten)]
        extra: Kept<'a>,
    }
    let told = |part: &Part| match part {
        Part::Image { url, .. } => json!({"type": "image_url", "image_url": {"url": url}}),
        Part::Text { text } => json!({"type": "text", "text": text}),
        _ => Value::Null,
    };
    let text = |parts: &Vec<Part>| match parts.as_slice() {
        [Part::Text { text }] => Some(text.clone()),
        _ => None,
    };
    let texts: Option<Vec<String>> = request.inputs.iter().map(text).collect();
    let input = match texts {
        Some(texts) => texts.into(),
        None => request.inputs.iter().flatten().map(told).collect(),
    };
    bytes_of(&Body { model, input, extra: Kept::of(&request.extra, &[]) })
}

/// Reads a provider's verdicts on `inputs` inputs.
///
/// # Errors
/// `upstream` when the body is no list of as many verdicts.
pub fn answer_read(body: &[u8], inputs: usize) -> Result<Moderations, Fault> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        id: String,
        #[serde(default)]
        model: String,
        results: Option<Vec<Verdict>>,
        error: Option<Value>,
    }
    let body: Body = serde_json::from_slice(body).map_err(|error| fault::unreadable("verdict", error))?;
    match (body.results, body.error) {
        (Some(results), _) if results.len() == inputs => Ok(Moderations { id: body.id, model: body.model, results }),
        (Some(results), _) => {
            Err(fault::unreadable("verdict", format!("it has {} results for {inputs} inputs", results.len())))
        }
        (None, Some(error)) => Err(fault::in_band(Dialect::OpenaiChat, &error)),
        (None, None) => Err(fault::unreadable("verdict", "`results` is missing")),
    }
}

/// Writes verdicts. Categories that nothing was said about are told as not met.
pub fn answer_write(moderations: &Moderations, surefoot: &Value) -> Bytes {
    #[derive(Serialize)]
    struct Body<'a> {
        id: &'a str,
        model: &'a str,
        results: Vec<Verdict>,
        #[serde(skip_serializing_if = "Value::is_null")]
        surefoot: &'a Value,
    }
    let results = moderations.results.iter().map(completed).collect();
    bytes_of(&Body { id: &moderations.id, model: &moderations.model, results, surefoot })
}

/// The verdict with a word on every category.
fn completed(verdict: &Verdict) -> Verdict {
    let mut verdict = verdict.clone();
    for category in CATEGORIES {
        verdict.categories.entry(category.to_owned()).or_insert(Some(false));
        verdict.category_scores.entry(category.to_owned()).or_insert(0.0);
        verdict.category_applied_input_types.entry(category.to_owned()).or_insert_with(|| vec!["text".to_owned()]);
    }
    verdict
}

#[cfg(test)]
#[path = "moderations/tests.rs"]
mod tests;
