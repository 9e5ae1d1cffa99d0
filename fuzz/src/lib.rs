//! Feeds every parser of outside bytes with nonsense. A target takes any bytes and must not panic; what besides must hold
//! is asserted in it. The test runs all over the kept corpus and over what chance makes of it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a target fails by panicking")]

mod documents;
mod guards;
mod wire;

pub use documents::{document, prompt};
pub use guards::{redaction, text};
pub use wire::{answer, request, stream};

/// What is done with some bytes.
pub type Target = fn(&[u8]);

/// Every target, by name.
pub const TARGETS: [(&str, Target); 7] = [
    ("request", request),
    ("answer", answer),
    ("stream", stream),
    ("text", text),
    ("redaction", redaction),
    ("document", document),
    ("prompt", prompt),
];
