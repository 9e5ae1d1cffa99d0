//! Prices as written: one row of a model, or several in an array, each from a day on.

use toml_span::{Value, value::ValueInner};

use super::root::FILE;
use crate::settings::{
    source::At,
    table::{Reader, Section, Toml, field},
};

/// The price of a model.
pub(crate) const PRICE: Section = Section {
    file: FILE,
    header: "[prices.\"<provider>/<model-id>\"]",
    about: "What a model costs. Tokens are in dollars for a million; everything else in dollars for one. A model whose \
            price changes has several rows, `[[prices.\"<provider>/<model-id>\"]]`, with `since` on the later ones.",
    fields: &[
        field("input", "input = 0.15", "required", "Prompt tokens."),
        field("output", "output = 0.60", "required", "Tokens of the answer, reasoning included."),
        field("cache_read", "cache_read = 0.075", "as input", "Prompt tokens read from the provider's cache."),
        field("cache_write", "cache_write = 0.1875", "as input", "Prompt tokens written to the provider's cache."),
        field(
            "cache_write_hour",
            "cache_write_hour = 0.30",
            "as cache_write",
            "Prompt tokens written to the provider's cache for an hour.",
        ),
        field("audio_input", "audio_input = 10.00", "as input", "Prompt tokens of audio."),
        field("audio_output", "audio_output = 20.00", "as output", "Tokens of audio in the answer."),
        field("request", "request = 0.005", "0", "Each request, whatever its tokens."),
        field("image", "image = 0.04", "0", "Each image made."),
        field("search", "search = 0.01", "0", "Each search of the web that the provider makes."),
        field("tiers", "tiers = { batch = 50, priority = 175 }", "", "Percent of the token prices by service tier."),
        field(
            "above",
            "above = [{ tokens = 200000, input = 0.30, output = 0.90 }]",
            "",
            "Other token prices for long prompts.",
        ),
        field("since", "since = \"2026-03-01\"", "always", "The day (UTC) from which on it holds."),
    ],
};

/// Token prices of long prompts.
pub(crate) const ABOVE: Section = Section {
    file: FILE,
    header: "above",
    about: "Token prices where the prompt has more tokens than so many; the whole answer is charged by the last row \
            that it exceeds. What is left out is as in the table around it.",
    fields: &[
        field("tokens", "tokens = 200000", "required", "It holds for prompts of more tokens than this."),
        field("input", "input = 0.30", "as outside", "Prompt tokens."),
        field("output", "output = 0.90", "as outside", "Tokens of the answer."),
        field("cache_read", "cache_read = 0.15", "as outside", "As outside."),
        field("cache_write", "cache_write = 0.375", "as outside", "As outside."),
        field("cache_write_hour", "cache_write_hour = 0.60", "as outside", "As outside."),
        field("audio_input", "audio_input = 20.00", "as outside", "As outside."),
        field("audio_output", "audio_output = 40.00", "as outside", "As outside."),
    ],
};

/// A model's price from one moment on.
#[derive(Debug)]
pub(crate) struct Price {
    pub(crate) target: At<String>,
    pub(crate) since: Option<At<String>>,
    pub(crate) rates: Rates,
    pub(crate) above: Vec<Above>,
    pub(crate) request: Option<At<String>>,
    pub(crate) image: Option<At<String>>,
    pub(crate) search: Option<At<String>>,
    pub(crate) tiers: Vec<(At<String>, At<i64>)>,
}

/// Prices of tokens.
#[derive(Debug)]
pub(crate) struct Rates {
    pub(crate) input: Option<At<String>>,
    pub(crate) output: Option<At<String>>,
    pub(crate) cache_read: Option<At<String>>,
    pub(crate) cache_write: Option<At<String>>,
    pub(crate) cache_write_hour: Option<At<String>>,
    pub(crate) audio_input: Option<At<String>>,
    pub(crate) audio_output: Option<At<String>>,
}

/// Those of long prompts.
#[derive(Debug)]
pub(crate) struct Above {
    pub(crate) tokens: Option<At<i64>>,
    pub(crate) rates: Rates,
}

/// The rows under one name.
pub(super) fn read<'a>(toml: &Toml<'a>, target: &At<String>, mut value: Value<'a>) -> Vec<Price> {
    let rows = match value.as_ref() {
        ValueInner::Array(_) => match value.take() {
            ValueInner::Array(rows) => rows,
            _ => Vec::new(),
        },
        _ => vec![value],
    };
    let rows = rows.into_iter().filter_map(|row| {
        let table = toml.table(row, &target.place, &PRICE)?;
        Some(price(target.clone(), table))
    });
    rows.collect()
}

fn price(target: At<String>, mut table: Reader<'_>) -> Price {
    for needed in ["input", "output"] {
        if !table.has(needed) {
            table.missing(needed);
        }
    }
    let price = Price {
        target,
        since: table.string("since"),
        rates: rates(&mut table),
        above: table.tables("above", &ABOVE).into_iter().map(above).collect(),
        request: table.digits("request"),
        image: table.digits("image"),
        search: table.digits("search"),
        tiers: table.named_integers("tiers"),
    };
    table.done();
    price
}

fn above(mut table: Reader<'_>) -> Above {
    if !table.has("tokens") {
        table.missing("tokens");
    }
    let above = Above { tokens: table.integer("tokens"), rates: rates(&mut table) };
    table.done();
    above
}

fn rates(table: &mut Reader<'_>) -> Rates {
    Rates {
        input: table.digits("input"),
        output: table.digits("output"),
        cache_read: table.digits("cache_read"),
        cache_write: table.digits("cache_write"),
        cache_write_hour: table.digits("cache_write_hour"),
        audio_input: table.digits("audio_input"),
        audio_output: table.digits("audio_output"),
    }
}
