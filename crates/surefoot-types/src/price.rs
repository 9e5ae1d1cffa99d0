//! What a model's tokens cost.

use serde::{Deserialize, Serialize};

use crate::{money::Money, usage::Usage};

/// Prices per million tokens. A bucket without a price of its own falls back as its doc says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Uncached prompt tokens, per million.
    pub input: Money,
    /// Tokens of the answer, per million.
    pub output: Money,
    /// Prompt tokens read from the provider's cache, per million; as `input` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<Money>,
    /// Prompt tokens written to the provider's cache, per million; as `input` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<Money>,
}

impl Price {
    /// What `usage` costs, rounded up to the next nano-dollar, so that a cost is never understated.
    pub fn cost(&self, usage: &Usage) -> Money {
        let line = |tokens: u64, price: Money| i128::from(tokens) * i128::from(price.as_nanos());
        let sum = line(usage.input, self.input)
            + line(usage.cache_read, self.cache_read.unwrap_or(self.input))
            + line(usage.cache_write, self.cache_write.unwrap_or(self.input))
            + line(usage.output, self.output);
        let nanos = (sum + 999_999).div_euclid(1_000_000);
        Money::nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bucket_is_billed_once() {
        let dollars = |text: &str| text.parse::<Money>().unwrap();
        let price = Price {
            input: dollars("2.50"),
            output: dollars("10"),
            cache_read: Some(dollars("1.25")),
            cache_write: None,
        };
        let usage =
            Usage { input: 1000, cache_read: 400, cache_write: 10, output: 50, reasoning: 20, ..Usage::default() };
        assert_eq!(price.cost(&usage).as_nanos(), 2_500_000 + 500_000 + 25_000 + 500_000);
        assert_eq!(price.cost(&Usage::default()), Money::ZERO);
    }

    #[test]
    fn a_fraction_of_a_nano_dollar_rounds_up() {
        let price = Price { input: Money::nanos(37_500_000), ..Price::default() };
        assert_eq!(price.cost(&Usage { input: 1, ..Usage::default() }), Money::nanos(38));
    }
}
