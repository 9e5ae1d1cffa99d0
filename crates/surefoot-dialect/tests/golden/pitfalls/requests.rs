//! Pitfalls of requests.

use serde_json::{Value, json};
use surefoot_dialect::{Dialect, Frame, ToolNames, answer_read, passthrough, request_read, request_write};
use surefoot_types::conversation::{Event, Part};

use super::holds;

const CHAT: Dialect = Dialect::OpenaiChat;
const ANTHROPIC: Dialect = Dialect::Anthropic;

/// Checks what becomes of a request, and what of it is named as dropped. A request that says
/// nothing of messages or a limit gets some.
pub(super) fn check(from: Dialect, request: Value, target: Dialect, model: &str, expected: &Value, dropped: &[&str]) {
    let mut body = json!({"model": "m", "max_tokens": 9000, "messages": [{"role": "user", "content": "x"}]});
    for (name, value) in request.as_object().unwrap() {
        body[name] = value.clone();
    }
    body.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    let read = request_read(from, body.to_string().as_bytes()).unwrap();
    let written = request_write(target, &read, model);
    let found: Value = serde_json::from_slice(&written.body).unwrap();
    holds(&found, expected, &format!("{body} became {found}"));
    assert_eq!(written.dropped, dropped, "{body}");
}

fn to_anthropic(request: Value, expected: Value, dropped: &[&str]) {
    check(CHAT, request, ANTHROPIC, "claude-sonnet-4-5", &expected, dropped);
}

fn to_chat(request: Value, expected: Value, dropped: &[&str]) {
    check(ANTHROPIC, request, CHAT, "gpt-5", &expected, dropped);
}

fn tool(name: &str) -> Value {
    json!({"type": "function", "function": {"name": name, "parameters": {"type": "object"}}})
}

fn call(id: &str, name: &str, arguments: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
}

