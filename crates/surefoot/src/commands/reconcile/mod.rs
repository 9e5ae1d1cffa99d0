//! `surefoot reconcile`.

mod compare;
mod export;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use clap::Args;
use surefoot_types::{
    Money, Timestamp,
    spend::{By, SpendQuery, Step},
};

use self::{
    compare::{Figure, Row, compare},
    export::{Columns, Export},
};
use super::Place;
use crate::terminal::{say, say_json, table, tell};

/// Compare a provider's usage or cost export with the books, by model and day
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  surefoot reconcile openai-costs.csv
  surefoot reconcile usage.json --provider my-openai --tolerance 0.5
  surefoot reconcile bill.csv --provider other --date-column Day --model-column Model --cost-column USD
  surefoot reconcile openai-costs.csv --json | jq '.[] | select(.figures[].differs)'

Knows OpenAI's organisation usage and costs and Anthropic's usage and cost reports, as pages of their APIs (JSON) and
as downloads (CSV). Model ids are compared without the date at their end. Exits with 1 when something differs.")]
pub(crate) struct Reconcile {
    /// The export: CSV or JSON
    file: PathBuf,
    /// The provider of this project that it is of [default: openai or anthropic, where the columns tell]
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Percent of the larger figure by which both sides may differ
    #[arg(long, value_name = "PERCENT", default_value_t = 1.0)]
    tolerance: f64,
    /// Show what is alike too
    #[arg(long)]
    all: bool,
    /// The column that tells the day
    #[arg(long, value_name = "NAME")]
    date_column: Option<String>,
    /// The column that tells the model
    #[arg(long, value_name = "NAME")]
    model_column: Option<String>,
    /// The column that tells the number of requests
    #[arg(long, value_name = "NAME")]
    requests_column: Option<String>,
    /// The column that tells the tokens of prompts
    #[arg(long, value_name = "NAME")]
    input_column: Option<String>,
    /// The column that tells the tokens of answers
    #[arg(long, value_name = "NAME")]
    output_column: Option<String>,
    /// The column that tells the cost, in dollars
    #[arg(long, value_name = "NAME")]
    cost_column: Option<String>,
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Reconcile {
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        if !(0.0..=100.0).contains(&self.tolerance) {
            bail!("--tolerance goes from 0 to 100");
        }
        let text =
            std::fs::read_to_string(&self.file).with_context(|| format!("cannot read {}", self.file.display()))?;
        let export = export::read(&text, &self.columns()).with_context(|| self.file.display().to_string())?;
        let Some(provider) = self.provider.as_deref().or(export.vendor) else {
            bail!("the columns do not tell whose export this is: say --provider with a provider of this project");
        };
        let Some((since, until)) = days(&export) else { bail!("{} holds no rows", self.file.display()) };
        let store = self.place.existing_store().await?;
        let query = SpendQuery { by: By::Target, name: None, since, until: Some(until), step: Step::Day };
        let books = store.spend_list(&query).await;
        store.close().await;
        let rows = compare(&export.lines, &books?, provider, self.tolerance / 100.0);
        let differing = rows.iter().filter(|row| row.differs()).count();
        if self.json {
            say_json(&rows)?;
        } else {
            self.shown(&rows);
            self.beside(&export);
            tell(format!("{differing} of {} differ by more than {} %.", rows.len(), self.tolerance));
        }
        Ok(ExitCode::from(u8::from(differing > 0)))
    }

    fn columns(&self) -> Columns {
        let lower = |name: &Option<String>| name.as_ref().map(|name| name.to_lowercase());
        Columns {
            date: lower(&self.date_column),
            model: lower(&self.model_column),
            requests: lower(&self.requests_column),
            input: lower(&self.input_column),
            output: lower(&self.output_column),
            cost: lower(&self.cost_column),
        }
    }

    fn shown(&self, rows: &[Row]) {
        let mut shown = table(["day", "model", "figure", "export", "books", "difference"]);
        for row in rows.iter().filter(|row| self.all || row.differs()) {
            for figure in row.figures.iter().filter(|figure| self.all || figure.differs) {
                let [export, books, apart] = [figure.export, figure.books, figure.export - figure.books];
                let told = |amount| told(figure, amount);
                let day = row.day.to_string()[..10].to_owned();
                shown.add_row([day, row.model.clone(), figure.what.into(), told(export), told(books), told(apart)]);
            }
        }
        if shown.row_count() > 0 {
            say(shown.to_string());
        }
        for row in rows.iter().filter(|row| row.unpriced > 0) {
            let day = &row.day.to_string()[..10];
            tell(format!(
                "{day} {}: the books know no cost of {} calls; give the model a price.",
                row.model, row.unpriced
            ));
        }
    }

    /// What the export tells and nothing can be compared with.
    fn beside(&self, export: &Export) {
        if export.lines.iter().all(|line| line.model.is_none()) {
            return;
        }
        let loose = export.lines.iter().filter(|line| line.model.is_none()).filter_map(|line| line.amounts.cost);
        let loose: Money = loose.sum();
        if loose > Money::ZERO {
            tell(format!("{loose} of the export is of no model, and was not compared."));
        }
    }
}

/// The export's first day, and the day after its last.
fn days(export: &Export) -> Option<(Timestamp, Timestamp)> {
    let days = export.lines.iter().map(|line| line.day);
    Some((days.clone().min()?, Step::Day.next(days.max()?)?))
}

fn told(figure: &Figure, amount: i64) -> String {
    if figure.what == "cost" { Money::nanos(amount).to_string() } else { amount.to_string() }
}
