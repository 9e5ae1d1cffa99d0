//! Names of tools, made fit for a provider that is stricter than the caller's dialect, and back.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use surefoot_types::conversation::{Answer, ChatRequest, Dialect, Event, Part, ToolChoice};

use crate::Frame;

/// Tools that a provider knows by another name than the caller does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolNames(BTreeMap<String, String>);

impl ToolNames {
    /// The tools of `request` that a provider of `target` is told of under another name.
    pub fn of(target: Dialect, request: &ChatRequest) -> Self {
        if request.dialect == target {
            return Self::default();
        }
        let renamed = names(request).into_iter().filter_map(|name| match fit(target, name) {
            Cow::Borrowed(_) => None,
            Cow::Owned(fitted) => Some((fitted, name.to_owned())),
        });
        Self(renamed.collect())
    }

    /// Puts the caller's names into a whole answer.
    pub fn restore(&self, answer: &mut Answer) {
        for part in &mut answer.parts {
            if let Part::ToolCall { name, .. } = part {
                self.put_back(name);
            }
        }
    }

    /// Puts the caller's names into what a frame means.
    pub fn restore_frame(&self, frame: &mut Frame) {
        for event in &mut frame.events {
            if let Event::ToolCall { name, .. } = event {
                self.put_back(name);
            }
        }
    }

    fn put_back(&self, name: &mut String) {
        if let Some(caller_s) = self.0.get(name) {
            name.clone_from(caller_s);
        }
    }
}

/// The request with every tool's name fit for the target.
pub(crate) fn fitted(target: Dialect, request: &ChatRequest) -> Cow<'_, ChatRequest> {
    if ToolNames::of(target, request).0.is_empty() {
        return Cow::Borrowed(request);
    }
    let mut request = request.clone();
    let put = |name: &mut String| *name = fit(target, name).into_owned();
    request.tools.iter_mut().filter(|tool| !tool.schema.is_null()).for_each(|tool| put(&mut tool.name));
    match &mut request.tool_choice {
        Some(ToolChoice::Named(name)) => put(name),
        Some(ToolChoice::Allowed { names, .. }) => names.iter_mut().for_each(put),
        _ => {}
    }
    for part in request.messages.iter_mut().flat_map(|message| &mut message.parts) {
        if let Part::ToolCall { name, .. } = part {
            put(name);
        }
    }
    Cow::Owned(request)
}

/// The names of all functions of a request, those of its history too.
fn names(request: &ChatRequest) -> BTreeSet<&str> {
    let tools = request.tools.iter().filter(|tool| !tool.schema.is_null()).map(|tool| tool.name.as_str());
    let called = request.messages.iter().flat_map(|message| &message.parts).filter_map(|part| match part {
        Part::ToolCall { name, .. } => Some(name.as_str()),
        _ => None,
    });
    tools.chain(called).collect()
}

/// The name in letters and in a length that the target takes: where it has to change, with a sum of
/// the whole name at its end, so that different names stay different.
fn fit(target: Dialect, name: &str) -> Cow<'_, str> {
    const SUM: usize = 9;
    let (most, also) = match target {
        Dialect::OpenaiChat | Dialect::OpenaiResponses | Dialect::Bedrock => (64, "_-"),
        Dialect::Anthropic => (128, "_-"),
        Dialect::Gemini => (64, "_-.:"),
    };
    let is_fit = |c: char| c.is_ascii_alphanumeric() || also.contains(c);
    let begins =
        |name: &str| target != Dialect::Gemini || name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !name.is_empty() && name.len() <= most && name.chars().all(is_fit) && begins(name) {
        return Cow::Borrowed(name);
    }
    let mut fitted: String = name.chars().map(|c| if is_fit(c) { c } else { '_' }).collect();
    if !begins(&fitted) {
        fitted.insert(0, '_');
    }
    fitted.truncate(most - SUM);
    let sum = &blake3::hash(name.as_bytes()).to_hex()[..SUM - 1];
    Cow::Owned(format!("{fitted}_{sum}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_and_stay_different() {
        let long = "x".repeat(128);
        for target in Dialect::ALL {
            for name in ["get_weather", "a-b"] {
                assert_eq!(fit(target, name), name);
            }
            let names = ["wetter.heute", "wetter_heute", "", "é", "2fast", &long, &long[1..], "a b", "a:b"];
            let fitted: BTreeSet<_> = names.iter().map(|name| fit(target, name)).collect();
            assert_eq!(fitted.len(), names.len());
            for name in fitted {
                let most = if target == Dialect::Anthropic { 128 } else { 64 };
                assert!(!name.is_empty() && name.len() <= most && name.is_ascii(), "{name}");
                assert!(matches!(fit(target, &name), Cow::Borrowed(_)), "{name}");
            }
        }
        assert_eq!(fit(Dialect::Gemini, "wetter.heute"), "wetter.heute");
    }
}
