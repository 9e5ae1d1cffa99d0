//! `surefoot spend`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use comfy_table::{Cell, CellAlignment};
use surefoot_types::{
    Clock, Money, PriceBook, SystemClock,
    spend::{self, By, SpendQuery, SpendRow, Sums},
};

use super::{Place, when::When};
use crate::{
    settings,
    terminal::{say, say_json, say_piece, table, tell},
};

/// Report what was spent
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot spend
  surefoot spend --by model --since 30d
  surefoot spend --by tag:team --since 2026-03-01 --until 2026-04-01 --step day --csv > march.csv
  surefoot spend --by key --name app --step hour --json | jq '.[].cost'

Costs in JSON and CSV are in nano-dollars (10⁻⁹ USD) and exact. By model, every attempt counts for the target that it
went to; otherwise every request counts once. Hours and days are of UTC.")]
pub(crate) struct Spend {
    /// By what: all, key, tenant, user, function, model or tag:NAME
    #[arg(long, default_value = "all", value_parser = by)]
    by: By,
    /// Only of this key, tenant, user, function, model or value of the tag
    #[arg(long)]
    name: Option<String>,
    /// From when on: 7d, 12h, or a day like 2026-03-01
    #[arg(long, value_name = "WHEN", default_value = "7d")]
    since: When,
    /// Up to when, left out itself [default: now]
    #[arg(long, value_name = "WHEN")]
    until: Option<When>,
    /// In which steps of time
    #[arg(long, default_value = "whole")]
    step: Step,
    #[command(flatten)]
    place: Place,
    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Step {
    Whole,
    Day,
    Hour,
}

impl Spend {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let now = SystemClock.now();
        let query = SpendQuery {
            by: self.by.clone(),
            name: self.name.clone(),
            since: self.since.before(now),
            until: self.until.map(|until| until.before(now)),
            step: match self.step {
                Step::Whole => spend::Step::Whole,
                Step::Day => spend::Step::Day,
                Step::Hour => spend::Step::Hour,
            },
        };
        // What caches saved is told at the prices of the project, by model; a broken project has none.
        let prices =
            settings::load(&self.place.project).map(|(settings, _)| settings.project.prices).unwrap_or_default();
        let store = self.place.existing_store().await?;
        let rows = store.spend_list(&query).await;
        store.close().await;
        let mut rows = rows?;
        if matches!(self.step, Step::Whole) {
            // A sum of the whole time begins with it.
            rows.iter_mut().for_each(|row| row.at = query.since);
        }
        if self.json {
            say_json(&rows)?;
        } else if self.csv {
            say_piece(&csv(&rows)?);
        } else if rows.is_empty() {
            tell("Nothing was asked in this time.");
        } else {
            self.shown(&rows, &prices);
        }
        Ok(ExitCode::SUCCESS)
    }

    fn shown(&self, rows: &[SpendRow], prices: &PriceBook) {
        let (by, stepped) = (self.by.name(), !matches!(self.step, Step::Whole));
        let mut shown = table([
            "time",
            &by,
            "requests",
            "failed",
            "tokens in",
            "from cache",
            "tokens out",
            "cost",
            "without a price",
        ]);
        for row in rows {
            let time = if stepped { row.at.to_string() } else { String::new() };
            shown.add_row(cells(time, &row.name, &row.sums));
        }
        if rows.len() > 1 {
            let sum = rows.iter().fold(Sums::default(), |sum, row| sum.plus(row.sums));
            shown.add_row(cells("together".into(), "", &sum));
        }
        say(shown.to_string());
        if self.by == By::Target {
            let saved: Money =
                rows.iter().filter_map(|row| Some(prices.get(&row.name, row.at)?.saved(&row.sums.usage))).sum();
            say(format!("providers' prompt caches saved {saved}"));
        }
        if rows.iter().any(|row| row.sums.unpriced > 0) {
            tell("Some models have no price, so that their cost is missing here: name it under [prices].");
        }
    }
}

fn cells(time: String, name: &str, sums: &Sums) -> Vec<Cell> {
    let number = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
    vec![
        Cell::new(time),
        Cell::new(name),
        number(sums.requests.to_string()),
        number(sums.failed.to_string()),
        number(sums.usage.input_total().to_string()),
        number(sums.usage.cache_read.to_string()),
        number(sums.usage.output_total().to_string()),
        number(sums.cost.to_string()),
        number(sums.unpriced.to_string()),
    ]
}

fn csv(rows: &[SpendRow]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "time",
        "name",
        "requests",
        "failed",
        "unpriced",
        "input_tokens",
        "cache_read_tokens",
        "output_tokens",
        "cost_nanodollars",
        "took_us",
    ])?;
    for row in rows {
        let (sums, usage) = (&row.sums, &row.sums.usage);
        writer.write_record([
            row.at.to_string(),
            row.name.clone(),
            sums.requests.to_string(),
            sums.failed.to_string(),
            sums.unpriced.to_string(),
            usage.input_total().to_string(),
            usage.cache_read.to_string(),
            usage.output_total().to_string(),
            sums.cost.as_nanos().to_string(),
            sums.took_us.to_string(),
        ])?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn by(text: &str) -> Result<By, String> {
    By::parse(text).ok_or_else(|| format!("'{text}' is not one of all, key, tenant, user, function, model, tag:NAME"))
}
