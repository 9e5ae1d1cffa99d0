//! The same dialect at both ends: the caller's bytes, touching only what must change. Key order,
//! duplicate keys, big integers and white space stay as they came.

use std::{borrow::Cow, fmt, ops::Range};

use bytes::Bytes;
use memchr::memmem;
use serde::{
    Deserialize,
    de::{MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};
use surefoot_types::{Fault, conversation::Dialect};

use crate::{
    json::{Path, body_text, not_json, vec_of},
    openai_chat::is_openai_s,
    request_read, request_write, signature,
};

/// The caller's request for the provider's `model`; written anew where it holds reasoning that
/// another provider signed, which this one would refuse. An OpenAI stream is also asked for its usage,
/// which the books need; the writer of the answer takes it out again where the caller did not ask. An answer
/// that the caller does not limit gets at most `cap` tokens.
///
/// # Errors
/// `bad_request` when the body is no JSON object with a model.
pub fn request(dialect: Dialect, body: &[u8], model: &str, cap: Option<u64>) -> Result<Bytes, Fault> {
    let text = body_text(body)?;
    let foreign = signature::MARKS.iter().any(|mark| memmem::find(body, mark.as_bytes()).is_some());
    // Where the limit stands deeper than at the top it is not put into the bytes.
    let nested = cap.is_some() && !matches!(dialect, Dialect::OpenaiChat | Dialect::Anthropic);
    if foreign || nested {
        let mut read = request_read(dialect, body)?;
        read.parameters.max_tokens = read.parameters.max_tokens.or(cap);
        return Ok(request_write(dialect, &read, model).body);
    }
    let members = Members::of(text).map_err(|error| not_json(&error))?;
    let mut edits: Vec<(Range<usize>, Vec<u8>)> = Vec::new();
    for member in members.named("model") {
        edits.push((place(text, member), vec_of(&model)));
    }
    // Google's and AWS's models stand in the address.
    if edits.is_empty() && !matches!(dialect, Dialect::Gemini | Dialect::Bedrock) {
        return Err(Path::Field(&Path::Root, "model").missing("a string"));
    }
    if dialect == Dialect::OpenaiChat && members.named("stream").last().is_some_and(|raw| raw.get() == "true") {
        usage_ask(text, &members, &mut edits);
    }
    if let Some(cap) = cap {
        cap_put(cap, cap_name(dialect, model), text, &members, &mut edits);
    }
    edits.sort_by_key(|(range, _)| range.start);
    Ok(spliced(body, &edits))
}

/// The caller's request without its members named `name`: what is told to Surefoot is not for a provider.
///
/// # Errors
/// `bad_request` when the body is no JSON object.
pub fn request_without(body: &[u8], name: &str) -> Result<Bytes, Fault> {
    let text = body_text(body)?;
    let members = Members::of(text).map_err(|error| not_json(&error))?;
    let mut edits: Vec<(Range<usize>, Vec<u8>)> = Vec::new();
    let mut end = text.find('{').map_or(0, |brace| brace + 1);
    let mut kept = 0;
    for (key, raw) in &members.0 {
        // A member with what stands between it and the one before.
        let member = end..place(text, raw).end;
        end = member.end;
        if key == name {
            edits.push((member, Vec::new()));
            continue;
        }
        // The first that is left has no comma before it.
        if kept == 0 && !edits.is_empty() {
            let comma = text[member.clone()].find(',').map_or(0, |comma| comma + 1);
            edits.push((member.start..member.start + comma, Vec::new()));
        }
        kept += 1;
    }
    Ok(spliced(body, &edits))
}

/// A provider's whole answer as it came, with `surefoot` as a last member; untouched when that is
/// null or the answer is no object.
pub fn answer(body: &[u8], surefoot: &Value) -> Bytes {
    match member_added(body, "surefoot", surefoot) {
        Some(body) => body.into(),
        None => Bytes::copy_from_slice(body),
    }
}

/// The object `json` with one more member, unless the value is null or `json` is no object.
pub(crate) fn member_added(json: &[u8], name: &str, value: &Value) -> Option<Vec<u8>> {
    let inner = json.trim_ascii_end().strip_suffix(b"}")?;
    if value.is_null() || !json.trim_ascii_start().starts_with(b"{") {
        return None;
    }
    let mut out = Vec::with_capacity(json.len() + 256);
    out.extend_from_slice(inner);
    if !inner.trim_ascii_end().ends_with(b"{") {
        out.push(b',');
    }
    out.extend_from_slice(&vec_of(&name));
    out.push(b':');
    out.extend_from_slice(&vec_of(value));
    out.extend_from_slice(&json[inner.len()..]);
    Some(out)
}

/// What a dialect in which it stands at the top, or a model of it, calls the most tokens of an answer.
fn cap_name(dialect: Dialect, model: &str) -> &'static str {
    match dialect {
        Dialect::OpenaiChat if is_openai_s(model) => "max_completion_tokens",
        _ => "max_tokens",
    }
}

