//! Prices of vendors' models, made by scripts/prices.py from a public data set. Vendors change them: a row of the
//! project wins, and a model that is not here has no known price.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;
use surefoot_types::price::{Price, PriceBook};

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    serde_json::from_str(include_str!("prices.json")).expect("the table that is built in is as the script writes it")
});

#[derive(Deserialize)]
struct Table {
    source: String,
    dated: String,
    vendors: BTreeMap<String, Vec<Models>>,
}

/// Models that cost the same.
#[derive(Deserialize)]
struct Models {
    /// With wildcards: see [`PriceBook::add_named`].
    names: Vec<String>,
    prices: Vec<Price>,
}

/// Adds the prices of a vendor's models, under a provider's name.
pub(crate) fn add(book: &mut PriceBook, provider: &str, vendor: &str) {
    let models = TABLE.vendors.get(vendor).into_iter().flatten();
    models.for_each(|models| book.add_named(provider, &models.names, &models.prices));
}

/// Where the prices are from, and of when they are.
pub(crate) fn source() -> String {
    format!("{} of {}", TABLE.source, TABLE.dated)
}

#[cfg(test)]
mod tests {
    use surefoot_types::{Money, Timestamp, Usage};

    use super::*;

    #[test]
    fn prices_of_vendors() {
        let mut book = PriceBook::default();
        add(&mut book, "mine", "openai");
        add(&mut book, "claude", "anthropic");
        let at = |day: &str| format!("{day}T00:00:00Z").parse::<Timestamp>().unwrap();
        let million = Usage { input: 1_000_000, ..Usage::default() };
        let cost = |target: &str, day: &str| book.get(target, at(day)).map(|price| price.cost(&million).to_string());
        assert_eq!(cost("mine/gpt-4o-mini", "2026-11-01").as_deref(), Some("$0.15"));
        assert_eq!(cost("claude/claude-sonnet-4-20250514", "2026-11-01").as_deref(), Some("$3.00"));
        // A long prompt was dearer, up to the day on which it no longer was.
        assert_eq!(cost("claude/claude-opus-4-6", "2026-03-12").as_deref(), Some("$10.00"));
        assert_eq!(cost("claude/claude-opus-4-6", "2026-03-13").as_deref(), Some("$5.00"));
        assert_eq!(cost("mine/no-such-model", "2026-11-01"), None);
    }

    #[test]
    fn no_model_is_free() {
        for (vendor, all) in &TABLE.vendors {
            for models in all {
                let free = models
                    .prices
                    .iter()
                    .any(|price| price.rates.input == Money::ZERO && price.rates.output == Money::ZERO);
                assert!(
                    !free || models.prices.iter().all(|price| price.request.is_some()),
                    "{vendor}: {:?}",
                    models.names
                );
            }
        }
    }
}
