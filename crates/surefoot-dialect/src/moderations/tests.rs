//! Inputs in every form, and verdicts that strict clients can read.

use super::*;

fn read(input: &Value) -> Result<ModerationsRequest, Fault> {
    request_read(json!({"input": input, "model": "omni", "later": 1}).to_string().as_bytes())
}

#[test]
fn inputs_in_every_form() {
    let image = json!({"type": "image_url", "image_url": {"url": "https://x/a.png"}});
    let text = json!({"type": "text", "text": "b"});
    for (input, count, written) in [
        (json!("a"), 1, json!(["a"])),
        (json!(["a", "b"]), 2, json!(["a", "b"])),
        (json!([text, image]), 1, json!([text, image])),
        (json!([text]), 1, json!(["b"])),
    ] {
        let request = read(&input).unwrap();
        assert_eq!(request.inputs.len(), count);
        let body: Value = serde_json::from_slice(&request_write(&request, "real")).unwrap();
        assert_eq!(body, json!({"model": "real", "input": written, "later": 1}));
    }
    for (input, param) in [
        (json!([]), "input"),
        (json!(7), "input"),
        (json!(["a", 1]), "input[1]"),
        (json!([{"type": "audio"}]), "input[0].type"),
        (json!([{"type": "image_url", "image_url": {}}]), "input[0].image_url.url"),
        (Value::Null, "input"),
    ] {
        let fault = read(&input).unwrap_err();
        assert_eq!(fault.param.as_deref(), Some(param), "{fault}");
        assert!(fault.hint.is_some());
    }
}

#[test]
fn verdicts_are_read_and_completed() {
    let body = json!({"id": "modr", "model": "omni", "results": [{"flagged": true, "categories": {"violence": true,
        "illicit": null}, "category_scores": {"violence": 0.9}}]});
    let moderations = answer_read(body.to_string().as_bytes(), 1).unwrap();
    let written: Value = serde_json::from_slice(&answer_write(&moderations, &json!({"trace_id": "t"}))).unwrap();
    let verdict = &written["results"][0];
    for category in CATEGORIES {
        assert_eq!(verdict["categories"][category].as_bool().unwrap_or(false), category == "violence");
        assert!(
            verdict["category_scores"][category].is_f64()
                && verdict["category_applied_input_types"][category].is_array()
        );
    }
    assert_eq!((&verdict["flagged"], &written["surefoot"]["trace_id"]), (&json!(true), &json!("t")));
    for body in ["", "{}", "[]", r#"{"results":[]}"#, r#"{"error":{"message":"no","code":429}}"#] {
        assert!(answer_read(body.as_bytes(), 1).is_err(), "{body}");
    }
}
