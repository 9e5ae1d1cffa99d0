//! A provider's usage or cost export, as CSV or JSON, brought to one shape.
//!
//! Known by their columns: OpenAI's organisation usage and costs (API pages and dashboard downloads),
//! Anthropic's usage and cost reports (API pages and console downloads). Any other table is read by the columns that the caller
//! names.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};
use serde_json::Value;
use surefoot_types::{Money, Timestamp, spend::Step};

/// What one model used on one day, as far as it is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Amounts {
    pub(super) requests: Option<u64>,
    pub(super) input: Option<u64>,
    pub(super) output: Option<u64>,
    pub(super) cost: Option<Money>,
}

/// One line of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The first moment of its day (UTC).
    pub(super) day: Timestamp,
    /// The model's id at the provider; absent where the export tells sums of all.
    pub(super) model: Option<String>,
    pub(super) amounts: Amounts,
}

/// Columns that the caller names, for tables that are not known.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) date: Option<String>,
    pub(super) model: Option<String>,
    pub(super) requests: Option<String>,
    pub(super) input: Option<String>,
    pub(super) output: Option<String>,
    pub(super) cost: Option<String>,
}

/// An export.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Export {
    /// Whose it is, where its columns tell.
    pub(super) vendor: Option<&'static str>,
    pub(super) lines: Vec<Line>,
}

type Row = BTreeMap<String, String>;

const DATES: &[&str] = &["start_time_iso", "start_time", "starting_at", "usage_date_utc", "date", "day"];
const MODELS: &[&str] = &["model", "model_version", "line_item"];
const REQUESTS: &[&str] = &["num_model_requests", "requests"];
/// Disjoint buckets, which are added up.
const INPUTS: &[&str] = &[
    "input_tokens",
    "input_audio_tokens",
    "uncached_input_tokens",
    "cache_read_input_tokens",
    "cache_creation_ephemeral_5m_input_tokens",
    "cache_creation_ephemeral_1h_input_tokens",
    "usage_input_tokens_no_cache",
    "usage_input_tokens_cache_write_5m",
    "usage_input_tokens_cache_write_1h",
    "usage_input_tokens_cache_read",
];
const OUTPUTS: &[&str] = &["output_tokens", "output_audio_tokens", "usage_output_tokens"];
const COSTS: &[&str] = &["amount_value", "cost_usd", "cost"];
/// Anthropic's API tells cents.
const CENTS: &str = "amount";

/// Columns that only one vendor has.
const OPENAI: &[&str] = &["num_model_requests", "input_cached_tokens", "amount_value", "line_item"];
const ANTHROPIC: &[&str] = &["starting_at", "usage_date_utc"];

/// Reads an export.
///
/// # Errors
/// What cannot be read, and where.
pub(super) fn read(text: &str, columns: &Columns) -> anyhow::Result<Export> {
    let text = text.trim_start_matches('\u{feff}');
    let rows = if text.trim_start().starts_with(['{', '[']) { json(text)? } else { csv(text)? };
    let names: BTreeSet<&str> = rows.iter().flat_map(|row| row.keys().map(String::as_str)).collect();
    let has = |list: &[&str]| list.iter().any(|name| names.contains(name));
    let vendor = match (has(OPENAI), has(ANTHROPIC)) {
        (true, false) => Some("openai"),
        (false, true) => Some("anthropic"),
        _ => None,
    };
    let date = chosen("--date-column", columns.date.as_deref(), DATES, &names)?;
    let Some(date) = date else {
        let there: Vec<&str> = names.into_iter().collect();
        bail!("no column tells the day: name it with --date-column; there are: {}", there.join(", "))
    };
    let picked = Picked {
        date,
        model: chosen("--model-column", columns.model.as_deref(), MODELS, &names)?,
        requests: summed("--requests-column", columns.requests.as_deref(), REQUESTS, &names)?,
        input: summed("--input-column", columns.input.as_deref(), INPUTS, &names)?,
        output: summed("--output-column", columns.output.as_deref(), OUTPUTS, &names)?,
        cost: summed("--cost-column", columns.cost.as_deref(), COSTS, &names)?,
    };
    let lines = rows
        .iter()
        .enumerate()
        .map(|(at, row)| picked.line(row).with_context(|| format!("row {} of the export cannot be read", at + 1)));
    Ok(Export { vendor, lines: lines.collect::<anyhow::Result<_>>()? })
}

/// The columns that are read.
struct Picked<'a> {
    date: &'a str,
    model: Option<&'a str>,
    requests: Vec<&'a str>,
    input: Vec<&'a str>,
    output: Vec<&'a str>,
    cost: Vec<&'a str>,
}

