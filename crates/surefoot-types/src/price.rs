//! What a model's tokens cost, and since when.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{money::Money, usage::Usage};

/// The price of a model from one moment on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Price {
    /// From when on; absent: always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// What tokens cost.
    #[serde(flatten)]
    pub rates: Rates,
    /// What tokens cost where the prompt has more tokens than so many: the whole answer is then charged
    /// by the last row that it exceeds. Rising.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub above: Vec<Above>,
    /// For each request, whatever its tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Money>,
    /// For each image made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<Money>,
    /// For each search of the web that the provider makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<Money>,
    /// Percent of the token rates by service tier: `batch` = 50, `priority` = 175.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tiers: BTreeMap<String, u32>,
}

/// Prices per million tokens. A bucket without a price of its own falls back as its doc says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rates {
    /// Uncached prompt tokens.
    pub input: Money,
    /// Tokens of the answer.
    pub output: Money,
    /// Prompt tokens read from the provider's cache; as `input` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<Money>,
    /// Prompt tokens written to the provider's cache; as `input` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<Money>,
    /// Prompt tokens written to the provider's cache for an hour; as `cache_write` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write_hour: Option<Money>,
    /// Prompt tokens of audio; as `input` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_input: Option<Money>,
    /// Tokens of audio in the answer; as `output` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio_output: Option<Money>,
}

/// Rates for long prompts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Above {
    /// They hold for prompts of more tokens than this.
    pub tokens: u64,
    /// The rates.
    #[serde(flatten)]
    pub rates: Rates,
}

impl Price {
    /// A price of nothing but tokens.
    pub fn of(rates: Rates) -> Self {
        Self { rates, ..Self::default() }
    }

    /// What `usage` costs at its service tier, rounded up to the next nano-dollar, so that a cost is never
    /// understated. A cost that the provider reported wins.
    pub fn cost(&self, usage: &Usage) -> Money {
        if let Some(reported) = usage.reported {
            return reported;
        }
        let tokens = self.rates_for(usage.input_total()).buckets(usage);
        let tokens = tokens.into_iter().map(|(_, many, price)| times(many, price)).sum();
        let single = self.singles(usage).into_iter().map(|(_, many, price)| times(many, price)).sum::<i128>();
        nanos(by_million(tokens, self.percent(usage)) + single)
    }

    /// What the provider's prompt cache saved of it; less than nothing where more was written than read.
    pub fn saved(&self, usage: &Usage) -> Money {
        let cached = usage.cache_read + usage.cache_write + usage.cache_write_hour;
        let plain = Usage { input: usage.input + cached, cache_read: 0, cache_write: 0, cache_write_hour: 0, ..*usage };
        Money::nanos(self.cost(&plain).as_nanos() - self.cost(usage).as_nanos())
    }

    /// What [`cost`](Self::cost) is made of, leaving out what did not occur. Each line is rounded up by itself,
    /// so that their sum may exceed the cost by a few nano-dollars.
    pub fn lines(&self, usage: &Usage) -> Vec<Line> {
        let percent = self.percent(usage);
        let line = |of| move |(what, many, price), cost| Line { what, many, price, of, cost };
        let tokens = self.rates_for(usage.input_total()).buckets(usage).into_iter();
        let tokens = tokens.map(|part| line(1_000_000)(part, nanos(by_million(times(part.1, part.2), percent))));
        let single = self.singles(usage).into_iter().map(|part| line(1)(part, nanos(times(part.1, part.2))));
        tokens.chain(single).filter(|line| line.many > 0).collect()
    }

    fn percent(&self, usage: &Usage) -> u32 {
        usage.tier.and_then(|tier| self.tiers.get(tier.as_str())).copied().unwrap_or(100)
    }

    /// What is not counted in tokens: how many, at what price each.
    fn singles(&self, usage: &Usage) -> [(&'static str, u64, Money); 3] {
        let request = self.request.map_or(0, |_| 1);
        let price = |price: Option<Money>| price.unwrap_or_default();
        [
            ("request", request, price(self.request)),
            ("images", usage.images, price(self.image)),
            ("searches", usage.searches, price(self.search)),
        ]
    }

    fn rates_for(&self, prompt: u64) -> &Rates {
        let above = self.above.iter().rev().find(|above| prompt > above.tokens);
        above.map_or(&self.rates, |above| &above.rates)
    }
}

/// A part of what an answer cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What was counted.
    pub what: &'static str,
    /// How many of it.
    pub many: u64,
    /// The price of `of` of them.
    pub price: Money,
    /// A million where tokens are counted, else one.
    pub of: u64,
    /// What they cost.
    pub cost: Money,
}

