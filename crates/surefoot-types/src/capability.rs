//! What a model can do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a model can do. What is absent is not known, which is not the same as no.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// Most tokens of a prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<u64>,
    /// Most tokens of an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<u64>,
    /// Whether it calls tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<bool>,
    /// Whether its provider holds it to a JSON schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema: Option<bool>,
    /// Whether it sees pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vision: Option<bool>,
    /// Whether it reasons before it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<bool>,
}

impl Capabilities {
    /// These, and `other`'s where nothing is known.
    pub fn or(self, other: Self) -> Self {
        Self {
            context: self.context.or(other.context),
            output: self.output.or(other.output),
            tools: self.tools.or(other.tools),
            schema: self.schema.or(other.schema),
            vision: self.vision.or(other.vision),
            reasoning: self.reasoning.or(other.reasoning),
        }
    }
}

/// What models can do, by `provider/model-id`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CapabilityBook(BTreeMap<String, Capabilities>);

impl CapabilityBook {
    /// Adds what is known of a target; it wins over what was known before.
    pub fn add(&mut self, target: impl Into<String>, can: Capabilities) {
        let known = self.0.entry(target.into()).or_default();
        *known = can.or(*known);
    }

    /// What a target can do; nothing is known of one that is not in the book.
    pub fn get(&self, target: &str) -> Capabilities {
        self.0.get(target).copied().unwrap_or_default()
    }

    /// Every target that something is known of.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_later_wins_and_the_rest_stays() {
        let mut book = CapabilityBook::default();
        let (yes, no) = (Some(true), Some(false));
        book.add("a/m", Capabilities { context: Some(1_000), vision: yes, ..Capabilities::default() });
        book.add("a/m", Capabilities { vision: no, tools: yes, ..Capabilities::default() });
        let expected = Capabilities { context: Some(1_000), vision: no, tools: yes, ..Capabilities::default() };
        assert_eq!(book.get("a/m"), expected);
        assert_eq!(book.get("a/other"), Capabilities::default());
        assert_eq!(book.targets().collect::<Vec<_>>(), ["a/m"]);
    }
}
