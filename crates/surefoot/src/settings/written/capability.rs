//! What models can do, as written.

use super::root::FILE;
use crate::settings::{
    source::At,
    table::{Reader, Section, field},
};

/// What a model can do.
pub(crate) const CAPABILITIES: Section = Section {
    file: FILE,
    header: "[capabilities.\"<provider>/<model-id>\"]",
    about: "What a model can do, where the built-in table is wrong or does not know it. What is left out stays as it is \
            known. A request that a model surely cannot answer is refused before it is sent, or goes to the next target.",
    fields: &[
        field("context", "context = 128000", "as known", "Most tokens of a prompt."),
        field("output", "output = 16384", "as known", "Most tokens of an answer."),
        field("tools", "tools = true", "as known", "Whether it calls tools."),
        field("schema", "schema = true", "as known", "Whether its provider holds it to a JSON schema."),
        field("vision", "vision = false", "as known", "Whether it sees pictures."),
        field("reasoning", "reasoning = false", "as known", "Whether it reasons before it answers."),
    ],
};

#[derive(Debug)]
pub(crate) struct Capability {
    pub(crate) target: At<String>,
    pub(crate) context: Option<At<i64>>,
    pub(crate) output: Option<At<i64>>,
    pub(crate) tools: Option<At<bool>>,
    pub(crate) schema: Option<At<bool>>,
    pub(crate) vision: Option<At<bool>>,
    pub(crate) reasoning: Option<At<bool>>,
}

impl Capability {
    pub(super) fn read(target: At<String>, table: &mut Reader<'_>) -> Self {
        Self {
            target,
            context: table.integer("context"),
            output: table.integer("output"),
            tools: table.boolean("tools"),
            schema: table.boolean("schema"),
            vision: table.boolean("vision"),
            reasoning: table.boolean("reasoning"),
        }
    }
}
