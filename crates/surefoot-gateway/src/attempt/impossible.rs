//! Requests that a target surely cannot answer: told before anything is sent, so that another target may.

use surefoot_types::{
    Capabilities, Fault, Retry,
    conversation::{ChatRequest, Part},
};

/// Why a target that can do this and no more cannot answer a request. Only what is certain counts: what is not known
/// of a model is tried.
pub(crate) fn impossible(target: &str, can: &Capabilities, request: &ChatRequest) -> Option<Fault> {
    let refused = |field: &str, what: String| {
        let hint = "Ask another model. If this one can do it, say so under [capabilities] in surefoot.toml.";
        Some(Fault::bad_request(field, what).hint(hint).retry(Retry::Elsewhere))
    };
    if can.vision == Some(false) && request.messages.iter().any(|message| message.parts.iter().any(pictured)) {
        return refused("messages", format!("the model '{target}' sees no pictures, and the request has one"));
    }
    if can.tools == Some(false) && !request.tools.is_empty() {
        return refused("tools", format!("the model '{target}' calls no tools, and the request offers some"));
    }
    let context = can.context?;
    let words = request.messages.iter().flat_map(|message| &message.parts).map(least_tokens).sum::<u64>();
    if words > context {
        let told = format!("the prompt has at least {words} tokens, and the model '{target}' takes {context}");
        return refused("messages", told);
    }
    None
}

fn pictured(part: &Part) -> bool {
    match part {
        Part::Image { .. } => true,
        Part::ToolResult { content, .. } => content.iter().any(pictured),
        _ => false,
    }
}

/// Tokens that a part surely has: no vocabulary has a token that holds two words of plain text. Most prompts have a
/// third more.
fn least_tokens(part: &Part) -> u64 {
    match part {
        Part::Text { text } | Part::Refusal { text } => text.split_ascii_whitespace().count() as u64,
        Part::ToolResult { content, .. } => content.iter().map(least_tokens).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use surefoot_types::conversation::Tool;

    use super::*;

    #[test]
    fn only_what_is_certain_is_refused() {
        let picture = Part::Image { url: "https://example.com/a.png".into(), detail: None };
        let mut seeing = ChatRequest::ask("m", "What is this?");
        seeing.messages[0].parts.push(picture.clone());
        let mut handed = ChatRequest::ask("m", "?");
        handed.messages[0].parts = vec![Part::ToolResult { id: "1".into(), content: vec![picture], is_error: false }];
        let mut calling = ChatRequest::ask("m", "?");
        calling.tools.push(Tool {
            name: "t".into(),
            description: None,
            schema: serde_json::json!({}),
            strict: None,
            extra: serde_json::Map::new(),
        });
        let long = ChatRequest::ask("m", "word ".repeat(101));
        let short = ChatRequest::ask("m", "word ".repeat(100));
        let unknown = Capabilities::default();
        let plain =
            Capabilities { context: Some(100), vision: Some(false), tools: Some(false), ..Capabilities::default() };
        let able =
            Capabilities { context: Some(1_000), vision: Some(true), tools: Some(true), ..Capabilities::default() };
        for (request, says) in [
            (&seeing, Some("sees no pictures")),
            (&handed, Some("sees no pictures")),
            (&calling, Some("calls no tools")),
            (&long, Some("at least 101 tokens")),
            (&short, None),
        ] {
            let told = impossible("p/m", &plain, request).map(|fault| fault.message);
            assert_eq!(told.is_some(), says.is_some(), "{told:?}");
            assert!(says.is_none_or(|says| told.is_some_and(|told| told.contains(says))), "{says:?}");
            assert_eq!(impossible("p/m", &unknown, request), None);
            assert_eq!(impossible("p/m", &able, request), None);
        }
    }
}
