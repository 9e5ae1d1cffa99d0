//! The one reader of server-sent events, and the one writer.
//!
//! It works on bytes: a chunk may end anywhere, within a line break or a character, so nothing is
//! decoded before a frame is whole. Lines end in LF, CRLF or CR, mixed as they come. Policy for
//! odd frames: comments, `id` and `retry` are skipped; a bare line of JSON counts as data, since
//! some servers report their failures that way; a frame without a closing blank line counts when
//! the stream ends.

use bytes::{Buf, Bytes, BytesMut};
use memchr::{memchr2, memchr2_iter};
use surefoot_types::{Code, Fault, Retry};

/// The most bytes of one frame; a stream without frames must not fill the memory.
pub(crate) const LIMIT: usize = 8 * 1024 * 1024;

/// A frame as it came: its event name and its data lines joined by LF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawFrame {
    pub(crate) name: Option<String>,
    pub(crate) data: Bytes,
}

/// The data lines of the frame being read. Nearly every frame has one, which is not copied.
#[derive(Debug, Default)]
enum Data {
    #[default]
    None,
    One(Bytes),
    Many(BytesMut),
}

impl Data {
    fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(line) => line.len(),
            Self::Many(lines) => lines.len(),
        }
    }

    fn add(&mut self, line: Bytes) {
        match self {
            Self::None => *self = Self::One(line),
            Self::One(first) => {
                let mut lines = BytesMut::with_capacity(first.len() + line.len() + 1);
                lines.extend_from_slice(first);
                *self = Self::Many(lines);
                self.add(line);
            }
            Self::Many(lines) => {
                lines.extend_from_slice(b"\n");
                lines.extend_from_slice(&line);
            }
        }
    }

    fn take(&mut self) -> Bytes {
        match std::mem::take(self) {
            Self::None => Bytes::new(),
            Self::One(line) => line,
            Self::Many(lines) => lines.freeze(),
        }
    }
}

/// Splits bytes into frames.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    buffer: BytesMut,
    /// How much of the buffer is known to hold no line end.
    scanned: usize,
    /// The last line ended in CR: an LF that follows belongs to it.
    after_cr: bool,
    /// A line has been read, so a byte order mark can no longer come.
    begun: bool,
    name: Option<String>,
    data: Data,
}

impl Splitter {
    /// Adds bytes and puts the frames that they complete into `frames`.
    pub(crate) fn push(&mut self, bytes: &[u8], frames: &mut Vec<RawFrame>) -> Result<(), Fault> {
        self.buffer.extend_from_slice(bytes);
        while let Some(line) = self.line() {
            if self.data.len() + line.len() > LIMIT {
                return Err(too_long());
            }
            frames.extend(self.take(line));
        }
        if self.buffer.len() > LIMIT { Err(too_long()) } else { Ok(()) }
    }

    /// The last frame, where the stream ended without a blank line.
    pub(crate) fn close(&mut self) -> Option<RawFrame> {
        self.scanned = 0;
        let line = self.buffer.split().freeze();
        if !line.is_empty() {
            self.take(line);
        }
        self.dispatch()
    }

    fn line(&mut self) -> Option<Bytes> {
        if self.after_cr && !self.buffer.is_empty() {
            self.after_cr = false;
            if self.buffer[0] == b'\n' {
                self.buffer.advance(1);
            }
        }
        let Some(at) = memchr2(b'\n', b'\r', &self.buffer[self.scanned..]) else {
            self.scanned = self.buffer.len();
            return None;
        };
        let line = self.buffer.split_to(self.scanned + at).freeze();
        self.after_cr = self.buffer[0] == b'\r';
        self.buffer.advance(1);
        self.scanned = 0;
        Some(line)
    }

    fn take(&mut self, line: Bytes) -> Option<RawFrame> {
        let line = if self.begun { line } else { without_mark(line) };
        self.begun = true;
        if line.is_empty() {
            return self.dispatch();
        }
        if line[0] == b'{' {
            self.data.add(line);
        } else if let Some(data) = field(&line, b"data") {
            self.data.add(data);
        } else if let Some(name) = field(&line, b"event") {
            self.name = String::from_utf8(name.to_vec()).ok();
        }
        None
    }

    fn dispatch(&mut self) -> Option<RawFrame> {
        let name = self.name.take().filter(|name| !name.is_empty());
        let data = self.data.take();
        (!data.trim_ascii().is_empty()).then_some(RawFrame { name, data })
    }
}

fn without_mark(line: Bytes) -> Bytes {
    if line.starts_with(b"\xEF\xBB\xBF") { line.slice(3..) } else { line }
}

