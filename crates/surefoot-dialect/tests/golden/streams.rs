//! Streams: each case read, written for each target, and cut at every byte.

use std::fmt::Write;

use serde_json::{Value, json};
use surefoot_dialect::{Dialect, Frame, StreamOptions, StreamReader, StreamWriter};
use surefoot_types::{
    Fault,
    conversation::{Event, Finish, Gathered, Part},
    usage::Tier,
};

use crate::{DIALECTS, cases, check, dialect_of, golden, wire};

pub(crate) const OPTIONS: StreamOptions =
    StreamOptions { include_usage: true, json_array: false, created: 1_700_000_000 };

/// Reads a stream in these pieces: its frames, and the fault that ended it.
pub(crate) fn read<'a>(dialect: Dialect, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Frame>, Option<Fault>) {
    let mut reader = StreamReader::new(dialect);
    let mut frames = Vec::new();
    for piece in pieces {
        match reader.push(piece) {
            Ok(more) => frames.extend(more),
            Err(fault) => return (frames, Some(fault)),
        }
    }
    frames.extend(reader.close());
    let fault = match frames.last().map(|frame| (frame.dialect, frame.events.as_slice())) {
        Some((None, [Event::Fault { fault }])) => Some(fault.clone()),
        _ => None,
    };
    if fault.is_some() {
        frames.pop();
    }
    (frames, fault)
}

pub(crate) fn gathered<'a>(frames: impl IntoIterator<Item = &'a Frame>) -> Gathered {
    let mut gathered = Gathered::default();
    frames.into_iter().flat_map(|frame| &frame.events).for_each(|event| gathered.take(event));
    gathered
}

/// Writes frames as the gateway does: up to a fault, then `fail`; `fail` as well when cut.
pub(crate) fn written(target: Dialect, options: StreamOptions, frames: &[Frame], fault: Option<&Fault>) -> String {
    let surefoot = json!({"trace_id": "tr_1"});
    let mut writer = StreamWriter::new(target, options);
    let mut out = Vec::new();
    let mut failed = fault.cloned();
    for frame in frames {
        out.extend(writer.frame(frame));
        if let Some(Event::Fault { fault }) = frame.events.iter().find(|event| matches!(event, Event::Fault { .. })) {
            failed = Some(fault.clone());
        }
    }
    let ended = frames.iter().any(|frame| frame.events.contains(&Event::End));
    let cut = || Fault::new(surefoot_types::Code::Upstream, "The provider cut the answer.");
    out.extend(match failed.or_else(|| (!ended).then(cut)) {
        Some(fault) => writer.fail(&fault, &surefoot),
        None => writer.finish(&surefoot),
    });
    wire::shown(target, out)
}

#[test]
fn every_stream_for_every_target() {
    for (name, bytes) in cases("stream") {
        let dialect = dialect_of(&name);
        let (frames, fault) = read(dialect, [&bytes[..]]);
        let mut events = String::new();
        for frame in &frames {
            for event in &frame.events {
                writeln!(events, "{}", serde_json::to_string(event).unwrap()).unwrap();
            }
        }
        if let Some(fault) = &fault {
            writeln!(events, "fault: {}", fault.message).unwrap();
        }
        golden(&format!("stream_{name}"), &events);
        for target in DIALECTS {
            let text = written(target, OPTIONS, &frames, fault.as_ref());
            golden(&format!("stream_{name}__{}", target.name()), &text);
        }
    }
}

#[test]
fn the_outcome_does_not_depend_on_the_cuts() {
    for (name, bytes) in cases("stream") {
        let dialect = dialect_of(&name);
        let whole = read(dialect, [&bytes[..]]);
        for cut in 0..=bytes.len() {
            assert_eq!(read(dialect, [&bytes[..cut], &bytes[cut..]]), whole, "{name} cut at {cut}");
        }
        for size in [1, 2, 7] {
            assert_eq!(read(dialect, bytes.chunks(size)), whole, "{name} in pieces of {size}");
        }
    }
}

