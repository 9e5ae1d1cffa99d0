use std::sync::Arc;

use surefoot_dialect::Frame;
use surefoot_guard::personal::{Detector, Options};
use surefoot_types::conversation::Event;

use super::*;

fn object(properties: impl Into<Value>, required: impl Into<Value>) -> Value {
    let (properties, required): (Value, Value) = (properties.into(), required.into());
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// Schemas, each with a value that fits it.
fn pairs() -> Vec<(Value, Value)> {
    [flat(), deep()].concat()
}

fn flat() -> Vec<(Value, Value)> {
    let text = json!({"type": "string"});
    let whole = json!({"type": "integer"});
    vec![
        (
            object(json!({"city": text, "population": whole}), json!(["city", "population"])),
            json!({"city": "Bremen", "population": 577026}),
        ),
        (
            object(
                json!({"label": {"enum": ["bug", "feature_request", "other"]}, "sure": {"type": "boolean"}}),
                json!(["label", "sure"]),
            ),
            json!({"label": "feature_request", "sure": true}),
        ),
        (
            object(
                json!({"steps": {"type": "array", "items": text, "minItems": 1}, "minutes": {"type": "number"}}),
                json!(["steps", "minutes"]),
            ),
            json!({"steps": ["Cut the onions.", "Fry them: \"golden\", not brown."], "minutes": 12.5}),
        ),
        (
            object(
                json!({"name": text, "email": {"type": ["string", "null"]}, "age": whole}),
                json!(["name", "email", "age"]),
            ),
            json!({"name": "Ana Ortiz", "email": null, "age": 41}),
        ),
    ]
}

fn deep() -> Vec<(Value, Value)> {
    let text = json!({"type": "string"});
    let whole = json!({"type": "integer"});
    vec![
        (
            json!({
                "type": "object",
                "properties": {"items": {"type": "array", "items": {"$ref": "#/$defs/item"}}},
                "required": ["items"],
                "$defs": {"item": object(json!({"sku": text, "count": whole}), json!(["sku", "count"]))},
            }),
            json!({"items": [{"sku": "A-1", "count": 2}, {"sku": "B-2", "count": 10}]}),
        ),
        (
            object(json!({"answer": {"anyOf": [whole, {"type": "null"}]}, "why": text}), json!(["answer", "why"])),
            json!({"answer": 7, "why": "Seven days, it says."}),
        ),
        (
            object(json!({"path": text, "line": whole, "message": text}), json!(["path", "line", "message"])),
            json!({"path": "src/main.rs", "line": 12, "message": "expected `;`, found `}`"}),
        ),
        (
            object(
                json!({"when": text, "where": object(json!({"lat": {"type": "number"}, "lon": {"type": "number"}}), json!(["lat", "lon"]))}),
                json!(["when", "where"]),
            ),
            json!({"when": "2026-11-24", "where": {"lat": 53.07, "lon": 8.8}}),
        ),
        (
            object(
                json!({"tags": {"type": "array", "items": {"enum": ["red", "green"]}}, "note": text}),
                json!(["tags", "note"]),
            ),
            json!({"tags": ["red", "green"], "note": "two\nlines — and ünïcode"}),
        ),
        (
            json!({"type": "array", "items": object(json!({"q": text, "a": text}), json!(["q", "a"]))}),
            json!([{"q": "Why?", "a": "Because."}, {"q": "How?", "a": "So."}]),
        ),
    ]
}

type Corrupt = fn(&Value) -> String;

/// What models do to JSON.
const CORRUPTIONS: [(&str, Corrupt); 20] = [
    ("a fence", |v| format!("```json\n{v:#}\n```")),
    ("a fence without its end", |v| format!("```\n{v}")),
    ("words before", |v| format!("Sure! Here is the JSON you asked for:\n\n{v}")),
    ("words after", |v| format!("{v}\n\nLet me know if you need anything else.")),
    ("words around a fence", |v| format!("I looked at [the docs].\n```json\n{v}\n```\nHope that helps {{not}}.")),
    ("reasoning before", |v| format!("<think>The user wants {{json}}.</think>\n{v}")),
    ("the last bracket missing", |v| {
        let text = v.to_string();
        text[..text.len() - 1].to_owned()
    }),
    ("a comma too many", |v| {
        let text = v.to_string();
        let (head, last) = text.split_at(text.len() - 1);
        format!("{head},{last}")
    }),
    ("commas before every bracket", |v| format!("{v:#}").replace("\n}", ",\n}").replace("\n]", ",\n]")),
    ("single quotes", |v| single_quoted(v)),
    ("keys without quotes", |v| keys_bare(v)),
    ("Python's words", |v| {
        outside_texts(v, |text| text.replace("true", "True").replace("false", "False").replace("null", "None"))
    }),
    ("comments", |v| format!("{v:#}").replacen('\n', " // as asked\n", 1)),
    ("numbers as texts", |v| each(v, &|value| if value.is_number() { value.to_string().into() } else { value })),
    ("texts for true and null", |v| {
        each(v, &|value| match value {
            Value::Bool(b) => b.to_string().into(),
            other => other,
        })
    }),
    ("whole numbers with a point", |v| each(v, &|value| value.as_i64().map_or(value, |n| json!(n as f64)))),
    ("names in another case", |v| keys_renamed(v)),
    ("in an object of its own", |v| json!({"result": v}).to_string()),
    ("as a text in JSON", |v| Value::String(v.to_string()).to_string()),
    ("raw new lines in texts", |v| v.to_string().replace("\\n", "\n")),
];

fn each(value: &Value, change: &dyn Fn(Value) -> Value) -> String {
    fn walk(value: &Value, change: &dyn Fn(Value) -> Value) -> Value {
        match value {
            Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), walk(value, change))).collect(),
            Value::Array(items) => items.iter().map(|item| walk(item, change)).collect(),
            other => change(other.clone()),
        }
    }
    walk(value, change).to_string()
}

