//! What is planned for a request, and how the plan is acted out inside this process.

use std::{fmt::Write, sync::Arc, time::Duration};

use futures_util::StreamExt;
use serde_json::{Value, json};
use surefoot_types::{
    Code, Fault, Retry,
    conversation::{ChatRequest, Dialect, Event, Message, Part, ResponseFormat, Role, Tool, ToolChoice},
};

use super::{
    Asked, Behaviour, NotAScript, Say, Script, Sim, SimResident, Step, Trouble, WORDS, When, decide, fit, vector,
};
use crate::outside::Resident;

fn parsed(text: &str) -> Behaviour {
    Behaviour::parse(text).unwrap_or_else(|fault| panic!("{text}: {}", fault.told()))
}

#[test]
fn words_make_a_behaviour() {
    let ok = Behaviour::default;
    let trouble = |trouble| Behaviour { trouble: Some(trouble), ..ok() };
    let say = |say| Behaviour { say, ..ok() };
    let (second, ms) = (Duration::from_secs(1), Duration::from_millis(1));
    for (text, expected) in [
        ("ok", ok()),
        ("echo", say(Say::Echo)),
        ("ok+cite", say(Say::Cite)),
        ("words-40", say(Say::Words(40))),
        ("gap-25ms", Behaviour { gap: 25 * ms, ..ok() }),
        ("first-1.5s+gap-1s", Behaviour { first: 1500 * ms, gap: second, ..ok() }),
        ("fail-500", trouble(Trouble::Fail(500))),
        ("html-502", trouble(Trouble::Page)),
        ("cut-0", trouble(Trouble::Cut(0))),
        ("stall-5", trouble(Trouble::Stall(5))),
        ("no-usage", Behaviour { usage: false, ..ok() }),
        ("retry-after-2s", Behaviour { retry_after: Some(2 * second), ..trouble(Trouble::Fail(429)) }),
        ("fail-503+retry-after-2s", Behaviour { retry_after: Some(2 * second), ..trouble(Trouble::Fail(503)) }),
        ("times-2", Behaviour { when: When::Times(2), ..trouble(Trouble::Fail(500)) }),
        ("cut-5+times-2", Behaviour { when: When::Times(2), ..trouble(Trouble::Cut(5)) }),
        ("refuse+rate-0.3", Behaviour { when: When::Rate(0.3), ..say(Say::Refuse) }),
        ("wrong-schema", Behaviour { wrong_schema: true, ..say(Say::Json) }),
        ("calls-2", Behaviour { calls: 2, ..say(Say::Tool) }),
        ("tool+wrong-schema", Behaviour { wrong_schema: true, ..say(Say::Tool) }),
    ] {
        assert_eq!(parsed(text), expected, "{text}");
    }
}

#[test]
fn words_that_mean_nothing_are_refused() {
    for (text, code) in [
        ("", Code::NotFound),
        ("gpt-4o", Code::NotFound),
        ("ok+", Code::NotFound),
        ("fail-200", Code::NotFound),
        ("fail-600", Code::NotFound),
        ("rate-1.5", Code::NotFound),
        ("rate-NaN", Code::NotFound),
        ("gap-25", Code::NotFound),
        ("gap--1s", Code::NotFound),
        ("first-2h", Code::NotFound),
        ("first-99999s", Code::NotFound),
        ("words-1000000000", Code::NotFound),
        ("words-0", Code::NotFound),
        ("echo+cite", Code::BadRequest),
        ("fail-500+fail-429", Code::BadRequest),
        ("times-1+rate-0.5", Code::BadRequest),
        ("length+length", Code::BadRequest),
    ] {
        let fault = Behaviour::parse(text).expect_err(text);
        assert_eq!(fault.code, code, "{text}");
    }
    let told = Behaviour::parse("okay").unwrap_err().told();
    assert!(WORDS.iter().all(|(word, _)| told.contains(word)), "{told}");
}

#[test]
fn the_table_of_words_is_whole_and_documented() {
    let page = include_str!("../../../../../docs/simulator.md");
    for (word, _) in WORDS {
        parsed(word);
        assert!(page.contains(&format!("| `{word}` |")), "docs/simulator.md has no row for {word}");
    }
}