/// Adds the edits that limit an answer, in the place of a limit that says nothing (null) or at the end.
fn cap_put(cap: u64, name: &'static str, text: &str, members: &Members<'_>, edits: &mut Vec<(Range<usize>, Vec<u8>)>) {
    let places: Vec<Range<usize>> = members.named(name).map(|member| place(text, member)).collect();
    if places.is_empty() {
        let end = text.trim_end().len() - 1;
        edits.push((end..end, format!(",\"{name}\":{cap}").into_bytes()));
    }
    edits.extend(places.into_iter().map(|place| (place, cap.to_string().into_bytes())));
}

/// The object `json` with one more member in its own member `outer`, as [`member_added`] adds it.
pub(crate) fn member_added_within(json: &[u8], outer: &'static str, name: &str, value: &Value) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(json).ok()?;
    let members = Members::of(text).ok()?;
    let inner = members.named(outer).last()?;
    let range = place(text, inner);
    let added = member_added(inner.get().as_bytes(), name, value)?;
    Some([&json[..range.start], &added, &json[range.end..]].concat())
}

/// Adds the edits that make a stream tell its usage.
fn usage_ask(text: &str, members: &Members<'_>, edits: &mut Vec<(Range<usize>, Vec<u8>)>) {
    const ASK: &[u8] = br#""include_usage":true"#;
    let mut asked = false;
    for options in members.named("stream_options") {
        asked = true;
        let range = place(text, options);
        let Ok(inner) = Members::of(options.get()) else {
            if options.get() == "null" {
                edits.push((range, [b"{", ASK, b"}"].concat()));
            }
            continue;
        };
        for asking in inner.named("include_usage") {
            edits.push((place(text, asking), b"true".to_vec()));
        }
        if inner.named("include_usage").next().is_none() {
            let comma: &[u8] = if inner.0.is_empty() { b"" } else { b"," };
            edits.push((range.end - 1..range.end - 1, [comma, ASK].concat()));
        }
    }
    if !asked {
        let end = text.trim_end().len() - 1;
        edits.push((end..end, [b",\"stream_options\":{", ASK, b"}"].concat()));
    }
}

pub(crate) fn spliced(body: &[u8], edits: &[(Range<usize>, Vec<u8>)]) -> Bytes {
    let added: usize = edits.iter().map(|(_, new)| new.len()).sum();
    let mut out = Vec::with_capacity(body.len() + added);
    let mut done = 0;
    for (range, new) in edits {
        out.extend_from_slice(&body[done..range.start]);
        out.extend_from_slice(new);
        done = range.end;
    }
    out.extend_from_slice(&body[done..]);
    out.into()
}

/// Where `raw`, which borrows from `text`, stands in it.
pub(crate) fn place(text: &str, raw: &RawValue) -> Range<usize> {
    let start = raw.get().as_ptr() as usize - text.as_ptr() as usize;
    start..start + raw.get().len()
}

/// The members of an object in order, duplicates included, their values unread.
pub(crate) struct Members<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    pub(crate) fn of(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    pub(crate) fn named(&self, name: &'static str) -> impl Iterator<Item = &'a RawValue> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, raw)| *raw)
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((key, raw)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
                    members.push((key.0, raw));
                }
                Ok(Members(members))
            }
        }

        from.deserialize_map(Collect)
    }
}

/// A key, borrowed unless it has escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
#[path = "passthrough/tests.rs"]
mod tests;