#[test]
fn whole_streams_satisfy_a_strict_client() {
    for (name, bytes) in cases("stream") {
        let (frames, fault) = read(dialect_of(&name), [&bytes[..]]);
        if fault.is_none() && gathered(&frames).ended {
            for target in DIALECTS.into_iter().filter(|target| *target != Dialect::OpenaiChat) {
                check::whole(target, &written(target, OPTIONS, &frames, None));
            }
            // What a server of this dialect sends is forwarded as it is, oddities included.
            let odd = ["openai_tools_odd", "openai_multiline", "openai_tools", "openai_tools_cut"];
            if !odd.contains(&name.as_str()) {
                check::whole(Dialect::OpenaiChat, &written(Dialect::OpenaiChat, OPTIONS, &frames, None));
            }
        }
    }
}

#[test]
fn a_failed_stream_never_looks_whole() {
    for (name, bytes) in cases("stream") {
        let (frames, fault) = read(dialect_of(&name), [&bytes[..]]);
        for target in DIALECTS {
            let failing = fault.clone().unwrap_or_else(|| Fault::internal("broken"));
            let text = written(target, OPTIONS, &frames, Some(&failing));
            let ends = ["[DONE]", "message_stop", "response.completed", "response.incomplete", "finishReason"];
            for end in ends.into_iter().chain(["messageStop"]) {
                assert!(!text.contains(end), "{name}: {text}");
            }
            assert!(text.contains("\"error\":{") || text.contains("Exception\n"), "{name}: {text}");
        }
    }
}

#[test]
fn usage_reaches_those_who_asked() {
    let quiet = StreamOptions { include_usage: false, ..OPTIONS };
    for (name, bytes) in cases("stream") {
        let (frames, fault) = read(dialect_of(&name), [&bytes[..]]);
        let text = written(Dialect::OpenaiChat, quiet, &frames, fault.as_ref());
        assert!(!text.contains("\"choices\":[],\"usage\":{"), "{name}: {text}");
        if dialect_of(&name) != Dialect::OpenaiChat {
            assert!(!text.contains("usage"), "{name}: {text}");
        }
        // With nobody to hear of it, the finish chunk is the last and carries our object.
        if fault.is_none() && gathered(&frames).ended {
            let (_, after) = text.split_once("\"surefoot\":{\"trace_id\":\"tr_1\"}").expect(&text);
            assert_eq!(after, "}\n\ndata: [DONE]\n\n", "{name}: {text}");
        }
    }
}

/// Turns frames with words into made ones, as a gateway does that changes what is said.
fn reworded(frames: &[Frame]) -> Vec<Frame> {
    let reword = |frame: &Frame| {
        let is_changed = |event: &Event| matches!(event, Event::Text { .. } | Event::ToolArguments { .. });
        if frame.dialect.is_none() || !frame.events.iter().any(is_changed) {
            return frame.clone();
        }
        let events = frame.events.iter().map(|event| match event {
            Event::Text { text } => Event::Text { text: text.to_uppercase() },
            Event::ToolArguments { index, arguments } => {
                Event::ToolArguments { index: *index, arguments: arguments.to_uppercase() }
            }
            other => other.clone(),
        });
        Frame::made(events.collect())
    };
    frames.iter().map(reword).collect()
}

#[test]
fn made_frames_may_stand_among_forwarded_ones() {
    for (name, bytes) in cases("stream") {
        let dialect = dialect_of(&name);
        let (frames, fault) = read(dialect, [&bytes[..]]);
        let frames = reworded(&frames);
        let expected = gathered(&frames);
        // A server that numbers its calls oddly cannot be mixed with numbers of ours, and Bedrock has
        // no word for a usage that is not known.
        if fault.is_some() || !expected.ended || ["openai_tools_odd", "bedrock_no_metadata"].contains(&name.as_str()) {
            continue;
        }
        let text = written(dialect, OPTIONS, &frames, None);
        let (again, fault) = read(dialect, [&wire::of(dialect, &text)[..]]);
        assert_eq!(fault, None, "{name}: {text}");
        let again = gathered(&again);
        assert_eq!((again.parts, again.usage), (expected.parts, expected.usage), "{name}: {text}");
        if dialect != Dialect::OpenaiChat {
            check::whole(dialect, &text);
        }
    }
}

