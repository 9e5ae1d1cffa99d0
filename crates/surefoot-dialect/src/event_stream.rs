//! AWS's binary framing of streams, in which Bedrock answers.

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder, write_message_to};
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::{Bytes, BytesMut};
use surefoot_types::{Code, Fault, Retry};

use crate::sse::{LIMIT, RawFrame, too_long};

/// Splits bytes into frames, named by their event or exception.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    buffer: BytesMut,
    decoder: Decoder,
}

/// A decoder that can be shown.
#[derive(Default)]
struct Decoder(MessageFrameDecoder);

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Decoder")
    }
}

impl Splitter {
    /// Adds bytes and puts the frames that they complete into `frames`.
    pub(crate) fn push(&mut self, bytes: &[u8], frames: &mut Vec<RawFrame>) -> Result<(), Fault> {
        self.buffer.extend_from_slice(bytes);
        loop {
            match self.decoder.0.decode_frame(&mut self.buffer) {
                Ok(DecodedFrame::Complete(message)) => frames.push(raw_frame(&message)),
                Ok(DecodedFrame::Incomplete) if self.buffer.len() > LIMIT => return Err(too_long()),
                Ok(DecodedFrame::Incomplete) => return Ok(()),
                Err(error) => return Err(broken(&error)),
            }
        }
    }
}

fn raw_frame(message: &Message) -> RawFrame {
    let header = |name: &str| {
        let found = message.headers().iter().find(|header| header.name().as_str() == name)?;
        found.value().as_string().ok().map(|text| text.as_str().to_owned())
    };
    let name = header(":exception-type").or_else(|| header(":error-code")).or_else(|| header(":event-type"));
    RawFrame { name, data: message.payload().clone() }
}

fn broken(error: &dyn std::fmt::Display) -> Fault {
    Fault::new(Code::Upstream, format!("The provider's stream cannot be read: {error}."))
        .hint("Check that the provider's base URL leads to Bedrock.")
        .retry(Retry::Later(None))
}

/// Whether a frame of this name tells a failure.
pub(crate) fn is_exception(name: &str) -> bool {
    name.ends_with("Exception")
}

/// Writes one frame.
pub(crate) fn write(out: &mut Vec<u8>, name: &str, data: &[u8]) {
    let header = |name: &'static str, value: String| Header::new(name, HeaderValue::String(value.into()));
    let (kind, named) = if is_exception(name) { ("exception", ":exception-type") } else { ("event", ":event-type") };
    let message = Message::new(Bytes::copy_from_slice(data))
        .add_header(header(named, name.to_owned()))
        .add_header(header(":content-type", "application/json".to_owned()))
        .add_header(header(":message-type", kind.to_owned()));
    write_message_to(&message, out).expect("a frame of a few short headers can always be written");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_however_they_are_cut() {
        let mut stream = Vec::new();
        write(&mut stream, "messageStart", b"{\"role\":\"assistant\"}");
        write(&mut stream, "throttlingException", "{\"message\":\"é\"}".as_bytes());
        let split = |pieces: &[&[u8]]| {
            let (mut splitter, mut frames) = (Splitter::default(), Vec::new());
            pieces.iter().for_each(|piece| splitter.push(piece, &mut frames).unwrap());
            frames
        };
        let whole = split(&[&stream]);
        assert_eq!(whole.len(), 2);
        assert_eq!(whole[1].name.as_deref(), Some("throttlingException"));
        for cut in 0..=stream.len() {
            assert_eq!(split(&[&stream[..cut], &stream[cut..]]), whole, "cut at {cut}");
        }
        stream[20] ^= 1;
        assert!(Splitter::default().push(&stream, &mut Vec::new()).is_err(), "a wrong sum is noticed");
    }
}