/// The value of the line's field, where it is `name`.
fn field(line: &Bytes, name: &[u8]) -> Option<Bytes> {
    let rest = line.strip_prefix(name)?;
    let skipped = match rest {
        [] => name.len(),
        [b':', b' ', ..] => name.len() + 2,
        [b':', ..] => name.len() + 1,
        _ => return None,
    };
    Some(line.slice(skipped..))
}

pub(crate) fn too_long() -> Fault {
    Fault::new(Code::Upstream, format!("The provider's stream has a frame of more than {LIMIT} bytes."))
        .hint("Check that the provider's base URL leads to a chat API.")
        .retry(Retry::Later(None))
}

/// Writes one frame; data with line breaks becomes several data lines.
pub(crate) fn write(out: &mut Vec<u8>, name: Option<&str>, data: &[u8]) {
    out.reserve(data.len() + 16 + name.map_or(0, |name| name.len() + 8));
    if let Some(name) = name {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.push(b'\n');
    }
    let mut begin = 0;
    for end in memchr2_iter(b'\n', b'\r', data).chain([data.len()]) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(&data[begin..end]);
        out.push(b'\n');
        begin = end + 1;
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(pieces: &[&[u8]]) -> Vec<(Option<String>, String)> {
        let mut splitter = Splitter::default();
        let mut frames = Vec::new();
        for piece in pieces {
            splitter.push(piece, &mut frames).unwrap();
        }
        frames.extend(splitter.close());
        frames.into_iter().map(|f| (f.name, String::from_utf8(f.data.to_vec()).unwrap())).collect()
    }

    /// Checks a stream whole, cut in two at every byte, and byte by byte.
    fn check(stream: &[u8], expected: &[(Option<&str>, &str)]) {
        let expected: Vec<_> = expected.iter().map(|(n, d)| (n.map(str::to_owned), (*d).to_owned())).collect();
        assert_eq!(split(&[stream]), expected, "whole");
        for cut in 0..=stream.len() {
            assert_eq!(split(&[&stream[..cut], &stream[cut..]]), expected, "cut at {cut}");
        }
        let single: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(split(&single), expected, "byte by byte");
    }

    #[test]
    fn every_line_end_ends_a_line() {
        for end in ["\n", "\r\n", "\r"] {
            let stream = format!("data: a{end}{end}event: x{end}data: b{end}{end}");
            check(stream.as_bytes(), &[(None, "a"), (Some("x"), "b")]);
        }
        check(
            b"data: a\r\n\ndata: b\n\r\ndata: c\r\r\ndata: d\n\r",
            &[(None, "a"), (None, "b"), (None, "c"), (None, "d")],
        );
    }

    #[test]
    fn odd_frames() {
        check(b": ping\n\nid: 7\nretry: 10\ndata: a\n\n", &[(None, "a")]);
        check(b"data: a\ndata:b\ndata\ndata:  c\n\n", &[(None, "a\nb\n\n c")]);
        check(b"\xEF\xBB\xBFdata: a\n\n", &[(None, "a")]);
        check(b"data: a\n\ndata: last", &[(None, "a"), (None, "last")]);
        check(b"data: last\r\n", &[(None, "last")]);
        check(b"event: nothing\n\ndata:\n\ndata: a\n\n", &[(None, "a")]);
        check(b"database: x\ndata: a\n\n", &[(None, "a")]);
        check("data: \u{1F9A6}\u{301}é\n\n".as_bytes(), &[(None, "\u{1F9A6}\u{301}é")]);
        check(b"{\"error\":1}\n", &[(None, "{\"error\":1}")]);
        check(b"", &[]);
    }

    #[test]
    fn an_endless_frame_is_refused() {
        let mut splitter = Splitter::default();
        let mut frames = Vec::new();
        let piece = vec![b'x'; 1024 * 1024];
        assert!((0..9).any(|_| splitter.push(&piece, &mut frames).is_err()), "one line");

        let mut splitter = Splitter::default();
        let line = [b"data: ", &piece[..], b"\n"].concat();
        assert!((0..9).any(|_| splitter.push(&line, &mut frames).is_err()), "many lines");
        assert!(frames.is_empty());
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut out = Vec::new();
        write(&mut out, Some("x"), b"a\nb");
        write(&mut out, None, b"c");
        assert_eq!(out, b"event: x\ndata: a\ndata: b\n\ndata: c\n\n");
        check(&out, &[(Some("x"), "a\nb"), (None, "c")]);
    }
}