#[test]
fn words_may_be_added_to_a_forwarded_stream() {
    for (name, bytes) in cases("stream") {
        let dialect = dialect_of(&name);
        let (frames, fault) = read(dialect, [&bytes[..]]);
        if fault.is_some() || !gathered(&frames).ended || name == "openai_multiline" {
            continue;
        }
        for at in 1..frames.len() {
            if gathered(&frames[..at]).finish.is_some() {
                break;
            }
            let mut frames = frames.clone();
            frames.insert(at, Frame::made(vec![Event::Text { text: "ADDED".into() }]));
            let text = written(dialect, OPTIONS, &frames, None);
            let told = gathered(&read(dialect, [&wire::of(dialect, &text)[..]]).0).words();
            assert_eq!(told.matches("ADDED").count(), 1, "{name} at {at}: {text}");
            if dialect != Dialect::OpenaiChat {
                check::whole(dialect, &text);
            }
        }
    }
}

#[test]
fn interleaved_calls_become_blocks_in_turn() {
    let mut writer = StreamWriter::new(Dialect::Anthropic, OPTIONS);
    let call = |index: usize| Event::ToolCall { index, id: format!("id{index}"), name: format!("f{index}") };
    let more = |index, text: &str| Event::ToolArguments { index, arguments: text.into() };
    let events = vec![call(0), more(0, "{\"a\""), call(1), more(1, "{\"b\":"), more(0, ":1}"), more(1, "2}")];
    let mut text = String::from_utf8(writer.frame(&Frame::made(events)).to_vec()).unwrap();
    assert!(text.contains(":1}") && !text.contains("id1"), "the first call streams, the second waits: {text}");
    let finish = Event::Finish { finish: Finish::ToolCalls };
    text.push_str(std::str::from_utf8(&writer.frame(&Frame::made(vec![finish, Event::End]))).unwrap());
    text.push_str(std::str::from_utf8(&writer.finish(&Value::Null)).unwrap());
    check::whole(Dialect::Anthropic, &text);
    let parts = gathered(&read(Dialect::Anthropic, [text.as_bytes()]).0).parts;
    let expected = |index: usize, arguments: &str| Part::ToolCall {
        id: format!("id{index}"),
        name: format!("f{index}"),
        arguments: arguments.into(),
    };
    assert_eq!(parts, [expected(0, "{\"a\":1}"), expected(1, "{\"b\":2}")]);
}

#[test]
fn nothing_but_an_end_is_still_a_whole_answer() {
    for target in DIALECTS {
        let text = written(target, OPTIONS, &[Frame::made(vec![Event::End])], None);
        check::whole(target, &text);
    }
}

#[test]
fn a_json_array_is_an_array_to_its_end() {
    let options = StreamOptions { json_array: true, ..OPTIONS };
    for (name, bytes) in cases("stream") {
        let (frames, fault) = read(dialect_of(&name), [&bytes[..]]);
        let text = written(Dialect::Gemini, options, &frames, fault.as_ref());
        let chunks: Vec<Value> = serde_json::from_str(&text).expect(&name);
        let is_whole = fault.is_none() && gathered(&frames).ended;
        assert_eq!(chunks.last().unwrap().get("error").is_none(), is_whole, "{name}: {text}");
        if is_whole && dialect_of(&name) == Dialect::Gemini {
            let again = gathered(&read(Dialect::Gemini, [text.as_bytes()]).0);
            assert_eq!((again.parts, again.usage), (gathered(&frames).parts, gathered(&frames).usage), "{name}");
        }
    }
}

#[test]
fn a_stream_tells_the_tier_that_serves_it() {
    let openai = concat!(
        "data: {\"service_tier\":\"priority\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"}}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\n\n",
    );
    let responses = "data: {\"type\":\"response.completed\",\"response\":{\"service_tier\":\"priority\",\
                     \"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\n";
    let anthropic = concat!(
        "data: {\"type\":\"message_start\",\"message\":{\"usage\":{\"input_tokens\":1,\"service_tier\":\"priority\"}}}\n\n",
        "data: {\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"output_tokens\":1}}\n\n",
    );
    let gemini =
        "data: {\"candidates\":[{}],\"usageMetadata\":{\"promptTokenCount\":1,\"serviceTier\":\"PRIORITY\"}}\n\n";
    for (dialect, text) in [
        (Dialect::OpenaiChat, openai),
        (Dialect::OpenaiResponses, responses),
        (Dialect::Anthropic, anthropic),
        (Dialect::Gemini, gemini),
    ] {
        let usage = gathered(&read(dialect, [text.as_bytes()]).0).usage.unwrap();
        assert_eq!(usage.tier, Tier::named("priority"), "{dialect:?}");
    }
}