/// What is planned, a line a step.
fn planned(model: &str, request: &ChatRequest, nth: u64) -> String {
    let plan = decide(&parsed(model), &Asked { model, request, seed: 7, nth });
    plan.steps.iter().fold(String::new(), |mut told, step| {
        let line = match step {
            Step::Event(Event::Text { text }) => format!("text {text:?}"),
            Step::Event(event) => serde_json::to_string(event).unwrap(),
            other => format!("{other:?}"),
        };
        writeln!(told, "{line}").unwrap();
        told
    })
}

fn asks(question: &str, stream: bool) -> ChatRequest {
    ChatRequest { stream, ..ChatRequest::ask("m", question) }
}

#[test]
fn plans() {
    let mut told = String::new();
    let words = "one two three four";
    for (model, question, stream) in [
        ("ok", "Why?", false),
        ("words-4+gap-25ms+first-2s", "Why?", true),
        ("words-4+gap-25ms+first-2s", "Why?", false),
        ("echo", words, true),
        ("echo+cut-2+gap-10ms", words, true),
        ("echo+cut-2+gap-10ms", words, false),
        ("echo+cut-9", "one two", true),
        ("echo+stall-1", words, true),
        ("echo+bad-json", words, true),
        ("echo+bad-json", words, false),
        ("echo+error-in-stream", words, true),
        ("echo+length+no-usage", words, true),
        ("refuse", "Why?", false),
        ("fail-429+retry-after-2s", "Why?", true),
        ("html-502+first-1s", "Why?", true),
        ("hang", "Why?", true),
        ("close", "Why?", true),
        ("tool", "Why?", false),
    ] {
        let kind = if stream { "streamed" } else { "whole" };
        writeln!(told, "# {model}, {kind}\n{}", planned(model, &asks(question, stream), 0)).unwrap();
    }
    insta::assert_snapshot!(told);
}

#[test]
fn the_same_seed_plans_the_same_and_another_does_not() {
    let plan = |seed, question: &str| {
        let request = asks(question, false);
        decide(&Behaviour::default(), &Asked { model: "ok", request: &request, seed, nth: 0 })
    };
    assert_eq!(plan(1, "a"), plan(1, "a"));
    assert_ne!(plan(1, "a"), plan(2, "a"));
    assert_ne!(plan(1, "a"), plan(1, "b"));
}

#[test]
fn misbehaviour_can_be_counted_and_drawn() {
    let fails = |model: &str, nth| planned(model, &asks("?", false), nth).starts_with("Fail");
    assert_eq!([0, 1, 2, 3].map(|nth| fails("times-2", nth)), [true, true, false, false]);
    let failed = (0..10_000).filter(|&nth| fails("rate-0.3", nth)).count();
    assert!((2_800..3_200).contains(&failed), "{failed} of 10000");
    assert!(!fails("rate-0", 0) && fails("rate-1", 0));
    // What misbehaves by what it says says something better afterwards.
    assert!(planned("refuse+times-1", &asks("?", false), 0).contains("refusal"));
    assert!(!planned("refuse+times-1", &asks("?", false), 1).contains("refusal"));
}

#[test]
fn streamed_or_whole_the_answer_is_the_same() {
    let texts = |model: &str, stream| {
        let plan =
            planned(model, &asks("Tell me  about\nhéllo wörld, or averyveryverylongwordwithoutspaces", stream), 0);
        let of_line = |line: &str| line.strip_prefix("text ").map(|text| serde_json::from_str::<String>(text).unwrap());
        plan.lines().filter_map(of_line).collect::<String>()
    };
    for model in ["ok", "echo", "words-100", "json", "echo+length"] {
        assert_eq!(texts(model, true), texts(model, false), "{model}");
    }
    assert_eq!(texts("words-100", false).split_whitespace().count(), 100);
    assert!((300..400).contains(&texts("ok", false).len()));
}

fn with_passages(block: &str) -> ChatRequest {
    let mut request = ChatRequest::ask("m", "What is it?");
    request.messages.insert(0, Message::text(Role::System, format!("Use the passages.\n\n{block}\n\nCite them.")));
    request
}