impl Rates {
    /// The tokens of each bucket, with the price of a million of them.
    fn buckets(&self, usage: &Usage) -> [(&'static str, u64, Money); 7] {
        let cache_write = self.cache_write.unwrap_or(self.input);
        [
            ("input", usage.input, self.input),
            ("cache read", usage.cache_read, self.cache_read.unwrap_or(self.input)),
            ("cache write", usage.cache_write, cache_write),
            ("cache write, an hour", usage.cache_write_hour, self.cache_write_hour.unwrap_or(cache_write)),
            ("audio in", usage.audio_input, self.audio_input.unwrap_or(self.input)),
            ("output", usage.output, self.output),
            ("audio out", usage.audio_output, self.audio_output.unwrap_or(self.output)),
        ]
    }
}

fn times(many: u64, price: Money) -> i128 {
    i128::from(many) * i128::from(price.as_nanos())
}

/// Tokens times the prices of a million, at a tier's percentage, rounded up.
fn by_million(tokens: i128, percent: u32) -> i128 {
    (tokens * i128::from(percent) + 99_999_999).div_euclid(100_000_000)
}

fn nanos(nanos: i128) -> Money {
    Money::nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
}

/// Prices by `provider/model-id`, each with its history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PriceBook {
    by_target: BTreeMap<String, Vec<Price>>,
    /// By provider, in the order in which they are tried.
    by_pattern: BTreeMap<String, Vec<Patterned>>,
}

/// A name with wildcards in it, and what the models cost that it fits.
type Patterned = (String, Arc<[Price]>);

impl PriceBook {
    /// Adds a price. Of two that begin at the same moment the later added holds.
    pub fn add(&mut self, target: impl Into<String>, price: Price) {
        let prices = self.by_target.entry(target.into()).or_default();
        prices.retain(|other| other.since != price.since);
        prices.push(price);
        prices.sort_by_key(|price| price.since);
    }

    /// Adds the prices of every model of a provider that has one of these names. In a name `*` stands for any
    /// characters and `#` for one digit. Of two that fit, the one without a wildcard holds, then the one added first.
    pub fn add_named(&mut self, provider: &str, names: &[String], prices: &[Price]) {
        let shared: Arc<[Price]> = prices.into();
        for name in names {
            if name.contains(['*', '#']) {
                let patterns = self.by_pattern.entry(provider.to_owned()).or_default();
                patterns.push((name.clone(), Arc::clone(&shared)));
            } else {
                prices.iter().for_each(|price| self.add(format!("{provider}/{name}"), price.clone()));
            }
        }
    }

    /// Takes away every price of a target, but for those that its name fits by a wildcard.
    pub fn clear(&mut self, target: &str) {
        self.by_target.remove(target);
    }

    /// The price of a target at a moment; absent when it is not known.
    pub fn get(&self, target: &str, at: Timestamp) -> Option<&Price> {
        let own = self.by_target.get(target).and_then(|prices| of_day(prices, at));
        own.or_else(|| {
            let (provider, model) = target.split_once('/')?;
            let (_, prices) = self.by_pattern.get(provider)?.iter().find(|(pattern, _)| fits(pattern, model))?;
            of_day(prices, at)
        })
    }

    /// All targets with a price.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        self.by_target.keys().map(String::as_str)
    }
}

/// The price of a moment, of prices in the order of their beginnings.
fn of_day(prices: &[Price], at: Timestamp) -> Option<&Price> {
    prices.iter().rev().find(|price| price.since.is_none_or(|since| since <= at))
}

