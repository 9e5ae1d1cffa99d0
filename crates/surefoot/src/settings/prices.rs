//! Prices of well-known models at their own vendors, in dollars for a million tokens, as they were listed in
//! the month below. Vendors change them: a row of the project wins, and a model that is not here has no
//! known price.

use surefoot_types::price::{Price, Rates};

/// The month that the prices are of.
pub(crate) const DATED: &str = "June 2025";

/// Percent of the token prices that both vendors ask for a batch.
const BATCH: u32 = 50;

/// Vendor kind, model, input, output, cache read, cache write.
type Row = (&'static str, &'static str, &'static str, &'static str, Option<&'static str>, Option<&'static str>);

const ROWS: [Row; 10] = [
    ("openai", "gpt-4o", "2.50", "10", Some("1.25"), None),
    ("openai", "gpt-4o-mini", "0.15", "0.60", Some("0.075"), None),
    ("openai", "gpt-4.1", "2", "8", Some("0.50"), None),
    ("openai", "gpt-4.1-mini", "0.40", "1.60", Some("0.10"), None),
    ("openai", "gpt-4.1-nano", "0.10", "0.40", Some("0.025"), None),
    ("openai", "text-embedding-3-small", "0.02", "0", None, None),
    ("openai", "text-embedding-3-large", "0.13", "0", None, None),
    ("anthropic", "claude-3-5-haiku-20241022", "0.80", "4", Some("0.08"), Some("1")),
    ("anthropic", "claude-3-7-sonnet-20250219", "3", "15", Some("0.30"), Some("3.75")),
    ("anthropic", "claude-sonnet-4-20250514", "3", "15", Some("0.30"), Some("3.75")),
];

/// The known prices of a vendor's models.
pub(crate) fn of(kind: &str) -> impl Iterator<Item = (&'static str, Price)> {
    let money = |text: &str| text.parse().unwrap_or_default();
    ROWS.into_iter().filter(move |row| row.0 == kind).map(move |(_, model, input, output, read, write)| {
        let rates = Rates {
            input: money(input),
            output: money(output),
            cache_read: read.map(money),
            cache_write: write.map(money),
            // Anthropic asks twice the input's price for an hour in its cache; OpenAI sells none.
            cache_write_hour: write.map(|_| money(input) + money(input)),
            ..Rates::default()
        };
        (model, Price { tiers: [("batch".to_owned(), BATCH)].into(), ..Price::of(rates) })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_money() {
        for (_, model, input, output, read, write) in ROWS {
            for text in [Some(input), Some(output), read, write].into_iter().flatten() {
                assert!(text.parse::<surefoot_types::Money>().is_ok(), "{model}: {text}");
            }
        }
        assert!(of("openai").any(|(model, _)| model == "gpt-4o-mini"));
    }
}
