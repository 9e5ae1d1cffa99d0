//! Splits a stream that is one JSON array into its objects, as Gemini sends it where nobody asks
//! for server-sent events.

use bytes::{Buf, BytesMut};
use surefoot_types::Fault;

use crate::sse::{LIMIT, RawFrame, too_long};

/// Splits bytes into objects.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    buffer: BytesMut,
    /// How much of the buffer has been looked at.
    scanned: usize,
    /// How many objects are open around that place.
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Splitter {
    /// Adds bytes and puts the objects that they complete into `frames`.
    pub(crate) fn push(&mut self, bytes: &[u8], frames: &mut Vec<RawFrame>) -> Result<(), Fault> {
        self.buffer.extend_from_slice(bytes);
        while let Some(&byte) = self.buffer.get(self.scanned) {
            self.scanned += 1;
            if self.depth == 0 && byte != b'{' {
                // Between objects stand brackets, commas and white space.
                self.buffer.advance(1);
                self.scanned = 0;
                continue;
            }
            if self.ends_an_object(byte) {
                let data = self.buffer.split_to(self.scanned).freeze();
                self.scanned = 0;
                frames.push(RawFrame { name: None, data });
            }
        }
        if self.buffer.len() > LIMIT { Err(too_long()) } else { Ok(()) }
    }

    fn ends_an_object(&mut self, byte: u8) -> bool {
        match (self.in_string, byte) {
            (true, _) if self.escaped => self.escaped = false,
            (true, b'\\') => self.escaped = true,
            (_, b'"') => self.in_string = !self.in_string,
            (false, b'{') => self.depth += 1,
            (false, b'}') => {
                self.depth -= 1;
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(pieces: &[&[u8]]) -> Vec<String> {
        let (mut splitter, mut frames) = (Splitter::default(), Vec::new());
        for piece in pieces {
            splitter.push(piece, &mut frames).unwrap();
        }
        frames.into_iter().map(|frame| String::from_utf8(frame.data.to_vec()).unwrap()).collect()
    }

    #[test]
    fn objects_are_found_however_they_are_cut() {
        let stream = "[{\"a\":\"}é\\\"{\"}\r\n,\n{\"b\":{\"c\":[{}]}}]".as_bytes();
        let expected = ["{\"a\":\"}é\\\"{\"}", "{\"b\":{\"c\":[{}]}}"];
        for cut in 0..=stream.len() {
            assert_eq!(split(&[&stream[..cut], &stream[cut..]]), expected, "cut at {cut}");
        }
        assert_eq!(split(&[b"[{\"a\":1},{\"b\""]), ["{\"a\":1}"], "what is not whole is left out");
        assert_eq!(split(&[b"[]"]), [""; 0]);
        assert_eq!(split(&[b"[}]"]), [""; 0]);
    }

    #[test]
    fn an_endless_object_is_refused() {
        let (mut splitter, mut frames) = (Splitter::default(), Vec::new());
        let piece = [b"{\"".as_slice(), &vec![b'x'; 1024 * 1024]].concat();
        assert!((0..9).any(|_| splitter.push(&piece, &mut frames).is_err()));
    }
}
