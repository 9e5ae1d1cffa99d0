//! What models cost: built in, and as the project says.

use surefoot_types::{
    Money,
    price::{Above, Price, PriceBook, Rates},
    usage::Tier,
};

use super::{BUILT_IN, Ground, models::LOCAL, providers::vendor};
use crate::settings::{
    prices,
    source::At,
    written::{
        price::{Above as WrittenAbove, Price as Written, Rates as WrittenRates},
        root::Root,
    },
};

/// Most percent of a tier.
const MOST_PERCENT: i64 = 1_000;

impl Ground<'_> {
    /// Built-in prices for vendors at their own address, free built-in models, then the project's own rows.
    pub(super) fn prices(&self, root: &Root) -> PriceBook {
        let mut book = PriceBook::default();
        for written in &root.providers {
            if let Some(vendor) = vendor(written) {
                prices::add(&mut book, &written.name.value, vendor);
            }
        }
        LOCAL.iter().for_each(|model| book.add(format!("local/{model}"), Price::default()));
        // A row without a beginning is the whole truth: what is built in goes.
        root.prices.iter().filter(|row| row.since.is_none()).for_each(|row| book.clear(&row.target.value));
        for written in &root.prices {
            self.price_of(root, written);
            self.price_twice(root, written);
            if let Some(price) = self.price(written) {
                book.add(written.target.value.clone(), price);
            }
        }
        book
    }

    fn price_of(&self, root: &Root, written: &Written) {
        let provider = written.target.value.split_once('/').map(|(provider, _)| provider);
        let declared = |name: &str| BUILT_IN.contains(&name) || root.providers.iter().any(|one| one.name.value == name);
        if !provider.is_some_and(declared) {
            let message = format!("the price of '{}' is of no provider's model", written.target.value);
            let hint =
                "Write the table's name like `[prices.\"openai/gpt-4o-mini\"]`, with a provider of this project.";
            self.mistakes.add(&written.target.place, message, hint.to_owned());
        }
    }

    /// Of two rows from the same day on, one is a slip.
    fn price_twice(&self, root: &Root, written: &Written) {
        let since = |row: &Written| row.since.as_ref().map(|since| since.value.clone());
        let same = |row: &&Written| row.target.value == written.target.value && since(row) == since(written);
        if let Some(first) = root.prices.iter().find(same)
            && !std::ptr::eq(first, written)
        {
            let message = format!("two prices of '{}' hold from the same day on", written.target.value);
            let place = written.since.as_ref().map_or(&written.target.place, |since| &since.place);
            self.mistakes.add(place, message, "Give the later one `since = \"2026-03-01\"`.".to_owned());
        }
    }

    fn price(&self, written: &Written) -> Option<Price> {
        let money = |digits: &Option<At<String>>| digits.as_ref().and_then(|digits| self.money(digits));
        let rates = self.price_rates(&written.rates, &Rates::default());
        let above = written.above.iter().filter_map(|above| self.above(above, &rates));
        let mut above: Vec<Above> = above.collect();
        above.sort_by_key(|above| above.tokens);
        let tiers = written.tiers.iter().filter_map(|(name, percent)| {
            let percent = self.within(&name.value, Some(percent), 0..=MOST_PERCENT)?;
            if Tier::named(&name.value).is_none_or(|tier| tier.as_str() != name.value) {
                let message = format!("no service tier is called '{}'", name.value);
                self.mistakes.add(
                    &name.place,
                    message,
                    "Write it in small letters, as in `flex` or `priority`.".to_owned(),
                );
                return None;
            }
            Some((name.value.clone(), u32::try_from(percent).ok()?))
        });
        let price = Price {
            since: written.since.as_ref().and_then(|since| self.moment(since)),
            rates,
            above,
            request: money(&written.request),
            image: money(&written.image),
            search: money(&written.search),
            tiers: tiers.collect(),
        };
        // A price that could not be read is a mistake already; half of it must not be charged.
        (written.rates.input.is_some() && written.rates.output.is_some()).then_some(price)
    }

    fn above(&self, written: &WrittenAbove, otherwise: &Rates) -> Option<Above> {
        let tokens = self.within("tokens", written.tokens.as_ref(), 1..=i64::MAX)?;
        Some(Above { tokens: u64::try_from(tokens).ok()?, rates: self.price_rates(&written.rates, otherwise) })
    }

    fn price_rates(&self, written: &WrittenRates, otherwise: &Rates) -> Rates {
        let money = |digits: &Option<At<String>>| -> Option<Money> { self.money(digits.as_ref()?) };
        Rates {
            input: money(&written.input).unwrap_or(otherwise.input),
            output: money(&written.output).unwrap_or(otherwise.output),
            cache_read: money(&written.cache_read).or(otherwise.cache_read),
            cache_write: money(&written.cache_write).or(otherwise.cache_write),
            cache_write_hour: money(&written.cache_write_hour).or(otherwise.cache_write_hour),
            audio_input: money(&written.audio_input).or(otherwise.audio_input),
            audio_output: money(&written.audio_output).or(otherwise.audio_output),
        }
    }
}