/// Whether a name fits a pattern of literal characters, `*` and `#`.
fn fits(pattern: &str, name: &str) -> bool {
    let Some(first) = pattern.chars().next() else { return name.is_empty() };
    let rest = &pattern[first.len_utf8()..];
    if first == '*' {
        let mut tails = name.char_indices().map(|(at, _)| &name[at..]).chain([""]);
        return rest.is_empty() || tails.any(|tail| fits(rest, tail));
    }
    let Some(next) = name.chars().next() else { return false };
    let same = if first == '#' { next.is_ascii_digit() } else { next == first };
    same && fits(rest, &name[next.len_utf8()..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::Tier;

    fn dollars(text: &str) -> Money {
        text.parse().unwrap()
    }

    #[test]
    fn each_bucket_is_billed_once() {
        let rates = Rates {
            input: dollars("2.50"),
            output: dollars("10"),
            cache_read: Some(dollars("1.25")),
            audio_input: Some(dollars("40")),
            ..Rates::default()
        };
        let price = Price { request: Some(dollars("0.001")), search: Some(dollars("0.01")), ..Price::of(rates) };
        for (what, usage, nanos) in [
            ("nothing but the request", Usage::default(), 0),
            ("input", Usage { input: 1000, ..Usage::default() }, 2_500_000),
            ("cache read", Usage { cache_read: 400, ..Usage::default() }, 500_000),
            ("cache write, as input", Usage { cache_write: 10, ..Usage::default() }, 25_000),
            ("an hour's, as cache write", Usage { cache_write_hour: 10, ..Usage::default() }, 25_000),
            ("output, reasoning within it", Usage { output: 50, reasoning: 20, ..Usage::default() }, 500_000),
            ("audio in", Usage { audio_input: 10, ..Usage::default() }, 400_000),
            ("audio out, as output", Usage { audio_output: 10, ..Usage::default() }, 100_000),
            ("searches", Usage { searches: 2, ..Usage::default() }, 20_000_000),
        ] {
            assert_eq!(price.cost(&usage).as_nanos(), 1_000_000 + nanos, "{what}");
        }
        let usage = Usage { input: 1000, output: 50, searches: 2, ..Usage::default() };
        let lines = price.lines(&usage);
        let told: Vec<_> = lines.iter().map(|line| (line.what, line.many, line.cost.as_nanos())).collect();
        let expected = [
            ("input", 1000, 2_500_000),
            ("output", 50, 500_000),
            ("request", 1, 1_000_000),
            ("searches", 2, 20_000_000),
        ];
        assert_eq!(told, expected);
        assert_eq!(lines.iter().map(|line| line.cost).sum::<Money>(), price.cost(&usage));
        let reported = Usage { input: 1000, reported: Some(Money::nanos(5)), ..Usage::default() };
        assert_eq!(price.cost(&reported), Money::nanos(5), "what the provider says wins");
    }

    #[test]
    fn what_a_prompt_cache_saves() {
        let (input, read, write) = (dollars("3"), Some(dollars("0.30")), Some(dollars("3.75")));
        let price = Price::of(Rates { input, cache_read: read, cache_write: write, ..Rates::default() });
        let saved = |cache_read, cache_write| {
            price.saved(&Usage { input: 10, cache_read, cache_write, ..Usage::default() }).as_nanos()
        };
        assert_eq!((saved(1_000, 0), saved(0, 1_000), saved(0, 0)), (2_700_000, -750_000, 0));
        let reported = Usage { cache_read: 5, reported: Some(Money::nanos(1)), ..Usage::default() };
        assert_eq!(price.saved(&reported), Money::ZERO, "what a provider reports is not taken apart");
    }

    #[test]
    fn tiers_and_long_prompts() {
        let rates = |input: &str| Rates { input: dollars(input), ..Rates::default() };
        let price = Price {
            above: vec![Above { tokens: 200, rates: rates("2") }, Above { tokens: 500, rates: rates("3") }],
            tiers: BTreeMap::from([("batch".into(), 50)]),
            ..Price::of(rates("1"))
        };
        for (input, tier, nanos) in [
            (200, None, 200_000),
            (201, None, 402_000),
            (501, None, 1_503_000),
            (200, Some("batch"), 100_000),
            (200, Some("unheard of"), 200_000),
        ] {
            let usage = Usage { input, tier: tier.and_then(Tier::named), ..Usage::default() };
            assert_eq!(price.cost(&usage).as_nanos(), nanos, "{input} {tier:?}");
        }
    }

    #[test]
    fn a_fraction_of_a_nano_dollar_rounds_up() {
        let price = Price::of(Rates { input: Money::nanos(37_500_000), ..Rates::default() });
        assert_eq!(price.cost(&Usage { input: 1, ..Usage::default() }), Money::nanos(38));
    }

    #[test]
    fn the_price_of_its_day() {
        let at = |day: &str| format!("{day}T00:00:00Z").parse::<Timestamp>().unwrap();
        let price = |since: Option<&str>, nanos| Price {
            since: since.map(at),
            ..Price::of(Rates { input: Money::nanos(nanos), ..Rates::default() })
        };
        let mut book = PriceBook::default();
        book.add("a/x", price(Some("2026-03-01"), 2));
        book.add("a/x", price(None, 1));
        book.add("a/x", price(Some("2026-06-01"), 3));
        book.add("b/y", price(Some("2026-03-01"), 4));
        let found = |target: &str, day| book.get(target, at(day)).map(|price| price.rates.input.as_nanos());
        assert_eq!(found("a/x", "2026-02-28"), Some(1));
        assert_eq!(found("a/x", "2026-03-01"), Some(2));
        assert_eq!(found("a/x", "2026-12-31"), Some(3));
        assert_eq!(found("b/y", "2026-02-28"), None);
        assert_eq!(found("c/z", "2026-12-31"), None);
    }

    #[test]
    fn names_with_wildcards() {
        let at = Timestamp::UNIX_EPOCH;
        let price = |nanos| Price::of(Rates { input: Money::nanos(nanos), ..Rates::default() });
        let mut book = PriceBook::default();
        book.add_named("a", &["gpt-6*".into(), "*flash*".into()], &[price(1)]);
        book.add_named("a", &["gpt-6-mini".into(), "x-####".into()], &[price(2)]);
        for (target, expected) in [
            ("a/gpt-6", Some(1)),
            ("a/gpt-6-large", Some(1)),
            ("a/gpt-6-mini", Some(2)),
            ("a/gemini-flash-2", Some(1)),
            ("a/x-2026", Some(2)),
            ("a/x-202", None),
            ("a/x-20261", None),
            ("a/gpt-5", None),
            ("b/gpt-6", None),
            ("gpt-6", None),
        ] {
            assert_eq!(book.get(target, at).map(|price| price.rates.input.as_nanos()), expected, "{target}");
        }
        book.add("a/gpt-6", price(3));
        assert_eq!(book.get("a/gpt-6", at), Some(&price(3)), "a row of its own holds");
    }
}
