//! Asking for a shape in words, where a provider has no other way.

use std::borrow::Cow;

use surefoot_types::{
    Fault,
    conversation::{ChatRequest, Dialect, Message, ResponseFormat, Role},
};

/// What a provider's refusal names when it is its way of asking for a shape that it does not have.
const NAMES: [&str; 6] =
    ["response_format", "json_schema", "output_config", "responsejsonschema", "text.format", "outputconfig"];

/// The request for a dialect that has no field for any JSON object, asking for it in words.
pub(crate) fn in_words(dialect: Dialect, request: &ChatRequest) -> Cow<'_, ChatRequest> {
    let lacks = matches!(dialect, Dialect::Anthropic | Dialect::Bedrock);
    if !lacks || request.response_format != Some(ResponseFormat::JsonObject) {
        return Cow::Borrowed(request);
    }
    let mut request = request.clone();
    instruct(&mut request, "Answer with one JSON object and nothing else.".to_owned());
    Cow::Owned(request)
}

/// Whether a provider refused the request for its way of asking for a shape.
pub(crate) fn refuses_schema(fault: &Fault) -> bool {
    let told = fault.message.to_lowercase();
    matches!(fault.upstream_status, Some(400 | 422)) && NAMES.iter().any(|name| told.contains(name))
}

/// The request with its schema in words instead; `None` where it has none.
pub(crate) fn by_prompt(request: &ChatRequest) -> Option<ChatRequest> {
    let instruction = match request.response_format.as_ref()? {
        ResponseFormat::JsonObject => "Answer with one JSON object and nothing else.".to_owned(),
        ResponseFormat::JsonSchema { schema, .. } => {
            format!("Answer with JSON that fits this JSON schema, and with nothing else:\n{schema}")
        }
    };
    let mut request = request.clone();
    request.response_format = None;
    instruct(&mut request, instruction);
    Some(request)
}

/// Behind the other instructions, so that what stands before stays the same from request to request.
fn instruct(request: &mut ChatRequest, instruction: String) {
    let at = request.messages.iter().take_while(|message| message.role == Role::System).count();
    request.messages.insert(at, Message::text(Role::System, instruction));
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use surefoot_types::Code;

    use super::*;

    #[test]
    fn a_schema_that_is_refused_is_asked_for_in_words() {
        let mut request = ChatRequest::ask("m", "?");
        request.messages.insert(0, Message::text(Role::System, "Be brief."));
        let schema = json!({"type": "object"});
        request.response_format = Some(ResponseFormat::JsonSchema { name: "x".into(), schema, strict: None });
        let asked = by_prompt(&request).unwrap();
        assert_eq!(asked.response_format, None);
        let told: Vec<String> = asked.messages.iter().map(Message::words).collect();
        let wanted = "Answer with JSON that fits this JSON schema, and with nothing else:\n{\"type\":\"object\"}";
        assert_eq!(told, ["Be brief.", wanted, "?"]);
        assert_eq!(by_prompt(&ChatRequest::ask("m", "?")), None);
    }

    #[test]
    fn any_object_is_asked_for_in_words_where_there_is_no_field() {
        let mut request = ChatRequest::ask("m", "?");
        request.response_format = Some(ResponseFormat::JsonObject);
        assert_eq!(in_words(Dialect::OpenaiChat, &request).messages.len(), 1);
        assert_eq!(in_words(Dialect::Anthropic, &request).messages.len(), 2);
    }

    #[test]
    fn what_a_refusal_of_a_schema_is() {
        let fault = |status, message: &str| {
            let mut fault = Fault::new(Code::BadRequest, message);
            fault.upstream_status = status;
            fault
        };
        assert!(refuses_schema(&fault(Some(400), "This response_format type is unavailable now")));
        assert!(!refuses_schema(&fault(Some(400), "Unknown model")));
        assert!(!refuses_schema(&fault(Some(500), "response_format failed")));
        assert!(!refuses_schema(&fault(None, "response_format: the schema cannot be checked")));
    }
}
