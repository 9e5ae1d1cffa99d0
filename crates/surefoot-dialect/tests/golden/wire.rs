//! Streams as text, for people and for snapshots: Bedrock's are binary.

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder, write_message_to};
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use surefoot_dialect::Dialect;

/// A stream's bytes as text, in the shape of server-sent events.
pub(crate) fn shown(dialect: Dialect, bytes: Vec<u8>) -> String {
    if dialect != Dialect::Bedrock {
        return String::from_utf8(bytes).unwrap();
    }
    let (mut decoder, mut rest, mut text) = (MessageFrameDecoder::new(), bytes.as_slice(), String::new());
    while let DecodedFrame::Complete(message) = decoder.decode_frame(&mut rest).unwrap() {
        let name = message.headers().iter().find(|header| header.name().as_str().ends_with("-type")).unwrap();
        let name = name.value().as_string().unwrap().as_str();
        let data = std::str::from_utf8(message.payload()).unwrap();
        text.push_str(&format!("event: {name}\ndata: {data}\n\n"));
    }
    assert!(rest.is_empty(), "half a frame");
    text
}

/// The bytes of a stream that was shown as text.
pub(crate) fn of(dialect: Dialect, text: &str) -> Vec<u8> {
    if dialect != Dialect::Bedrock {
        return text.as_bytes().to_vec();
    }
    let mut bytes = Vec::new();
    for frame in text.split_terminator("\n\n") {
        let (name, data) = frame.split_once('\n').unwrap();
        let name = name.strip_prefix("event: ").unwrap();
        let kind = if name.ends_with("Exception") { ":exception-type" } else { ":event-type" };
        let header = Header::new(kind, HeaderValue::String(name.to_owned().into()));
        let data = data.strip_prefix("data: ").unwrap().to_owned();
        write_message_to(&Message::new(data).add_header(header), &mut bytes).unwrap();
    }
    bytes
}