#[test]
fn passages_are_cited_rightly_and_wrongly() {
    let block =
        "[1] Rates > Limits\nThe limit is 90 requests. It resets daily.\n\n[2] Start\n# Start\nPoint your SDK at it";
    let said = |model, request: &ChatRequest| {
        let plan = decide(&parsed(model), &Asked { model, request, seed: 7, nth: 0 });
        let texts = plan.steps.into_iter().filter_map(|step| match step {
            Step::Event(Event::Text { text }) => Some(text),
            _ => None,
        });
        texts.collect::<String>()
    };
    assert_eq!(said("cite", &with_passages(block)), "The limit is 90 requests [1]. Point your SDK at it [2].");
    assert_eq!(
        said("cite-wrong", &with_passages(block)),
        "The limit is 11 requests [1]. 47 times over, Point your SDK at it [2]. All of it was decided in 1887 [3]."
    );
    assert_eq!(said("cite", &asks("?", false)), "The prompt shows no passages.");
    assert_eq!(said("cite-wrong", &asks("?", false)), "All of it was decided in 1887 [1].");
    let long = format!("[1] Long\n{}", "wörd ".repeat(100));
    let quoted = said("cite", &with_passages(&long));
    assert!(quoted.ends_with("wörd [1].") && quoted.chars().count() < 170, "{quoted}");
    // Marks out of turn are part of a passage's text.
    assert_eq!(said("cite", &with_passages("[1] A\n[7] seven\n[x] y\n[2] B\nb")), "7] seven [1]. b [2].");
}

#[test]
fn json_fits_the_schema_or_does_not() {
    let node = json!({
        "type": "object", "required": ["next", "value"],
        "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}, "value": {"type": "integer"}}
    });
    for schema in [
        json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "minLength": 20}, "b": {}}}),
        json!({"type": "object", "properties": {"a": {"type": "string"}}}),
        json!({"type": "array", "items": {"$ref": "#/$defs/x"}, "minItems": 2, "$defs": {"x": {"enum": ["p", "q"]}}}),
        json!({"type": "number", "exclusiveMinimum": 0, "maximum": 0.5}),
        json!({"type": "integer", "minimum": 11, "multipleOf": 5}),
        json!({"type": "integer", "maximum": -3}),
        json!({"allOf": [
            {"type": "object", "required": ["a"], "properties": {"a": {"type": "boolean"}}},
            {"type": "object", "required": ["b"], "properties": {"b": {"const": 3}}}
        ]}),
        json!({"type": ["string", "null"], "maxLength": 3}),
        json!({"type": "string", "format": "date-time"}),
        node,
    ] {
        let (fits, not) = (fit::fitting(&schema), fit::unfitting(&schema));
        assert!(jsonschema::is_valid(&schema, &fits), "{fits} for {schema}");
        assert!(!jsonschema::is_valid(&schema, &not), "{not} for {schema}");
    }
}

