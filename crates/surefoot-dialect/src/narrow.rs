//! Requests in a dialect's words for a server that knows fewer of them, or has its own for some.

use bytes::Bytes;
use memchr::memmem;
use serde_json::value::RawValue;

use crate::{
    json::vec_of,
    passthrough::{Members, place, spliced},
};

/// Asked for by Surefoot itself: that it is left out is nobody's loss.
const OUR_OWN: &str = "stream_options";

/// A request of OpenAI's chat without the top members in `refused`, those in `renamed` under their other name, and
/// with `developer` messages as a system's if `developer` says so. Gives the names of what was asked for and is left
/// out. A body in which nothing has to change stays as it is, and so does one that is no JSON object.
pub fn chat(
    body: Bytes,
    refused: &[&str],
    renamed: &[(&'static str, &'static str)],
    developer: bool,
) -> (Bytes, Vec<String>) {
    let developer = developer && memmem::find(&body, b"\"developer\"").is_some();
    let Ok(text) = std::str::from_utf8(&body) else { return (body, Vec::new()) };
    let Ok(members) = Members::of(text) else { return (body, Vec::new()) };
    let other = |name: &str| renamed.iter().find(|(old, _)| *old == name).map(|(_, new)| *new);
    let changes = |name: &str| refused.contains(&name) || other(name).is_some() || (developer && name == "messages");
    if !members.0.iter().any(|(name, _)| changes(name)) {
        return (body, Vec::new());
    }
    let mut dropped = Vec::new();
    let mut out = vec![b'{'];
    for (name, raw) in &members.0 {
        if refused.contains(&name.as_ref()) {
            if name != OUR_OWN && raw.get() != "null" {
                dropped.push(name.to_string());
            }
            continue;
        }
        let new = other(name);
        // Said twice, under both names: the server's own name holds.
        if new.is_some_and(|new| members.named(new).next().is_some()) {
            continue;
        }
        if out.len() > 1 {
            out.push(b',');
        }
        out.extend_from_slice(&vec_of(&new.unwrap_or(name.as_ref())));
        out.push(b':');
        match name.as_ref() {
            "messages" if developer => out.extend_from_slice(&as_system(raw.get())),
            _ => out.extend_from_slice(raw.get().as_bytes()),
        }
    }
    out.push(b'}');
    (out.into(), dropped)
}

/// A request in Anthropic's words as Vertex takes it: the model stands in the address, and the API's version in the
/// body.
pub fn vertex(body: &[u8], version: &str) -> Bytes {
    let Some(members) = std::str::from_utf8(body).ok().and_then(|text| Members::of(text).ok()) else {
        return Bytes::copy_from_slice(body);
    };
    let mut out = [b"{\"anthropic_version\":".as_slice(), &vec_of(&version)].concat();
    for (name, raw) in members.0.iter().filter(|(name, _)| name != "model" && name != "anthropic_version") {
        out.push(b',');
        out.extend_from_slice(&vec_of(name));
        out.push(b':');
        out.extend_from_slice(raw.get().as_bytes());
    }
    out.push(b'}');
    out.into()
}

/// Messages in which a developer's are a system's.
fn as_system(messages: &str) -> Bytes {
    let each: Vec<&RawValue> = serde_json::from_str(messages).unwrap_or_default();
    let roles = each.iter().filter_map(|message| Members::of(message.get()).ok()?.named("role").last());
    let edits: Vec<_> = roles
        .filter(|role| role.get() == "\"developer\"")
        .map(|role| (place(messages, role), b"\"system\"".to_vec()))
        .collect();
    spliced(messages.as_bytes(), &edits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_to_change_does() {
        let refused = ["stream_options", "store"];
        let renamed = [("max_completion_tokens", "max_tokens"), ("seed", "random_seed")];
        for (body, developer, expected, dropped) in [
            (r#"{ "model": "m", "x": 1.50 }"#, true, r#"{ "model": "m", "x": 1.50 }"#, ""),
            ("not JSON", true, "not JSON", ""),
            (r#"{"model":"m","stream_options":{"include_usage":true}}"#, true, r#"{"model":"m"}"#, ""),
            (r#"{"store":true,"n":12345678901234567890}"#, true, r#"{"n":12345678901234567890}"#, "store"),
            (r#"{"store":null}"#, true, "{}", ""),
            (r#"{"max_completion_tokens":5}"#, true, r#"{"max_tokens":5}"#, ""),
            (r#"{"max_completion_tokens":5,"max_tokens":7}"#, true, r#"{"max_tokens":7}"#, ""),
            (
                r#"{"messages":[{"role":"developer","content":"a \"developer\""},{"role":"user","content":"b"}]}"#,
                true,
                r#"{"messages":[{"role":"system","content":"a \"developer\""},{"role":"user","content":"b"}]}"#,
                "",
            ),
            (r#"{"messages":[{"role":"developer"}]}"#, false, r#"{"messages":[{"role":"developer"}]}"#, ""),
        ] {
            let (narrowed, left_out) = chat(Bytes::from(body), &refused, &renamed, developer);
            assert_eq!((narrowed.as_ref(), left_out.join(",")), (expected.as_bytes(), dropped.to_owned()), "{body}");
        }
    }

    #[test]
    fn on_vertex_the_model_is_in_the_address() {
        let body = vertex(br#"{"model":"claude","max_tokens":5,"odd":1.0}"#, "vertex-1");
        assert_eq!(body, r#"{"anthropic_version":"vertex-1","max_tokens":5,"odd":1.0}"#);
    }
}