impl Picked<'_> {
    fn line(&self, row: &Row) -> anyhow::Result<Line> {
        let when = row.get(self.date).map(String::as_str).unwrap_or_default();
        let Some(at) = moment(when) else { bail!("'{when}' in the column {} is not a day", self.date) };
        let model = self.model.and_then(|column| Some((column, row.get(column)?))).map(|(column, text)| match column {
            // "gpt-4o-2024-08-06, cached input"
            "line_item" => text.split(',').next().unwrap_or(text).trim(),
            _ => text.as_str(),
        });
        let amounts = Amounts {
            requests: count(row, &self.requests)?,
            input: count(row, &self.input)?,
            output: count(row, &self.output)?,
            cost: self.money(row)?,
        };
        Ok(Line {
            day: Step::Day.floor(at),
            model: model.filter(|model| !model.is_empty()).map(str::to_owned),
            amounts,
        })
    }

    fn money(&self, row: &Row) -> anyhow::Result<Option<Money>> {
        let mut sum = None;
        for (text, per_dollar) in self
            .cost
            .iter()
            .filter_map(|column| Some((row.get(*column)?, 1.0)))
            .chain(row.get(CENTS).filter(|_| row.contains_key("starting_at")).map(|text| (text, 100.0)))
        {
            let Some(nanos) = text.parse::<f64>().ok().map(|number| number / per_dollar * 1e9) else {
                bail!("'{text}' is not an amount of money");
            };
            *sum.get_or_insert(Money::ZERO) += Money::nanos(nanos.round() as i64);
        }
        Ok(sum)
    }
}

/// The column that the caller names, or the first known one that is there.
fn chosen<'a>(
    option: &str,
    named: Option<&'a str>,
    known: &[&'a str],
    there: &BTreeSet<&str>,
) -> anyhow::Result<Option<&'a str>> {
    if let Some(named) = named.filter(|named| !there.contains(named)) {
        let there: Vec<&str> = there.iter().copied().collect();
        bail!("{option}: the export has no column '{named}'; there are: {}", there.join(", "));
    }
    Ok(named.or_else(|| known.iter().copied().find(|name| there.contains(name))))
}

/// As [`chosen`], with all known ones that are there.
fn summed<'a>(
    option: &str,
    named: Option<&'a str>,
    known: &[&'a str],
    there: &BTreeSet<&str>,
) -> anyhow::Result<Vec<&'a str>> {
    let first = chosen(option, named, known, there)?;
    Ok(match named {
        Some(_) => first.into_iter().collect(),
        None => known.iter().copied().filter(|name| there.contains(name)).collect(),
    })
}

fn count(row: &Row, columns: &[&str]) -> anyhow::Result<Option<u64>> {
    let mut sum = None;
    for text in columns.iter().filter_map(|column| row.get(*column)) {
        let Some(number) = text.parse::<f64>().ok().filter(|number| *number >= 0.0) else {
            bail!("'{text}' is not a count");
        };
        *sum.get_or_insert(0) += number.round() as u64;
    }
    Ok(sum)
}

/// Seconds since 1970, a day, or a moment.
fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Timestamp::from_second(seconds).ok();
    }
    crate::settings::moment(text).or_else(|| crate::settings::moment(text.get(..10)?))
}

fn csv(text: &str) -> anyhow::Result<Vec<Row>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let names = reader.headers().context("the export has no header")?.clone();
    let rows = reader.records().map(|record| {
        let record = record.context("the export is not CSV")?;
        let cells = names.iter().zip(&record).filter(|(_, cell)| !cell.is_empty());
        Ok(cells.map(|(name, cell)| (name.to_lowercase(), cell.to_owned())).collect())
    });
    rows.collect()
}

/// Pages of the providers' APIs, alone, in an array or one after the other; or an array of objects.
fn json(text: &str) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for page in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        match page.context("the export is not JSON")? {
            Value::Array(pages) => pages.iter().for_each(|page| self::page(page, &mut rows)),
            page => self::page(&page, &mut rows),
        }
    }
    Ok(rows)
}

fn page(value: &Value, rows: &mut Vec<Row>) {
    match value.get("data").and_then(Value::as_array) {
        Some(buckets) => buckets.iter().for_each(|bucket| page(bucket, rows)),
        None => match value.get("results").and_then(Value::as_array) {
            Some(results) => {
                for result in results {
                    let mut row = Row::new();
                    flatten("", value, &mut row);
                    flatten("", result, &mut row);
                    rows.push(row);
                }
            }
            None => {
                let mut row = Row::new();
                flatten("", value, &mut row);
                rows.push(row);
            }
        },
    }
}

