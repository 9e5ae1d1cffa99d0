//! The list of models, in each dialect's shape.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use surefoot_types::conversation::Dialect;

use crate::json::bytes_of;

/// A model that callers may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelEntry {
    /// What callers name it.
    pub id: String,
    /// Who provides it.
    pub owner: String,
    /// When it was made known, in seconds since 1970.
    pub created: i64,
    /// What Surefoot knows of it, beside the dialect's own fields; null where that is nothing.
    pub surefoot: Value,
}

/// All models.
pub fn list_write(dialect: Dialect, models: &[ModelEntry]) -> Bytes {
    let data: Vec<Value> = models.iter().map(|model| entry(dialect, model)).collect();
    bytes_of(&match dialect {
        Dialect::OpenaiChat | Dialect::OpenaiResponses => json!({"object": "list", "data": data}),
        Dialect::Anthropic => json!({
            "data": data,
            "has_more": false,
            "first_id": models.first().map(|model| &model.id),
            "last_id": models.last().map(|model| &model.id),
        }),
        Dialect::Gemini => json!({"models": data}),
        Dialect::Bedrock => json!({"modelSummaries": data}),
    })
}

/// One model.
pub fn one_write(dialect: Dialect, model: &ModelEntry) -> Bytes {
    bytes_of(&entry(dialect, model))
}

fn entry(dialect: Dialect, model: &ModelEntry) -> Value {
    let mut entry = of_dialect(dialect, model);
    if !model.surefoot.is_null() {
        entry["surefoot"] = model.surefoot.clone();
    }
    entry
}

fn of_dialect(dialect: Dialect, model: &ModelEntry) -> Value {
    match dialect {
        Dialect::OpenaiChat | Dialect::OpenaiResponses => {
            json!({"id": model.id, "object": "model", "created": model.created, "owned_by": model.owner})
        }
        Dialect::Anthropic => json!({
            "type": "model",
            "id": model.id,
            "display_name": model.id,
            "lifecycle": "active",
            "created_at": Timestamp::from_second(model.created).unwrap_or(Timestamp::UNIX_EPOCH).to_string(),
        }),
        Dialect::Bedrock => json!({"modelId": model.id, "modelName": model.id, "providerName": model.owner}),
        Dialect::Gemini => json!({
            "name": format!("models/{}", model.id),
            "displayName": model.id,
            "supportedGenerationMethods": ["generateContent", "streamGenerateContent", "countTokens", "embedContent"],
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_the_dialect_shape() {
        let (id, owner) = ("answer".to_owned(), "surefoot".to_owned());
        let models = [ModelEntry { id, owner, created: 1_700_000_000, surefoot: Value::Null }];
        assert_eq!(
            list_write(Dialect::OpenaiChat, &models),
            r#"{"object":"list","data":[{"id":"answer","object":"model","created":1700000000,"owned_by":"surefoot"}]}"#
        );
        assert_eq!(
            list_write(Dialect::Anthropic, &models),
            r#"{"data":[{"type":"model","id":"answer","display_name":"answer","lifecycle":"active","created_at":"2023-11-14T22:13:20Z"}],"has_more":false,"first_id":"answer","last_id":"answer"}"#
        );
        assert_eq!(
            list_write(Dialect::Anthropic, &[]),
            r#"{"data":[],"has_more":false,"first_id":null,"last_id":null}"#
        );
        assert_eq!(
            one_write(Dialect::OpenaiChat, &models[0]),
            r#"{"id":"answer","object":"model","created":1700000000,"owned_by":"surefoot"}"#
        );
        let known = ModelEntry { surefoot: json!({"context": 100}), ..models[0].clone() };
        let written = one_write(Dialect::Anthropic, &known);
        assert!(written.ends_with(br#","surefoot":{"context":100}}"#), "{written:?}");
    }
}