#[test]
fn system_and_messages() {
    // 1: instructions stand anywhere, and are hoisted in their order, each a block of its own.
    to_anthropic(
        json!({"messages": [
            {"role": "system", "content": "A"}, {"role": "user", "content": "x"}, {"role": "developer", "content": "B"},
        ]}),
        json!({"system": [{"text": "A"}, {"text": "B"}], "messages": [{"role": "user"}]}),
        &[],
    );
    // 3: neighbours of one role are merged.
    to_anthropic(
        json!({"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]}),
        json!({"messages": [{"role": "user", "content": [{"text": "a"}, {"text": "b"}]}]}),
        &[],
    );
    // 4: no empty text; a turn of calls alone has calls alone.
    let calls = json!([call("a", "f", "{}")]);
    let turns = json!([
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": "", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
    ]);
    to_anthropic(
        json!({"tools": [tool("f")], "messages": turns}),
        json!({"messages": [{}, {"content": [{"type": "tool_use"}]}, {"content": [{"type": "tool_result"}]}]}),
        &[],
    );
    to_chat(
        json!({"messages": [{"role": "user", "content": "x"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": "f", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a"}]}]}),
        json!({"messages": [{}, {"content": null, "tool_calls": [{"id": "a"}]}, {"role": "tool", "content": ""}]}),
        &[],
    );
    // 4: what is to be continued may not end in white space.
    to_anthropic(
        json!({"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "So: "}]}),
        json!({"messages": [{}, {"content": [{"text": "So:"}]}]}),
        &[],
    );
}

#[test]
fn parameters() {
    // 6: a limit is required there, and has another name here.
    to_anthropic(json!({"max_tokens": null}), json!({"max_tokens": 4096}), &[]);
    to_anthropic(json!({"max_completion_tokens": 5, "max_tokens": null}), json!({"max_tokens": 5}), &[]);
    to_chat(json!({}), json!({"max_completion_tokens": 9000, "max_tokens": null}), &[]);
    // 7: the scale ends at 1 there, and 0.7 stays 0.7.
    to_anthropic(json!({"temperature": 1.5}), json!({"temperature": 1.0}), &["temperature"]);
    to_anthropic(json!({"temperature": 0.7}), json!({"temperature": 0.7}), &[]);
    // 8: a string or an array; what has no home is named.
    to_anthropic(json!({"stop": "END"}), json!({"stop_sequences": ["END"]}), &[]);
    to_anthropic(
        json!({"seed": 1, "presence_penalty": 1, "logit_bias": {"1": 2}}),
        json!({"seed": null, "presence_penalty": null, "logit_bias": null}),
        &["seed", "presence_penalty", "logit_bias"],
    );
    to_anthropic(json!({"presence_penalty": 0, "n": 1, "logprobs": false}), json!({}), &[]);
    to_chat(json!({"top_k": 3}), json!({"top_k": null}), &["top_k"]);
    // 9: the end user is carried, the rest of the metadata is nobody else's business.
    to_anthropic(json!({"user": "u", "metadata": {"k": "v"}}), json!({"metadata": {"user_id": "u"}}), &["metadata"]);
    to_chat(json!({"metadata": {"user_id": "u"}}), json!({"user": "u", "metadata": null}), &[]);
    // 51, 52: several answers and probabilities have no twin there.
    to_anthropic(
        json!({"n": 2, "logprobs": true, "top_logprobs": 3}),
        json!({"n": null, "logprobs": null}),
        &["n", "logprobs", "top_logprobs"],
    );
}

#[test]
fn tools() {
    // 10: arguments are an object there; a call that was cut is never a call of nothing.
    let said = |arguments: &str| {
        json!({"tools": [tool("f")], "messages": [{"role": "user", "content": "x"},
            {"role": "assistant", "tool_calls": [call("a", "f", arguments)]},
            {"role": "tool", "tool_call_id": "a", "content": "1"}]})
    };
    for (arguments, input) in [
        ("{\"a\":1}", json!({"a": 1})),
        ("", json!({})),
        ("[1]", json!({"value": [1]})),
        ("{\"a\":", json!({"INVALID_JSON": "{\"a\":"})),
    ] {
        to_anthropic(said(arguments), json!({"messages": [{}, {"content": [{"input": input}]}, {}]}), &[]);
    }
    // 12: results stand together and first in their turn, whatever their order.
    to_anthropic(
        json!({"tools": [tool("f")], "messages": [{"role": "user", "content": "x"},
            {"role": "assistant", "tool_calls": [call("a", "f", "{}"), call("b", "f", "{}")]},
            {"role": "tool", "tool_call_id": "b", "content": "B"},
            {"role": "tool", "tool_call_id": "a", "content": "A"},
            {"role": "user", "content": "y"}]}),
        json!({"messages": [{}, {}, {"content": [{"tool_use_id": "b"}, {"tool_use_id": "a"}, {"text": "y"}]}]}),
        &[],
    );
    // 14: ids in letters that the target takes, and no longer than it takes.
    let ids = json!([call("functions.f:0", "f", "{}")]);
    to_anthropic(
        json!({"tools": [tool("f")], "messages": [{"role": "user", "content": "x"}, {"role": "assistant",
            "tool_calls": ids}, {"role": "tool", "tool_call_id": "functions.f:0", "content": "1"}]}),
        json!({"messages": [{}, {"content": [{"id": "sf_functions_2ef_3a0"}]},
            {"content": [{"tool_use_id": "sf_functions_2ef_3a0"}]}]}),
        &[],
    );
    let long = format!("toolu_{}", "x".repeat(60));
    let short = "call_2f3b0ff2b1cd2b4ffa1a4ac8e3e7e4b0".len();
    let request = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": long, "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": long, "content": "1"}]}]});
    let read = request_read(ANTHROPIC, request.to_string().as_bytes()).unwrap();
    let body: Value = serde_json::from_slice(&request_write(CHAT, &read, "m").body).unwrap();
    let id = body["messages"][1]["tool_calls"][0]["id"].as_str().unwrap();
    assert_eq!((id.len(), &body["messages"][2]["tool_call_id"]), (short, &json!(id)));
    // 16: a history of calls needs its tools, even where none are on offer.
    let mut without = said("{}");
    without["tools"] = json!([]);
    to_anthropic(without, json!({"tools": [{"name": "f"}], "tool_choice": {"type": "none"}}), &[]);
    // 17: a tool that the provider runs has no twin.
    to_anthropic(
        json!({"tools": [{"type": "custom", "custom": {"name": "c"}}, tool("f")]}),
        json!({"tools": [{"name": "f"}]}),
        &["tools[].custom"],
    );
    to_chat(
        json!({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
        json!({"tools": null, "tool_choice": null}),
        &["tools[].web_search_20250305"],
    );
}

#[test]
fn every_choice_of_tools() {
    // 15: each word there and back, and parallel calls inside the choice, which needs one.
    let named = json!({"type": "function", "function": {"name": "f"}});
    let allowed = |mode: &str| json!({"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [named]}});
    for (choice, parallel, expected) in [
        (json!("auto"), json!(null), json!({"type": "auto", "disable_parallel_tool_use": null})),
        (json!("none"), json!(false), json!({"type": "none", "disable_parallel_tool_use": null})),
        (json!("required"), json!(false), json!({"type": "any", "disable_parallel_tool_use": true})),
        (named.clone(), json!(true), json!({"type": "tool", "name": "f", "disable_parallel_tool_use": false})),
        (json!(null), json!(false), json!({"type": "auto", "disable_parallel_tool_use": true})),
        (json!(null), json!(true), json!(null)),
        (allowed("auto"), json!(null), json!({"type": "auto"})),
        (allowed("required"), json!(false), json!({"type": "any", "disable_parallel_tool_use": true})),
    ] {
        let is_some = choice.get("allowed_tools").is_some();
        to_anthropic(
            json!({"tools": [tool("f"), tool("g")], "tool_choice": choice, "parallel_tool_calls": parallel}),
            json!({"tool_choice": expected, "tools": if is_some { json!([{"name": "f"}]) } else { json!([{}, {}]) }}),
            &[],
        );
    }
    for (choice, expected, parallel) in [
        (json!({"type": "auto", "disable_parallel_tool_use": true}), json!("auto"), json!(false)),
        (json!({"type": "any"}), json!("required"), json!(null)),
        (json!({"type": "none"}), json!("none"), json!(null)),
        (json!({"type": "tool", "name": "f"}), named, json!(null)),
    ] {
        to_chat(
            json!({"tools": [{"name": "f", "input_schema": {"type": "object"}}], "tool_choice": choice}),
            json!({"tool_choice": expected, "parallel_tool_calls": parallel}),
            &[],
        );
    }
}

#[test]
fn reasoning() {
    // 46: words there, tokens here; a budget stays below the limit.
    let to = |model: &str, request: Value, expected: Value, dropped: &[&str]| {
        check(CHAT, request, ANTHROPIC, model, &expected, dropped);
    };
    let high = || json!({"reasoning_effort": "high"});
    to("claude-opus-4-8", high(), json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}), &[]);
    to("claude-sonnet-4-5", high(), json!({"thinking": {"type": "enabled", "budget_tokens": 8999}}), &[]);
    let free = json!({"reasoning_effort": "low", "max_tokens": null});
    to("claude-sonnet-4-5", free, json!({"max_tokens": 6144, "thinking": {"budget_tokens": 2048}}), &[]);
    to("claude-3-haiku-20240307", high(), json!({"thinking": null}), &["reasoning"]);
    to("claude-opus-4-8", json!({"reasoning_effort": "none"}), json!({"thinking": {"type": "disabled"}}), &[]);
    to("claude-sonnet-4-5", json!({"reasoning_effort": "none"}), json!({"thinking": null}), &[]);
    let small = json!({"reasoning_effort": "low", "max_tokens": 500});
    to("claude-sonnet-4-5", small, json!({"thinking": null, "max_tokens": 500}), &["reasoning"]);
    // 7: a model that thinks takes no temperature.
    let warm = json!({"reasoning_effort": "low", "temperature": 0.2, "top_p": 0.5});
    to("claude-opus-4-8", warm, json!({"temperature": null, "top_p": null}), &["temperature", "top_p"]);
    // 15: a forced tool and thinking exclude each other on those models.
    let forced = json!({"reasoning_effort": "low", "tools": [tool("f")], "tool_choice": "required"});
    to("claude-sonnet-4-5", forced, json!({"thinking": null, "tool_choice": {"type": "any"}}), &["reasoning"]);
    for (thinking, config, expected) in [
        (json!({"type": "enabled", "budget_tokens": 8192}), json!({}), json!("medium")),
        (json!({"type": "adaptive"}), json!({"effort": "max"}), json!("xhigh")),
        (json!({"type": "disabled"}), json!({}), json!("none")),
        (json!({"type": "adaptive"}), json!({}), json!(null)),
    ] {
        to_chat(
            json!({"thinking": thinking, "output_config": config}),
            json!({"reasoning_effort": expected, "thinking": null}),
            &[],
        );
    }
}

#[test]
fn signatures() {
    // 44: reasoning comes back unchanged and before the calls; a foreign signature is left out.
    let loop_of = |block: Value| {
        json!({"reasoning_effort": "low", "tools": [tool("f")], "messages": [{"role": "user", "content": "x"},
            {"role": "assistant", "thinking_blocks": [block], "tool_calls": [call("a", "f", "{}")]},
            {"role": "tool", "tool_call_id": "a", "content": "1"}]})
    };
    let signed = |signature: &str| json!({"type": "thinking", "thinking": "Hm", "signature": signature});
    for signature in ["sig", "surefoot:anthropic:sig"] {
        to_anthropic(
            loop_of(signed(signature)),
            json!({"thinking": {"type": "enabled"}, "messages": [{},
                {"content": [{"type": "thinking", "thinking": "Hm", "signature": "sig"}, {"type": "tool_use"}]}, {}]}),
            &[],
        );
    }
    to_anthropic(
        loop_of(json!({"type": "redacted_thinking", "data": "surefoot:anthropic:opaque"})),
        json!({"messages": [{}, {"content": [{"type": "redacted_thinking", "data": "opaque"}, {}]}, {}]}),
        &[],
    );
    // Without the reasoning before the calls, the model may not think on.
    to_anthropic(
        loop_of(json!({})),
        json!({"thinking": null, "messages": [{}, {"content": [{"type": "tool_use"}]}, {}]}),
        &["reasoning"],
    );
    // The same dialect at both ends, and yet another provider's signature: not sent on.
    let body = json!({"model": "m", "messages": [{"role": "user", "content": "x"},
        {"role": "assistant", "content": "y", "thinking_blocks": [signed("surefoot:anthropic:s"), signed("own")]}]});
    let sent = passthrough::request(CHAT, body.to_string().as_bytes(), "real", None).unwrap();
    let sent: Value = serde_json::from_slice(&sent).unwrap();
    let expected = json!({"model": "real", "messages": [{}, {"thinking_blocks": [signed("own")]}]});
    holds(&sent, &expected, &sent.to_string());
}

#[test]
fn schemas_and_pictures() {
    // 48: what Anthropic refuses in a schema is left out and named.
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]});
    to_anthropic(
        json!({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}}),
        json!({"output_config": {"format": {"type": "json_schema", "schema": {"additionalProperties": false}}}}),
        &["response_format.minimum"],
    );
    // 49: any JSON has no twin there.
    to_anthropic(json!({"response_format": {"type": "json_object"}}), json!({}), &["response_format"]);
    // 50: a picture's address or data; PDFs ride as pictures; what cannot be fetched is named.
    let shown = |url: &str| {
        json!({"messages": [{"role": "user", "content": [
        {"type": "text", "text": "x"}, {"type": "image_url", "image_url": {"url": url}}]}]})
    };
    for (url, block) in [
        ("https://x/a.png", json!({"type": "image", "source": {"type": "url", "url": "https://x/a.png"}})),
        ("data:image/jpg;base64,AA", json!({"type": "image", "source": {"media_type": "image/jpeg", "data": "AA"}})),
        ("data:application/pdf;base64,AA", json!({"type": "document", "source": {"media_type": "application/pdf"}})),
    ] {
        to_anthropic(shown(url), json!({"messages": [{"content": [{}, block]}]}), &[]);
    }
    let named = ["messages[].content[].image_url"];
    to_anthropic(shown("gs://b/o"), json!({"messages": [{"content": [{"text": "x"}]}]}), &named);
    // 50: pictures within a result follow it in a message of the user.
    to_chat(
        json!({"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": [
            {"type": "image", "source": {"type": "url", "url": "https://x/a.png"}}]}]}]}),
        json!({"messages": [{"role": "tool", "tool_call_id": "a"}, {"role": "user", "content": [{}, {"type": "image_url"}]}]}),
        &[],
    );
}

