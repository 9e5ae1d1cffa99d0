//! Streams in any dialect: bytes to frames with their meaning, and frames to bytes.

use bytes::Bytes;
use serde_json::{Map, Value};
use surefoot_types::{
    Citation, Fault,
    conversation::{Dialect, Event},
};

use crate::{anthropic, bedrock, gemini, openai_chat, openai_responses, sse::RawFrame, wire::Wire};

/// One frame of a stream: as it came, and what it means.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// The dialect that it came in; none when it was made here.
    pub dialect: Option<Dialect>,
    /// Its event name, where the wire gave one.
    pub name: Option<String>,
    /// Its data as it came; empty when it was made here.
    pub data: Bytes,
    /// What it means; empty for a frame that only its dialect needs (a ping, the end of a block).
    pub events: Vec<Event>,
}

impl Frame {
    /// A frame that came from no wire.
    pub fn made(events: Vec<Event>) -> Self {
        Self { dialect: None, name: None, data: Bytes::new(), events }
    }
}

/// Reads a stream, however its bytes are cut.
#[derive(Debug)]
pub struct StreamReader {
    wire: Wire,
    dialect: Reader,
    ended: bool,
    failed: Option<Failed>,
}

#[derive(Debug)]
enum Reader {
    OpenaiChat(openai_chat::Reader),
    OpenaiResponses(openai_responses::Reader),
    Anthropic(anthropic::Reader),
    Gemini(gemini::Reader),
    Bedrock(bedrock::Reader),
}

/// Why reading stopped, and whether the caller has been told.
#[derive(Debug)]
struct Failed {
    fault: Fault,
    told: bool,
}

impl StreamReader {
    /// A reader at the beginning of a stream.
    pub fn new(dialect: Dialect) -> Self {
        let wire = Wire::new(dialect);
        let dialect = match dialect {
            Dialect::OpenaiChat => Reader::OpenaiChat(openai_chat::Reader::default()),
            Dialect::OpenaiResponses => Reader::OpenaiResponses(openai_responses::Reader::default()),
            Dialect::Anthropic => Reader::Anthropic(anthropic::Reader::default()),
            Dialect::Gemini => Reader::Gemini(gemini::Reader::default()),
            Dialect::Bedrock => Reader::Bedrock(bedrock::Reader::default()),
        };
        Self { wire, dialect, ended: false, failed: None }
    }

    /// Takes more bytes and gives the frames that they complete. Frames after the dialect's end
    /// are ignored.
    ///
    /// # Errors
    /// `upstream` when a frame cannot be read or never ends. Frames before it are given first, so
    /// that the outcome does not depend on where the bytes were cut.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Frame>, Fault> {
        let mut frames = Vec::new();
        if self.failed.is_none() {
            let mut raw = Vec::new();
            let split = self.wire.push(bytes, &mut raw);
            let read = self.read_all(raw, &mut frames);
            self.failed = read.and(split).err().map(|fault| Failed { fault, told: false });
        }
        match &mut self.failed {
            Some(failed) if frames.is_empty() => {
                failed.told = true;
                Err(failed.fault.clone())
            }
            _ => Ok(frames),
        }
    }

    /// Whether the dialect's end has come: nothing after it is read.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// The bytes have ended. Gives the last frame where it lacks its blank line; a frame that was
    /// cut in its middle is left out.
    pub fn close(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        if let Some(failed) = &mut self.failed {
            if !failed.told {
                failed.told = true;
                frames.push(Frame::made(vec![Event::Fault { fault: failed.fault.clone() }]));
            }
            return frames;
        }
        if let Some(raw) = self.wire.close() {
            // Unreadable here means cut: the missing `End` tells.
            self.read_all(vec![raw], &mut frames).ok();
        }
        let end = match &mut self.dialect {
            // Some servers never send `[DONE]`; after a finish reason nothing of the answer is missing.
            Reader::OpenaiChat(reader) if reader.finished() => vec![Event::End],
            Reader::Gemini(reader) => reader.conclude(),
            Reader::Bedrock(reader) if reader.finished() => vec![Event::End],
            _ => Vec::new(),
        };
        if !self.ended && !end.is_empty() {
            self.ended = true;
            frames.push(Frame::made(end));
        }
        frames
    }

    fn read_all(&mut self, raw: Vec<RawFrame>, frames: &mut Vec<Frame>) -> Result<(), Fault> {
        for RawFrame { name, data } in raw {
            if self.ended {
                break;
            }
            let (dialect, events) = match &mut self.dialect {
                Reader::OpenaiChat(reader) => (Dialect::OpenaiChat, reader.events(&data)?),
                Reader::OpenaiResponses(reader) => (Dialect::OpenaiResponses, reader.events(name.as_deref(), &data)?),
                Reader::Anthropic(reader) => (Dialect::Anthropic, reader.events(name.as_deref(), &data)?),
                Reader::Gemini(reader) => (Dialect::Gemini, reader.events(&data)?),
                Reader::Bedrock(reader) => (Dialect::Bedrock, reader.events(name.as_deref(), &data)?),
            };
            self.ended = events.contains(&Event::End);
            frames.push(Frame { dialect: Some(dialect), name, data, events });
        }
        Ok(())
    }
}

/// What a caller wants of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamOptions {
    /// Whether OpenAI's usage chunk is wanted (`stream_options.include_usage`).
    pub include_usage: bool,
    /// Whether the stream is wanted as one JSON array (Gemini without `alt=sse`).
    pub json_array: bool,
    /// When the answer was made, in seconds since 1970.
    pub created: i64,
}