fn keys_renamed(value: &Value) -> String {
    fn walk(value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let upper = |name: &str| name[..1].to_uppercase() + &name[1..];
                fields.iter().map(|(name, value)| (upper(name), walk(value))).collect()
            }
            Value::Array(items) => items.iter().map(walk).collect(),
            other => other.clone(),
        }
    }
    walk(value).to_string()
}

fn keys_bare(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name}: {}", keys_bare(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(keys_bare).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

fn single_quoted(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("'{name}': {}", single_quoted(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(single_quoted).collect::<Vec<_>>().join(", ")),
        Value::String(text) => format!("'{}'", text.replace('\n', "\\n")),
        other => other.to_string(),
    }
}

fn outside_texts(value: &Value, change: fn(String) -> String) -> String {
    match value {
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("\"{name}\": {}", outside_texts(value, change))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(|item| outside_texts(item, change)).collect::<Vec<_>>().join(", "))
        }
        Value::String(_) => value.to_string(),
        other => change(other.to_string()),
    }
}

/// 200 outputs: as many as can be are mended without a model, and what is let pass is what was meant.
#[test]
fn corrupted_outputs_are_mended_or_refused() {
    let mut refused = Vec::new();
    let mut all = 0;
    for (schema, value) in pairs() {
        let shape = Shape::new(schema).unwrap();
        assert_eq!(shape.fit(&value.to_string(), None), Ok(Fitted::AsItCame));
        for (name, corrupt) in CORRUPTIONS {
            all += 1;
            let text = corrupt(&value);
            match shape.fit(&text, None) {
                Ok(Fitted::AsItCame) => assert!(same(&serde_json::from_str(&text).unwrap(), &value), "{name}: {text}"),
                Ok(Fitted::Mended(mended)) => {
                    let mended: Value = serde_json::from_str(&mended).unwrap();
                    assert!(
                        shape.validator.is_valid(&mended) && same(&mended, &value),
                        "{name}: {text} became {mended}"
                    );
                }
                Err(_) => refused.push((name, text)),
            }
        }
    }
    assert_eq!(all, 200);
    assert!(refused.len() <= 10, "{} of {all} were refused: {refused:#?}", refused.len());
}

/// Equal, with 1.0 for 1.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| same(value, other)))
        }
        _ => one == other,
    }
}

/// An answer that was cut off anywhere is refused, unless nothing but brackets is missing.
#[test]
fn what_is_cut_off_is_not_taken_for_whole() {
    for (schema, value) in pairs() {
        let shape = Shape::new(schema).unwrap();
        let text = value.to_string();
        for (end, _) in text.char_indices().skip(1) {
            if let Ok(Fitted::Mended(mended)) = shape.fit(&text[..end], None) {
                let mended: Value = serde_json::from_str(&mended).unwrap();
                let missing = text[end..].chars().all(|c| matches!(c, '}' | ']'));
                let items = |value: &Value| value.as_array().or_else(|| value.get("items")?.as_array()).map(Vec::len);
                assert!(missing || items(&mended) < items(&value), "{} became {mended}", &text[..end]);
            }
        }
    }
}

