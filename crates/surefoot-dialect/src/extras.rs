//! What only one dialect has: kept while a request is in neutral words, named when it cannot be
//! carried further.

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;
use surefoot_types::conversation::{ChatRequest, Dialect, Message};

use crate::json::Object;

/// The key in a message's `extra` under which unknown fields of its parts are kept, by the part's
/// number. Neither dialect has a message field of this name.
const PART_FIELDS: &str = "part_fields";

/// The key in a message's `extra` that tells what the dialect called its role, where the neutral
/// role does not say (OpenAI's `developer`, a system message amid Anthropic's turns).
pub(crate) const ROLE: &str = "role";

/// The key under which the fields of an item of OpenAI's responses are kept.
pub(crate) const ITEM: &str = "responses_item";

/// Keeps the unknown fields of part number `index`.
pub(crate) fn part_fields_put(extra: &mut Object, index: usize, fields: Object) {
    if fields.is_empty() {
        return;
    }
    let kept = extra.entry(PART_FIELDS).or_insert_with(|| Value::Object(Object::new()));
    if let Value::Object(kept) = kept {
        kept.insert(index.to_string(), Value::Object(fields));
    }
}

/// The unknown fields of part number `index`.
pub(crate) fn part_fields(message: &Message, index: usize) -> Option<&Object> {
    message.extra.get(PART_FIELDS)?.get(index.to_string())?.as_object()
}

/// Fields written back as they came.
#[derive(Debug, Default)]
pub(crate) struct Kept<'a>(pub(crate) Vec<(&'a str, &'a Value)>);

impl<'a> Kept<'a> {
    /// All fields of `extra` but those of these names and our own marks.
    pub(crate) fn of(extra: &'a Object, without: &[&str]) -> Self {
        let ours = |name: &str| [PART_FIELDS, ROLE, ITEM].contains(&name);
        let kept = extra.iter().map(|(name, value)| (name.as_str(), value));
        Self(kept.filter(|(name, _)| !ours(name) && !without.contains(name)).collect())
    }

    /// The fields of part number `index`.
    pub(crate) fn of_part(message: &'a Message, index: usize) -> Self {
        part_fields(message, index).map(|fields| Self::of(fields, &[])).unwrap_or_default()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(it, _)| *it == name)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Names every field as dropped, and keeps none of them.
    pub(crate) fn drop_all(self, under: &str, dropped: &mut Dropped) {
        for (name, value) in self.0 {
            if !says_nothing(value) {
                dropped.name(format!("{under}{name}"));
            }
        }
    }
}

impl Serialize for Kept<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Whether leaving the field out changes nothing.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Number(_) | Value::String(_) | Value::Bool(true) => false,
    }
}

/// What a part that only one dialect has is called: its type, or the field that says what it is.
pub(crate) fn kind_of(value: &Value) -> &str {
    let first = || value.as_object().and_then(|fields| fields.keys().next()).map_or("part", String::as_str);
    value.get("type").and_then(Value::as_str).unwrap_or_else(first)
}

/// Fields that both of OpenAI's dialects have under one name.
const SHARED: [&str; 4] = ["safety_identifier", "service_tier", "prompt_cache_key", "prompt_cache_retention"];

/// Whether a caller speaks one of OpenAI's dialects.
pub(crate) fn is_openai_s_client(dialect: Dialect) -> bool {
    matches!(dialect, Dialect::OpenaiChat | Dialect::OpenaiResponses)
}

/// What of a request's `extra` OpenAI's other dialect takes as well; the rest, but for fields of
/// these names, is named as dropped.
pub(crate) fn akin<'a>(request: &'a ChatRequest, without: &[&str], dropped: &mut Dropped) -> Kept<'a> {
    let is_shared = |(name, _): &(&str, &Value)| is_openai_s_client(request.dialect) && SHARED.contains(name);
    let (shared, rest) = Kept::of(&request.extra, without).0.into_iter().partition(is_shared);
    Kept(rest).drop_all("", dropped);
    Kept(shared)
}

/// Names what no dialect but OpenAI's responses can say of kept state, where nobody has seen to it.
pub(crate) fn state_drop(request: &ChatRequest, dropped: &mut Dropped) {
    dropped.name_if(request.previous_response_id.is_some(), "previous_response_id");
    dropped.name_if(request.store == Some(true), "store");
}

/// Names what of the parameters only OpenAI's chat and Gemini have.
pub(crate) fn sampling_drop(request: &ChatRequest, dropped: &mut Dropped) {
    let parameters = &request.parameters;
    let says = |penalty: Option<f64>| penalty.is_some_and(|penalty| penalty != 0.0);
    dropped.name_if(parameters.seed.is_some(), "seed");
    dropped.name_if(says(parameters.presence_penalty), "presence_penalty");
    dropped.name_if(says(parameters.frequency_penalty), "frequency_penalty");
    dropped.name_if(parameters.n.is_some_and(|n| n > 1), "n");
}

/// Names what of the parameters neither Anthropic nor Bedrock has.
pub(crate) fn parameters_drop(request: &ChatRequest, dropped: &mut Dropped) {
    sampling_drop(request, dropped);
    dropped.name_if(request.parameters.logprobs == Some(true), "logprobs");
    dropped.name_if(request.parameters.top_logprobs.is_some(), "top_logprobs");
}

/// Names of what could not be carried over, each once.
#[derive(Debug, Default)]
pub(crate) struct Dropped(Vec<String>);

impl Dropped {
    /// The most names that are told, and their greatest length: they end in a header, and callers
    /// choose them.
    const MOST: usize = 64;

    pub(crate) fn name(&mut self, name: impl AsRef<str>) {
        let fit = |c: char| if c.is_ascii_graphic() && c != ',' { c } else { '?' };
        let name: String = name.as_ref().chars().take(Self::MOST).map(fit).collect();
        if self.0.len() < Self::MOST && !self.0.contains(&name) {
            self.0.push(name);
        }
    }

    pub(crate) fn name_if(&mut self, is_dropped: bool, name: &str) {
        if is_dropped {
            self.name(name);
        }
    }

    pub(crate) fn into_names(self) -> Vec<String> {
        self.0
    }
}