/// Writes a stream in the caller's dialect.
///
/// A frame of that dialect is forwarded as it came; any other is written from its events. The last
/// JSON event is held back until [`finish`](Self::finish), which adds the `surefoot` object to it.
/// After [`finish`](Self::finish) or [`fail`](Self::fail) nothing more is to be written.
#[derive(Debug)]
pub struct StreamWriter {
    dialect: Dialect,
    writer: Writer,
}

#[derive(Debug)]
enum Writer {
    OpenaiChat(openai_chat::Writer),
    OpenaiResponses(Box<openai_responses::Writer>),
    Anthropic(anthropic::Writer),
    Gemini(Box<gemini::Writer>),
    Bedrock(Box<bedrock::Writer>),
}

impl StreamWriter {
    /// A writer at the beginning of a stream.
    pub fn new(dialect: Dialect, options: StreamOptions) -> Self {
        let writer = match dialect {
            Dialect::OpenaiChat => Writer::OpenaiChat(openai_chat::Writer::new(options)),
            Dialect::OpenaiResponses => {
                Writer::OpenaiResponses(Box::new(openai_responses::Writer::new(options.created)))
            }
            Dialect::Anthropic => Writer::Anthropic(anthropic::Writer::default()),
            Dialect::Gemini => Writer::Gemini(Box::new(gemini::Writer::new(options.json_array))),
            Dialect::Bedrock => Writer::Bedrock(Box::default()),
        };
        Self { dialect, writer }
    }

    /// Has these fields stand in the answer whatever its provider says: the id by which it is kept, what the request
    /// asked. Only OpenAI's responses have a place for them.
    pub fn own(&mut self, own: Map<String, Value>) {
        if let Writer::OpenaiResponses(writer) = &mut self.writer {
            writer.own(own);
        }
    }

    /// What to send of the answer's checked citations beside `surefoot`, and at the end of what was said: all that comes
    /// before [`finish`](Self::finish), which may then be asked again. Only OpenAI's responses have words for it.
    pub fn cite(&mut self, citations: &[Citation]) -> Bytes {
        let mut out = Vec::new();
        if let Writer::OpenaiResponses(writer) = &mut self.writer {
            writer.cite(citations, &mut out);
        }
        out.into()
    }

    /// The whole answer as [`finish`](Self::finish) told it, in the one dialect that does: OpenAI's responses.
    pub fn told(&self) -> Option<&Value> {
        match &self.writer {
            Writer::OpenaiResponses(writer) => writer.told(),
            _ => None,
        }
    }

    /// What to send for one frame; may be empty. A frame that carries a fault is never sent: it is
    /// for [`fail`](Self::fail).
    pub fn frame(&mut self, frame: &Frame) -> Bytes {
        if frame.events.iter().any(|event| matches!(event, Event::Fault { .. })) {
            return Bytes::new();
        }
        let mut out = Vec::new();
        let as_it_came = frame.dialect == Some(self.dialect);
        match &mut self.writer {
            Writer::OpenaiChat(writer) if as_it_came => writer.forward(frame, &mut out),
            Writer::OpenaiChat(writer) => frame.events.iter().for_each(|event| writer.event(event, &mut out)),
            Writer::OpenaiResponses(writer) if as_it_came => writer.forward(frame, &mut out),
            Writer::OpenaiResponses(writer) => frame.events.iter().for_each(|event| writer.event(event, &mut out)),
            Writer::Anthropic(writer) if as_it_came => writer.forward(frame, &mut out),
            Writer::Bedrock(writer) if as_it_came => writer.forward(frame, &mut out),
            Writer::Bedrock(writer) => frame.events.iter().for_each(|event| writer.event(event, &mut out)),
            Writer::Gemini(writer) if as_it_came => writer.forward(frame, &mut out),
            Writer::Gemini(writer) => frame.events.iter().for_each(|event| writer.event(event, &mut out)),
            Writer::Anthropic(writer) => frame.events.iter().for_each(|event| writer.event(event, &mut out)),
        }
        out.into()
    }

    /// What to send at the end of a good answer: what was held back, with `surefoot` added unless
    /// it is null, and the dialect's terminator.
    pub fn finish(&mut self, surefoot: &Value) -> Bytes {
        let mut out = Vec::new();
        match &mut self.writer {
            Writer::OpenaiChat(writer) => writer.finish(surefoot, &mut out),
            Writer::OpenaiResponses(writer) => writer.finish(surefoot, &mut out),
            Writer::Anthropic(writer) => writer.finish(surefoot, &mut out),
            Writer::Gemini(writer) => writer.finish(surefoot, &mut out),
            Writer::Bedrock(writer) => writer.finish(surefoot, &mut out),
        }
        out.into()
    }

    /// What to send when the answer breaks off: the dialect's error event. Neither a finish reason
    /// nor a terminator follows, so that nobody takes half an answer for a whole one.
    pub fn fail(&mut self, fault: &Fault, surefoot: &Value) -> Bytes {
        let mut out = Vec::new();
        match &mut self.writer {
            Writer::OpenaiChat(writer) => writer.fail(fault, surefoot, &mut out),
            Writer::OpenaiResponses(writer) => writer.fail(fault, surefoot, &mut out),
            Writer::Anthropic(writer) => writer.fail(fault, surefoot, &mut out),
            Writer::Gemini(writer) => writer.fail(fault, surefoot, &mut out),
            Writer::Bedrock(writer) => writer.fail(fault, surefoot, &mut out),
        }
        out.into()
    }
}