#[test]
fn what_is_told_of_a_misfit() {
    let shape = Shape::new(
        json!({"type": "object", "properties": {"age": {"type": "integer", "minimum": 1}}, "required": ["age"]}),
    )
    .unwrap();
    for (text, told) in [
        (r#"{"age": "Anna"}"#, "/age: value is not of type \"integer\""),
        (r#"{"age": 0}"#, "/age: value is less than the minimum of 1"),
        ("{}", "the answer: \"age\" is a required property"),
        ("I cannot do that.", "the answer: value is not of type \"object\""),
        ("First {\"age\": 1}, or else {\"age\": 2}.", "there is more than one JSON value that fits: answer with one"),
    ] {
        let misfit = shape.fit(text, None).unwrap_err();
        let fault = misfit.fault();
        assert_eq!(fault.message, format!("the model's answer does not fit the schema: {told}"), "{text}");
        assert_eq!(fault.param.as_deref(), Some("response_format"));
    }
    let told = shape.fit(r#"{"age": "Anna"}"#, None).unwrap_err().mistakes;
    assert_eq!(told, ["/age: \"Anna\" is not of type \"integer\""], "the model is told what it said");
}

#[test]
fn what_is_not_checked() {
    let ask = |format| {
        let mut request = ChatRequest::ask("m", "?");
        request.response_format = format;
        request
    };
    let schema =
        |strict| Some(ResponseFormat::JsonSchema { name: "x".into(), schema: json!({"type": "object"}), strict });
    let is_checked = |request: &ChatRequest| Shape::of(request).unwrap().is_some();
    assert!(is_checked(&ask(schema(None))) && is_checked(&ask(schema(Some(true)))));
    assert!(is_checked(&ask(Some(ResponseFormat::JsonObject))));
    assert!(!is_checked(&ask(None)) && !is_checked(&ask(schema(Some(false)))));
    let mut several = ask(schema(None));
    several.parameters.n = Some(2);
    assert!(!is_checked(&several));
    let wrong = ResponseFormat::JsonSchema { name: "x".into(), schema: json!({"type": "strnig"}), strict: None };
    assert_eq!(Shape::of(&ask(Some(wrong))).unwrap_err().code, Code::BadRequest);
}

/// What comes out of a stream whose pieces are these.
fn streamed(pieces: &[&str], finish: Finish) -> Result<String, String> {
    let shape =
        Shape::new(json!({"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})).unwrap();
    let mut stream = ShapedStream::new(shape, None);
    let texts = pieces.iter().map(|text| Event::Text { text: (*text).to_owned() });
    let mut out = String::new();
    for event in texts.chain([Event::Finish { finish }]) {
        let frames = stream.take(Frame::made(vec![event])).map_err(|fault| format!("{out}! {}", fault.message))?;
        for event in frames.iter().flat_map(|frame| &frame.events) {
            match event {
                Event::Text { text } => out.push_str(text),
                _ => out.push('.'),
            }
        }
    }
    Ok(out)
}

#[test]
fn streams_are_json_prefix_by_prefix() {
    let misfit = |told: &str| Err(told.to_owned());
    let no_json = "! the model's answer does not fit the schema: it is not the JSON document that was asked for";
    for (pieces, finish, expected) in [
        (&["{\"a\"", ": 1}"][..], Finish::Stop, Ok("{\"a\": 1}.".to_owned())),
        (&["Sure:\n``", "`json\n{\"a\"", ": 1", "}\n```", " Done."], Finish::Stop, Ok("{\"a\": 1}.".into())),
        (&["{\"a\": 1"], Finish::Length, Ok("{\"a\": 1.".into())),
        (&["{\"a\": 1"], Finish::Stop, misfit(&format!("{{\"a\": 1{no_json}"))),
        (&["I would rather not."], Finish::Stop, misfit(no_json)),
        (&["{\"a\": ", "'1'}"], Finish::Stop, misfit(&format!("{{\"a\": {no_json}"))),
        (
            &["{\"a\": \"1\"}"],
            Finish::Stop,
            misfit("{\"a\": \"1\"}! the model's answer does not fit the schema: /a: value is not of type \"integer\""),
        ),
    ] {
        assert_eq!(streamed(pieces, finish), expected, "{pieces:?}");
    }
}

#[test]
fn a_pseudonym_counts_as_what_it_stands_for() {
    let detector = Arc::new(Detector::new(&Options::default()).unwrap());
    let vault = Vault::with_pairs(detector, [("<EMAIL_1>".to_owned(), "ann@example.com".to_owned())]);
    let mail = json!({"type": "string", "pattern": "^[^<>@ ]+@[^<>@ ]+$"});
    let shape = Shape::new(object(json!({"to": mail}), json!(["to"]))).unwrap();
    let said = r#"{"to": "<EMAIL_1>"}"#;
    assert_eq!(shape.fit(said, Some(&vault)), Ok(Fitted::AsItCame));
    assert!(shape.fit(said, None).is_err());
    let fenced = format!("```json\n{said}\n```");
    assert_eq!(shape.fit(&fenced, Some(&vault)), Ok(Fitted::Mended(said.replace(' ', ""))), "the pseudonym stays");
    let misfit = shape.fit(r#"{"to": "<EMAIL_1> and others"}"#, Some(&vault)).unwrap_err();
    assert!(!format!("{misfit:?}").contains("ann@"), "what is told to the model holds no real value: {misfit:?}");
    let mut stream = ShapedStream::new(shape, Some(Arc::new(vault)));
    let frame = |event| Frame::made(vec![event]);
    assert!(stream.take(frame(Event::Text { text: said.into() })).is_ok());
    assert!(stream.take(frame(Event::Finish { finish: Finish::Stop })).is_ok());
}
