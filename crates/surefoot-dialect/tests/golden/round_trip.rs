//! A stream that is written and read back says the same.

use proptest::prelude::*;
use serde_json::Value;
use surefoot_dialect::{Dialect, Frame, StreamWriter};
use surefoot_types::{
    Usage,
    conversation::{Answer, Event, Finish, Part},
};

use crate::{
    DIALECTS, check,
    streams::{OPTIONS, gathered, read},
    wire,
};

fn words() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z \"\\\\\n\r]{1,8}", "\\PC{1,6}"]
}

/// Pieces of one part of an answer; a tool call's number is filled in later.
fn piece() -> impl Strategy<Value = Vec<Event>> {
    let many = |event: fn(String) -> Event| {
        prop::collection::vec(words(), 1..4).prop_map(move |texts| texts.into_iter().map(event).collect::<Vec<_>>())
    };
    let call =
        ("[a-z0-9_]{1,6}", "[a-z]{1,6}", prop::collection::btree_map("[a-z]{1,3}", any::<u32>(), 0..3), 1usize..9)
            .prop_map(|(id, name, arguments, size)| {
                let text = serde_json::to_string(&arguments).unwrap();
                let pieces = text.as_bytes().chunks(size).map(|piece| String::from_utf8(piece.to_vec()).unwrap());
                let begin = Event::ToolCall { index: 0, id, name };
                let more = pieces.map(|arguments| Event::ToolArguments { index: 0, arguments });
                std::iter::once(begin).chain(more).collect::<Vec<_>>()
            });
    let by = || prop::sample::select(Dialect::ALL.to_vec());
    let thinking =
        (many(|text| Event::Thinking { text }), "[a-z]{1,5}", by()).prop_map(|(mut events, signature, by)| {
            events.push(Event::ThinkingSignature { signature, by });
            events
        });
    let redacted = ("[a-z]{1,5}", by()).prop_map(|(data, by)| vec![Event::ThinkingRedacted { data, by }]);
    prop_oneof![6 => many(|text| Event::Text { text }), 2 => thinking, 1 => redacted, 4 => call]
}

fn usage() -> impl Strategy<Value = Usage> {
    (0u64..999, 0u64..999, 0u64..999, 0u64..999, 0u64..9).prop_map(|(input, cache_read, cache_write, output, part)| {
        Usage { input, cache_read, cache_write, output, reasoning: part.min(output), ..Usage::default() }
    })
}

/// The events of one answer, its tool calls numbered in order.
fn events() -> impl Strategy<Value = Vec<Event>> {
    (prop::collection::vec(piece(), 0..6), any::<bool>(), usage()).prop_map(|(pieces, early, usage)| {
        let mut events = vec![Event::Start { id: "id".into(), model: "m".into(), usage: None }];
        let mut calls = 0;
        for mut piece in pieces {
            for event in &mut piece {
                if let Event::ToolCall { index, .. } | Event::ToolArguments { index, .. } = event {
                    *index = calls;
                }
            }
            calls += usize::from(matches!(piece[0], Event::ToolCall { .. }));
            events.extend(piece);
        }
        let finish = if calls > 0 { Finish::ToolCalls } else { Finish::Stop };
        let (finish, usage) = (Event::Finish { finish }, Event::Usage { usage });
        events.extend(if early { [usage, finish] } else { [finish, usage] });
        events.push(Event::End);
        events
    })
}

fn write(target: Dialect, frames: &[Frame]) -> String {
    let mut writer = StreamWriter::new(target, OPTIONS);
    let mut out: Vec<u8> = frames.iter().flat_map(|frame| writer.frame(frame)).collect();
    out.extend(writer.finish(&Value::Null));
    wire::shown(target, out)
}

fn read_back(dialect: Dialect, text: &str, size: usize) -> Vec<Frame> {
    let (frames, fault) = read(dialect, wire::of(dialect, text).chunks(size));
    assert_eq!(fault, None);
    frames
}

/// An answer's parts with neighbours of one kind joined, as a dialect with one field for each kind
/// tells them.
fn by_kind(answer: Answer) -> (String, String, Vec<Part>) {
    let thinking = answer.parts.iter().filter_map(|part| match part {
        Part::Thinking { text, .. } => Some(text.as_str()),
        _ => None,
    });
    let thinking = thinking.collect();
    let text = surefoot_types::conversation::words(&answer.parts);
    let calls = answer.parts.into_iter().filter(|part| matches!(part, Part::ToolCall { .. })).collect();
    (text, thinking, calls)
}

/// The usage as a dialect can tell it.
fn as_told(dialect: Dialect, usage: Usage) -> Usage {
    match dialect {
        Dialect::Gemini => Usage { input: usage.input + usage.cache_write, cache_write: 0, ..usage },
        Dialect::Bedrock => Usage { reasoning: 0, ..usage },
        Dialect::OpenaiChat | Dialect::OpenaiResponses | Dialect::Anthropic => usage,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn written_and_read_back_is_the_same(
        events in events(),
        cuts in prop::collection::vec(1usize..5, 1..20),
        size in 1usize..40,
    ) {
        let mut frames = Vec::new();
        let mut rest = events.as_slice();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (head, tail) = rest.split_at((*cut).min(rest.len()));
            frames.push(Frame::made(head.to_vec()));
            rest = tail;
        }
        let expected = gathered(&frames);
        for target in DIALECTS {
            let text = write(target, &frames);
            check::whole(target, &text);
            let again = read_back(target, &text, size);
            let told = gathered(&again);
            prop_assert!(told.ended);
            if target != Dialect::Bedrock {
                prop_assert_eq!(&told.id, &expected.id);
            }
            prop_assert_eq!(&told.finish, &expected.finish);
            prop_assert_eq!(told.usage, expected.usage.map(|usage| as_told(target, usage)));
            if target == Dialect::Gemini {
                // Calls are whole there, and wait for the end.
                prop_assert_eq!(by_kind(told.into_answer()), by_kind(expected.clone().into_answer()), "{}", text);
            } else {
                prop_assert_eq!(&told.parts, &expected.parts, "{}", text);
            }

            // On to the other dialect, and back once more.
            for onward in DIALECTS {
                let text = write(onward, &again);
                let last = gathered(&read_back(onward, &text, size));
                prop_assert_eq!(by_kind(last.into_answer()), by_kind(expected.clone().into_answer()));
            }
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), size in 1usize..20) {
        for dialect in DIALECTS {
            let whole = read(dialect, [&bytes[..]]);
            prop_assert_eq!(read(dialect, bytes.chunks(size)), whole);
        }
    }
}
