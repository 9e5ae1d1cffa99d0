//! What callers and providers send.

use serde_json::Value;
use surefoot_dialect::{self as dialect, Dialect, Frame, StreamOptions, StreamReader, StreamWriter};
use surefoot_types::conversation::Event;

const DIALECTS: [Dialect; 5] =
    [Dialect::OpenaiChat, Dialect::OpenaiResponses, Dialect::Anthropic, Dialect::Gemini, Dialect::Bedrock];

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("what is written is JSON")
}

/// A request in any dialect: what can be read can be written for every other.
pub fn request(data: &[u8]) {
    for spoken in DIALECTS {
        let Ok(request) = dialect::request_read(spoken, data) else { continue };
        for target in DIALECTS {
            let written = dialect::request_write(target, &request, "model");
            json(&written.body);
            dialect::prompt_cached(target, written.body);
        }
    }
}

/// A whole answer in any dialect, the same way.
pub fn answer(data: &[u8]) {
    for spoken in DIALECTS {
        let Ok(answer) = dialect::answer_read(spoken, data) else { continue };
        for target in DIALECTS {
            json(&dialect::answer_write(target, &answer, 0, &Value::Null));
        }
        answer.into_events();
    }
    dialect::fault_read(Dialect::OpenaiChat, 500, None, data);
}

/// A stream in any dialect: it means the same wherever its bytes are cut, and can be told in every other.
pub fn stream(data: &[u8]) {
    for spoken in DIALECTS {
        let whole = read(spoken, data, data.len().max(1));
        for size in [1, 3, 16] {
            assert_eq!(read(spoken, data, size), whole, "{spoken:?} in pieces of {size}");
        }
        for target in DIALECTS {
            let mut writer =
                StreamWriter::new(target, StreamOptions { include_usage: true, json_array: false, created: 0 });
            for event in &whole.0 {
                writer.frame(&Frame::made(vec![event.clone()]));
            }
            writer.finish(&Value::Null);
        }
    }
}

/// What a stream means, and whether it could be read to its end: that a fault came is told once, however the bytes are
/// cut.
fn read(spoken: Dialect, data: &[u8], size: usize) -> (Vec<Event>, bool) {
    let mut reader = StreamReader::new(spoken);
    let mut frames = Vec::new();
    let mut failed = false;
    for piece in data.chunks(size) {
        match reader.push(piece) {
            Ok(more) => frames.extend(more),
            Err(_) => failed = true,
        }
    }
    frames.extend(reader.close());
    let events = frames.into_iter().flat_map(|frame: Frame| frame.events);
    let (faults, events): (Vec<Event>, Vec<Event>) = events.partition(|event| matches!(event, Event::Fault { .. }));
    (events, failed || !faults.is_empty())
}