#[test]
fn responses() {
    let responses = Dialect::OpenaiResponses;
    // 2: instructions are a field or items; all of them are instructions elsewhere.
    let input = json!([{"role": "developer", "content": "B"}, {"role": "user", "content": "x"}]);
    check(
        responses,
        json!({"max_tokens": null, "messages": null, "instructions": "A", "input": input}),
        ANTHROPIC,
        "c",
        &json!({"system": [{"text": "A"}, {"text": "B"}], "messages": [{"content": [{"text": "x"}]}]}),
        &[],
    );
    // 8: no stop strings there. 47: nothing is kept at OpenAI, and reasoning comes back sealed.
    check(
        CHAT,
        json!({"max_tokens": 5, "stop": "END", "reasoning_effort": "low"}),
        responses,
        "gpt-5",
        &json!({"store": false, "include": ["reasoning.encrypted_content"], "reasoning": {"effort": "low"},
            "max_output_tokens": 16, "stop": null}),
        &["stop", "max_tokens"],
    );
    // 47: sealed reasoning goes back to who sealed it, with a summary even where there is none.
    let sealed = |wire: &str| {
        let item = json!({"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": wire});
        let call = json!({"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"});
        let result = json!({"type": "function_call_output", "call_id": "a", "output": "1"});
        json!({"messages": null, "max_tokens": null, "input": [{"role": "user", "content": "x"}, item, call, result]})
    };
    let kept = json!({"type": "reasoning", "summary": [], "encrypted_content": "s"});
    let own = json!({"input": [{}, kept, {"type": "function_call"}, {}]});
    check(responses, sealed("s"), responses, "m", &own, &[]);
    let theirs =
        json!({"messages": [{}, {"content": [{"type": "thinking", "signature": "s"}, {"type": "tool_use"}]}, {}]});
    check(responses, sealed("surefoot:anthropic:s"), ANTHROPIC, "m", &theirs, &[]);
    let without = json!({"input": [{}, {"type": "function_call"}, {}]});
    check(responses, sealed("surefoot:anthropic:s"), responses, "m", &without, &["messages[].content[].thinking"]);
    // 56: state that nobody has seen to is named.
    check(
        responses,
        json!({"messages": null, "max_tokens": null, "input": "x", "previous_response_id": "r", "store": true}),
        CHAT,
        "m",
        &json!({"messages": [{"content": "x"}], "store": null, "previous_response_id": null}),
        &["previous_response_id", "store"],
    );
}