/// `{"amount": {"value": 1}}` as `amount_value`; arrays and nulls tell nothing here.
fn flatten(before: &str, value: &Value, row: &mut Row) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let name = format!("{before}{}", name.to_lowercase());
        match value {
            Value::Object(_) => flatten(&format!("{name}_"), value, row),
            Value::String(text) => drop(row.insert(name, text.clone())),
            Value::Number(number) => drop(row.insert(name, number.to_string())),
            Value::Null | Value::Bool(_) | Value::Array(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(day: &str, model: Option<&str>, amounts: Amounts) -> Line {
        Line { day: format!("{day}T00:00:00Z").parse().unwrap(), model: model.map(str::to_owned), amounts }
    }

    #[test]
    fn the_vendors_own_exports_are_known() {
        let tokens =
            |requests, input, output| Amounts { requests, input: Some(input), output: Some(output), cost: None };
        let cost = |nanos| Amounts { cost: Some(Money::nanos(nanos)), ..Amounts::default() };
        for (name, text, vendor, expected) in [
            (
                "OpenAI usage, a page",
                r#"{"object":"page","data":[{"object":"bucket","start_time":1764028800,"end_time":1764115200,"results":[
                {"object":"organization.usage.completions.result","input_tokens":1000,"output_tokens":50,
                "input_cached_tokens":800,"input_audio_tokens":7,"output_audio_tokens":0,"num_model_requests":5,
                "model":"gpt-4o-2024-08-06","project_id":null}]}],"has_more":false}"#,
                "openai",
                line("2025-11-25", Some("gpt-4o-2024-08-06"), tokens(Some(5), 1007, 50)),
            ),
            (
                "OpenAI costs, a page",
                r#"{"data":[{"start_time":1764028800,"results":[{"amount":{"value":0.06,"currency":"usd"},
                "line_item":"gpt-4o-2024-08-06, cached input"}]}]}"#,
                "openai",
                line("2025-11-25", Some("gpt-4o-2024-08-06"), cost(60_000_000)),
            ),
            (
                "OpenAI costs, a download",
                "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id\n\
                 1764028800,1764115200,2025-11-25T00:00:00+00:00,2025-11-26T00:00:00+00:00,1.25e-05,usd,,proj\n",
                "openai",
                line("2025-11-25", None, cost(12_500)),
            ),
            (
                "Anthropic usage, a page",
                r#"{"data":[{"starting_at":"2025-11-25T00:00:00Z","ending_at":"2025-11-26T00:00:00Z","results":[
                {"uncached_input_tokens":1500,"cache_creation":{"ephemeral_1h_input_tokens":1000,
                "ephemeral_5m_input_tokens":500},"cache_read_input_tokens":200,"output_tokens":500,"model":"claude-x",
                "server_tool_use":{"web_search_requests":10}}]}]}"#,
                "anthropic",
                line("2025-11-25", Some("claude-x"), tokens(None, 3200, 500)),
            ),
            (
                "Anthropic costs, a page, in cents",
                r#"{"data":[{"starting_at":"2025-11-25T00:00:00Z","results":[{"amount":"123.45","currency":"USD",
                "model":"claude-x"}]}]}"#,
                "anthropic",
                line("2025-11-25", Some("claude-x"), cost(1_234_500_000)),
            ),
            (
                "Anthropic usage, a download",
                "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,\
                 usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,\
                 usage_output_tokens,web_search_count\n2025-11-25,claude-x,app,Default,standard,≤ 200k,100,1,2,3,50,0\n",
                "anthropic",
                line("2025-11-25", Some("claude-x"), tokens(None, 106, 50)),
            ),
        ] {
            let export = read(text, &Columns::default()).unwrap();
            assert_eq!(export, Export { vendor: Some(vendor), lines: vec![expected] }, "{name}");
        }
    }

    #[test]
    fn anthropics_download_of_costs_is_in_dollars() {
        let text = "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,\
                    cost_type,inference_geo\n2025-11-25,claude-x,Default,app,message,≤ 200k,output_tokens,1.234567,2.00,\
                    token,\n";
        let cost = Amounts { cost: Some(Money::nanos(1_234_567_000)), ..Amounts::default() };
        let expected = Export { vendor: Some("anthropic"), lines: vec![line("2025-11-25", Some("claude-x"), cost)] };
        assert_eq!(read(text, &Columns::default()).unwrap(), expected);
    }

    #[test]
    fn any_table_is_read_by_the_columns_that_are_named() {
        let columns = Columns {
            date: Some("when".into()),
            model: Some("what".into()),
            cost: Some("eur".into()),
            ..Columns::default()
        };
        let export = read("When,What,EUR\n2025-11-25,m,0.5\n", &columns).unwrap();
        let cost = Amounts { cost: Some(Money::nanos(500_000_000)), ..Amounts::default() };
        assert_eq!(export, Export { vendor: None, lines: vec![line("2025-11-25", Some("m"), cost)] });
    }

    #[test]
    fn what_cannot_be_read_says_so() {
        let named = Columns { cost: Some("price".into()), ..Columns::default() };
        for (text, columns, expected) in [
            ("a,b\n1,2\n", &Columns::default(), "name it with --date-column; there are: a, b"),
            ("date,cost\n2025-11-25,1\n", &named, "--cost-column: the export has no column 'price'"),
            ("date,cost\nyesterday,1\n", &Columns::default(), "'yesterday' in the column date is not a day"),
            ("date,cost\n2025-11-25,much\n", &Columns::default(), "'much' is not an amount of money"),
            ("date,requests\n2025-11-25,-1\n", &Columns::default(), "'-1' is not a count"),
            ("{\"data\": [", &Columns::default(), "the export is not JSON"),
        ] {
            let told = format!("{:#}", read(text, columns).unwrap_err());
            assert!(told.contains(expected), "{told}");
        }
    }
}
