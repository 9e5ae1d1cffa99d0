//! What is written for schemas of every kind. That compilers take it is tested with the clients.

use serde_json::json;

use super::{Typed, python, taken, typescript};

/// Functions whose schemas use whatever a type can say.
fn functions() -> Vec<Typed> {
    let input = [
        ("product".to_owned(), json!({"type": "string", "description": "The product."})),
        ("plan".to_owned(), json!({"enum": ["basic", "pro", 3, null]})),
        ("limit".to_owned(), json!({"type": "integer", "default": 3})),
    ];
    let output = json!({
        "type": "object",
        "required": ["label", "places"],
        "$defs": {
            "place": {"type": "object", "required": ["x"], "properties": {"x": {"type": "number"}}},
            "tree": {"type": "object", "properties": {"child": {"$ref": "#/$defs/tree"}}},
        },
        "properties": {
            "label": {"enum": ["bug", "wish"]},
            "urgent": {"type": ["boolean", "null"]},
            "places": {"type": "array", "items": {"$ref": "#/$defs/place"}},
            "tree": {"$ref": "#/$defs/tree"},
            "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
            "either": {"anyOf": [{"type": "string"}, {"type": "object", "properties": {"why": {"type": "string"}}}]},
            "anything": {},
            "odd key": {"type": "string", "description": "With a \"quote\" and a */."},
        },
    });
    vec![
        Typed { name: "answer".into(), about: "Answers \"questions\".".into(), input: taken([]), output: None },
        Typed {
            name: "order-status".into(),
            about: "Says where an order is.".into(),
            input: taken(input.iter().map(|(name, schema)| (name, schema))),
            output: Some(output),
        },
    ]
}

#[test]
fn types_for_typescript() {
    insta::assert_snapshot!(typescript::functions(&functions()));
}

#[test]
fn types_for_python() {
    insta::assert_snapshot!(python::functions(&functions()));
}
