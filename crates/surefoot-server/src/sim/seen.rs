//! What reached the simulator, so that a test can look at it.

use std::{
    collections::VecDeque,
    fmt::Write,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use hyper::{HeaderMap, http::request};
use serde_json::{Map, Value, json};

/// How many requests are kept.
const KEPT: usize = 100;
/// How much of a body is kept, in bytes.
const BODY_KEPT: usize = 64 * 1024;
/// How much of the other parts of a request is kept, in bytes.
const HEAD_KEPT: usize = 16 * 1024;
/// Headers whose value is a secret.
const SECRET: [&str; 5] = ["authorization", "x-api-key", "api-key", "proxy-authorization", "cookie"];
/// A secret shorter than this is masked whole.
const SHORT_SECRET: usize = 12;

/// The requests that came.
#[derive(Debug, Default)]
pub(super) struct Seen {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    count: u64,
    last: VecDeque<Request>,
}

/// A request, kept cheaply: it is taken apart only when somebody looks.
#[derive(Debug)]
struct Request {
    method: String,
    path: String,
    /// `name: value` lines.
    headers: String,
    body: Bytes,
}

impl Seen {
    /// Keeps a request.
    pub(super) fn add(&self, head: &request::Parts, body: &Bytes) {
        let mut path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        truncate(&mut path, HEAD_KEPT);
        let request = Request {
            method: head.method.to_string(),
            path,
            headers: lines(&head.headers),
            // Copied, so that a small body does not keep the large buffer that it was read into.
            body: Bytes::copy_from_slice(&body[..body.len().min(BODY_KEPT)]),
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.count += 1;
        if kept.last.len() == KEPT {
            kept.last.pop_front();
        }
        kept.last.push_back(request);
    }

    /// How many requests came, and the last of them, oldest first.
    pub(super) fn shown(&self) -> Value {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let requests: Vec<Value> = kept.last.iter().map(Request::shown).collect();
        json!({"count": kept.count, "requests": requests})
    }

    /// Starts from nothing.
    pub(super) fn forget(&self) {
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Kept::default();
    }
}

impl Request {
    fn shown(&self) -> Value {
        let headers: Map<String, Value> = self
            .headers
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        let body = serde_json::from_slice(&self.body).unwrap_or_else(|_| text(&self.body));
        json!({"method": self.method, "path": self.path, "headers": headers, "body": body})
    }
}

/// A body that is not JSON; one that is no text either, or was cut, as far as it is text.
fn text(body: &[u8]) -> Value {
    let readable = body.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    if readable.is_empty() { Value::Null } else { readable.into() }
}

fn lines(headers: &HeaderMap) -> String {
    let mut lines = String::with_capacity(256);
    for (name, value) in headers {
        let Ok(value) = value.to_str() else { continue };
        // Writing to a String cannot fail.
        let _ = if SECRET.contains(&name.as_str()) {
            writeln!(lines, "{name}: {}", masked(value))
        } else {
            writeln!(lines, "{name}: {value}")
        };
    }
    truncate(&mut lines, HEAD_KEPT);
    lines
}

/// The scheme and the last four characters: enough to tell which key came.
fn masked(value: &str) -> String {
    let (scheme, secret) = value.split_once(' ').map_or(("", value), |(scheme, secret)| (scheme, secret));
    let gap = if scheme.is_empty() { "" } else { " " };
    let end = if secret.len() < SHORT_SECRET { "" } else { &secret[secret.len() - 4..] };
    format!("{scheme}{gap}…{end}")
}

/// The beginning of a text.
fn truncate(text: &mut String, most: usize) {
    text.truncate(text.floor_char_boundary(most));
}