#[test]
fn a_schema_without_a_value_ends_nothing() {
    let endless = json!({"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}});
    assert_eq!(fit::fitting(&endless), Value::Null);
    let wide =
        json!({"type": "array", "minItems": 1_000_000_000u64, "items": {"type": "array", "minItems": 1_000_000u64}});
    assert_eq!(fit::fitting(&wide), Value::Null);
}

fn weather_tool() -> Tool {
    let schema = json!({"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}});
    Tool { name: "weather".into(), description: None, schema, strict: None, extra: serde_json::Map::new() }
}

#[test]
fn the_first_tool_is_called_until_its_result_is_there() {
    let mut request = ChatRequest { tools: vec![weather_tool()], ..asks("Is it raining?", true) };
    insta::assert_snapshot!(planned("tool", &request, 0));
    let content = vec![Part::text("yes")];
    let result = Part::ToolResult { id: "call_1".into(), content, is_error: false };
    request.messages.push(Message { role: Role::Tool, parts: vec![result], extra: serde_json::Map::new() });
    assert!(!planned("tool", &request, 0).contains("tool_call"));
}

#[test]
fn several_tools_are_called_at_once_where_that_is_asked_for_and_allowed() {
    let tools = vec![weather_tool(), Tool { name: "clock".into(), ..weather_tool() }];
    let called = |model: &str, choice: Option<ToolChoice>, parallel: Option<bool>| {
        let request = ChatRequest { tool_choice: choice, parallel_tools: parallel, ..asks("?", true) };
        let plan = planned(model, &ChatRequest { tools: tools.clone(), ..request }, 0);
        ["weather", "clock"].map(|name| plan.matches(&format!("\"name\":\"{name}\"")).count())
    };
    assert_eq!(called("tool", None, None), [1, 0]);
    assert_eq!(called("calls-3", None, None), [2, 1]);
    assert_eq!(called("calls-3", None, Some(false)), [1, 0]);
    assert_eq!(called("calls-2", Some(ToolChoice::Named("clock".into())), None), [0, 2]);
    assert_eq!(called("calls-2", Some(ToolChoice::None), None), [0, 0]);
}

#[test]
fn likelihoods_are_told_where_they_are_asked_for() {
    for stream in [true, false] {
        let mut request = asks("one two three", stream);
        assert!(!planned("echo", &request, 0).contains("logprob"));
        request.parameters.logprobs = Some(true);
        request.parameters.top_logprobs = Some(2);
        let plan = decide(&parsed("echo"), &Asked { model: "echo", request: &request, seed: 7, nth: 0 });
        let tokens = plan.steps.into_iter().filter_map(|step| match step {
            Step::Event(Event::Logprobs { tokens }) => Some(tokens),
            _ => None,
        });
        let tokens: Vec<_> = tokens.flatten().collect();
        assert_eq!(tokens.iter().map(|token| token.token.as_str()).collect::<String>(), "one two three");
        assert!(tokens.iter().all(|token| token.logprob < 0.0 && token.top.len() == 2));
    }
}

#[test]
fn json_is_made_for_the_requested_format() {
    let schema = json!({"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}});
    let response_format = Some(ResponseFormat::JsonSchema { name: "n".into(), schema, strict: None });
    let request = ChatRequest { response_format, ..asks("?", false) };
    let text = |model| planned(model, &request, 0).lines().find(|line| line.starts_with("text")).map(str::to_owned);
    assert_eq!(text("json").as_deref(), Some(r#"text "{\"n\":0}""#));
    assert_eq!(text("wrong-schema").as_deref(), Some(r#"text "{\"n\":{\"simulated\":[0]}}""#));
    assert_eq!(text("wrong-schema+times-0"), text("json"));
}

#[test]
fn a_script_decides_by_its_first_fitting_rule() {
    let script = Script::parse(
        r#"
        [[when]]
        contains = "Refund"
        answer = "Within 30 days."
        [[when]]
        contains = "refund"
        behave = "fail-500"
        [[when]]
        model = "gpt-4o"
        behave = "echo"
        "#,
    )
    .unwrap();
    for (model, question, expected) in [
        ("gpt-4o", "How do REFUNDS work?", Some(Behaviour::fixed("Within 30 days."))),
        ("gpt-4o", "What else?", Some(parsed("echo"))),
        ("gpt-4", "What else?", None),
    ] {
        assert_eq!(script.behaviour(model, question), expected.as_ref(), "{model} {question}");
    }
    // With a script every model name is fine; words still mean what they say.
    let sim = Sim::new(0, Some(script));
    assert!(sim.plan("gpt-4", &asks("?", false)).is_ok());
    assert!(matches!(sim.plan("fail-404", &asks("?", false)).unwrap().steps[..], [Step::Fail(_)]));
}

#[test]
fn every_mistake_of_a_script_is_told() {
    let mistakes = |text: &str| {
        let found = Script::parse(text).unwrap_err();
        found.iter().map(NotAScript::to_string).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(mistakes(
        "[[when]]\ncontains = 3\nanswer = \"a\"\n\n[[when]]\nanswer = \"a\"\nbehave = \"ok\"\n\n[[when]]\nbehave = \"okay\"\nreply = \"x\"\n"
    ));
    insta::assert_snapshot!(mistakes("[[when]\nanswer = 1"));
    insta::assert_snapshot!(mistakes("when = 3\nthen = 4"));
    assert_eq!(Script::parse("").unwrap(), Script::default());
}

#[test]
fn equal_requests_are_counted_and_forgotten() {
    let sim = Sim::new(0, None);
    let fails = |question: &str| {
        let plan = sim.plan("sim/times-2", &asks(question, false)).unwrap();
        matches!(plan.steps[..], [Step::Fail(_)])
    };
    assert_eq!([fails("a"), fails("a"), fails("a"), fails("b")], [true, true, false, true]);
    for other in 0..10_000 {
        fails(&format!("other {other}"));
    }
    assert!(fails("a"), "the oldest request makes room");
    sim.forget();
    assert!(fails("b"));
}

#[test]
fn vectors_are_of_length_one_and_depend_on_the_text() {
    let length = |vector: &[f32]| vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    for dimensions in [1, 64, 1536] {
        assert!((length(&vector("hello", dimensions)) - 1.0).abs() < 1e-4, "{dimensions}");
    }
    assert_eq!(vector("hello", 64), vector("hello", 64));
    assert_ne!(vector("hello", 64), vector("hullo", 64));
}

#[test]
fn prompt_tokens_are_told_where_the_dialect_tells_them() {
    let mut request = asks("Why is it so?", true);
    let start_tells_usage = |request: &ChatRequest| {
        let plan = decide(&parsed("ok"), &Asked { model: "ok", request, seed: 0, nth: 0 });
        matches!(&plan.steps[0], Step::Event(Event::Start { usage: Some(usage), .. }) if usage.input > 0)
    };
    assert!(!start_tells_usage(&request));
    request.dialect = Dialect::Anthropic;
    assert!(start_tells_usage(&request));
}

/// What the resident gives: events in short, then how it ended.
async fn acted(model: &str, stream: bool) -> String {
    let resident = SimResident::new(Arc::new(Sim::new(7, None)));
    let request = asks("one two three four", stream);
    let acting = async {
        let events = match resident.chat(model, &request, "", &[]).await {
            Ok(events) => events.collect::<Vec<_>>().await,
            Err(fault) => return format!("fault {}", short(&fault)),
        };
        let told = events.iter().map(|event| match event {
            Ok(Event::Text { text }) => text.trim().to_owned(),
            Ok(Event::Fault { fault }) => format!("told {}", short(fault)),
            Ok(other) => serde_json::to_value(other).unwrap()["event"].as_str().unwrap().to_owned(),
            Err(fault) => short(fault),
        });
        told.collect::<Vec<_>>().join(" ")
    };
    tokio::time::timeout(Duration::from_secs(60), acting).await.unwrap_or_else(|_| "silence".into())
}

fn short(fault: &Fault) -> String {
    format!("{} {:?}", fault.code.name(), fault.retry)
}

#[tokio::test(start_paused = true)]
async fn plans_are_acted_out() {
    for (model, expected) in [
        ("echo", "start one two three four finish usage end"),
        ("echo+first-2s+gap-1s", "start one two three four finish usage end"),
        ("echo+cut-2", "start one two"),
        ("echo+stall-2", "silence"),
        ("echo+bad-json", "start one two upstream Later(None)"),
        ("echo+error-in-stream", "start one two three told upstream Later(None)"),
        ("hang", "silence"),
        ("close", "fault upstream Later(None)"),
        ("fail-500+first-1s", "fault upstream Later(None)"),
        ("fail-429+retry-after-2s", "fault rate_limited Later(Some(2s))"),
        ("fail-401", "fault upstream Elsewhere"),
        ("fail-400", "fault bad_request Never"),
        ("html-502", "fault upstream Later(None)"),
        ("nonsense", "fault not_found Never"),
    ] {
        assert_eq!(acted(model, true).await, expected, "{model}");
    }
    assert_eq!(acted("echo+cut-2", false).await, "start one two");
}

#[tokio::test(start_paused = true)]
async fn waits_take_their_time() {
    let begun = tokio::time::Instant::now();
    acted("echo+first-2s+gap-1s", true).await;
    assert_eq!(begun.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn embeddings_fail_as_asked() {
    let resident = SimResident::default();
    let texts = ["a".to_owned(), "b".to_owned(), "a".to_owned()];
    let made = resident.embed("ok", &texts).await.unwrap();
    assert_eq!(made.vectors.len(), 3);
    assert_eq!((made.vectors[0].len(), &made.vectors[0]), (64, &made.vectors[2]));
    assert_ne!(made.vectors[0], made.vectors[1]);
    for (model, retry) in [
        ("fail-429+retry-after-2s", Retry::Later(Some(Duration::from_secs(2)))),
        ("close", Retry::Later(None)),
        ("cut-5", Retry::Later(None)),
        ("bad-json", Retry::Later(None)),
        ("error-in-stream", Retry::Later(None)),
    ] {
        assert_eq!(resident.embed(model, &texts).await.unwrap_err().retry, retry, "{model}");
    }
}
