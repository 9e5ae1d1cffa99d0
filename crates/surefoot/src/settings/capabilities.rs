//! What vendors' models can do, made by scripts/capabilities.py from a public data set. A row of the project wins, and
//! nothing is known of a model that is not here.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;
use surefoot_types::{Capabilities, CapabilityBook};

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    serde_json::from_str(include_str!("capabilities.json"))
        .expect("the table that is built in is as the script writes it")
});

#[derive(Deserialize)]
struct Table {
    source: String,
    dated: String,
    vendors: BTreeMap<String, Vec<Models>>,
}

/// Models that can do the same.
#[derive(Deserialize)]
struct Models {
    names: Vec<String>,
    #[serde(flatten)]
    can: Capabilities,
}

/// Adds what a vendor's models can do, under a provider's name.
pub(crate) fn add(book: &mut CapabilityBook, provider: &str, vendor: &str) {
    for models in TABLE.vendors.get(vendor).into_iter().flatten() {
        models.names.iter().for_each(|name| book.add(format!("{provider}/{name}"), models.can));
    }
}

/// Where the table is from, and of when it is.
pub(crate) fn source() -> String {
    format!("{} of {}", TABLE.source, TABLE.dated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_vendors_models_can_do() {
        let mut book = CapabilityBook::default();
        add(&mut book, "mine", "openai");
        add(&mut book, "claude", "anthropic");
        let mini = book.get("mine/gpt-4o-mini");
        assert_eq!((mini.context, mini.output, mini.vision), (Some(128_000), Some(16_384), Some(true)));
        assert_eq!(book.get("mine/o3-mini").vision, Some(false));
        assert_eq!(book.get("claude/claude-sonnet-4-5").tools, Some(true));
        assert_eq!(book.get("mine/no-such-model"), Capabilities::default());
    }
}
