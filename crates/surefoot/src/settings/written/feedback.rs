//! Feedback by whoever has no key, as written.

use super::root::FILE;
use crate::settings::{
    source::At,
    table::{Reader, Section, field},
};

/// Feedback.
pub(crate) const FEEDBACK: Section = Section {
    file: FILE,
    header: "[feedback]",
    about: "Feedback from browsers, which have no key. Read at the start.",
    fields: &[
        field(
            "tokens",
            "tokens = \"7d\"",
            "answers carry none",
            "How long the token that comes with each answer is good: leave to give feedback on that answer, and nothing else.",
        ),
        field(
            "origins",
            "origins = [\"https://app.example.com\"]",
            "this site only",
            "The sites whose pages may send feedback by token; `\"*\"` for all.",
        ),
        field(
            "per_minute",
            "per_minute = 60",
            "60",
            "Most pieces of feedback a minute, from one address by tokens and about one trace.",
        ),
    ],
};

/// The table.
#[derive(Debug, Default)]
pub(crate) struct Feedback {
    pub(crate) tokens: Option<At<String>>,
    pub(crate) origins: Option<Vec<At<String>>>,
    pub(crate) per_minute: Option<At<i64>>,
}

impl Feedback {
    pub(super) fn read(mut table: Reader<'_>) -> Self {
        let feedback = Self {
            tokens: table.string("tokens"),
            origins: table.one_or_more("origins"),
            per_minute: table.integer("per_minute"),
        };
        table.done();
        feedback
    }
}