#[test]
fn names_of_tools() {
    // 19: a name that the target refuses is another there, and the caller's own again in the answer.
    let name = "mcp__files__".to_owned() + &"x".repeat(80);
    let request = json!({"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "name": name, "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a"}]}],
        "tools": [{"name": name, "input_schema": {"type": "object"}}], "tool_choice": {"type": "tool", "name": name}});
    let read = request_read(ANTHROPIC, request.to_string().as_bytes()).unwrap();
    let body: Value = serde_json::from_slice(&request_write(CHAT, &read, "m").body).unwrap();
    let short = body["tools"][0]["function"]["name"].as_str().unwrap();
    assert!(short.len() <= 64 && short.starts_with("mcp__files__"), "{short}");
    assert_eq!(body["tool_choice"]["function"]["name"], short);
    assert_eq!(body["messages"][1]["tool_calls"][0]["function"]["name"], short);
    let names = ToolNames::of(CHAT, &read);
    let call = call("b", short, "{}");
    let answer = json!({"choices": [{"message": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]});
    let mut answer = answer_read(CHAT, answer.to_string().as_bytes()).unwrap();
    names.restore(&mut answer);
    assert!(matches!(&answer.parts[0], Part::ToolCall { name: restored, .. } if *restored == name));
    let begun = Event::ToolCall { index: 0, id: "b".into(), name: short.into() };
    let mut frame = Frame::made(vec![begun]);
    names.restore_frame(&mut frame);
    assert!(matches!(&frame.events[0], Event::ToolCall { name: restored, .. } if *restored == name));
    assert_eq!(ToolNames::of(ANTHROPIC, &read), ToolNames::default());
}
