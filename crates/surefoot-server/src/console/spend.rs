//! Spending: by day, and by whatever it is to be summed by.

use std::{collections::BTreeMap, time::Duration};

use askama::Template;
use axum::{
    Extension,
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;
use surefoot_types::{
    Fault, Money, Timestamp,
    spend::{SpendRow, Step, Sums},
};

use super::page::{Frame, address, cost, count, day, fault_page, problem, render};
use crate::{access::Who, doors::SpendParams, state::App};

/// What can be summed by, beside tags.
const BY: [(&str, &str); 6] = [
    ("key", "key"),
    ("tenant", "tenant"),
    ("user", "end user"),
    ("function", "function"),
    ("model", "model"),
    ("tag", "tag"),
];
/// How many days back.
const DAYS: [u32; 4] = [7, 30, 90, 365];
/// Most rows of the table; the CSV has them all.
const ROWS: usize = 100;
/// The chart's height, in its own units.
const HEIGHT: u64 = 100;

#[derive(Template)]
#[template(path = "spend.html")]
pub(super) struct Page {
    pub(super) frame: Frame,
    pub(super) choice: Choice,
    pub(super) total: Sums,
    pub(super) days: Vec<Day>,
    pub(super) rows: Vec<SpendRow>,
    /// How many rows there are beyond those of the table.
    pub(super) more: usize,
    /// The addresses of the table and of the days as CSV.
    pub(super) csv: [String; 2],
}

/// What the page is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Choice {
    pub(super) by: String,
    /// The tag, where it is summed by one.
    pub(super) tag: String,
    /// The one name that the chart shows; all together when empty.
    pub(super) name: String,
    pub(super) days: u32,
}

/// A day of the chart.
pub(super) struct Day {
    pub(super) at: Timestamp,
    pub(super) sums: Sums,
    /// The height of its bar, of [`HEIGHT`].
    pub(super) height: u64,
}

/// The page.
pub(crate) async fn show(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    choice: Result<Query<Choice>, QueryRejection>,
) -> Response {
    let Query(choice) = match choice {
        Ok(choice) => choice,
        Err(error) => return problem(error.status(), &error.body_text()),
    };
    match page(&app, &who, choice.complete(&who)).await {
        Ok(page) => render(&page),
        Err(told) => fault_page(&told),
    }
}

async fn page(app: &App, who: &Who, choice: Choice) -> Result<Page, Fault> {
    let now = app.clock.now();
    let first = first_day(now, choice.days);
    let table = SpendParams { by: Some(choice.by()), since: Some(day(&first)), ..SpendParams::default() };
    let by = if choice.name.is_empty() { "all".into() } else { choice.by() };
    let name = Some(choice.name.clone());
    let daily = SpendParams { by: Some(by), name, step: Some("day".into()), ..table.clone() };
    let mut rows = app.store.spend_list(&table.query(who, now)?).await?;
    let by_day = app.store.spend_list(&daily.query(who, now)?).await?;
    let more = rows.len().saturating_sub(ROWS);
    rows.truncate(ROWS);
    let total = by_day.iter().fold(Sums::default(), |sum, row| sum.plus(row.sums));
    let csv = [&table, &daily].map(csv_address);
    Ok(Page { frame: Frame::new(app, who, "/spend"), total, days: days(first, now, by_day), choice, rows, more, csv })
}

fn first_day(now: Timestamp, days: u32) -> Timestamp {
    let back = Duration::from_secs(u64::from(days.saturating_sub(1)) * 86_400);
    Step::Day.floor(now.checked_sub(back).unwrap_or(Timestamp::UNIX_EPOCH))
}

fn csv_address(params: &SpendParams) -> String {
    let SpendParams { by, name, since, step, .. } = params;
    let fields = [
        ("format", Some("csv")),
        ("by", by.as_deref()),
        ("name", name.as_deref()),
        ("since", since.as_deref()),
        ("step", step.as_deref()),
    ];
    address("/api/spend", &fields)
}

/// Every day from the first to the present one, those without requests too.
pub(super) fn days(first: Timestamp, now: Timestamp, rows: Vec<SpendRow>) -> Vec<Day> {
    let mut by_day = BTreeMap::<Timestamp, Sums>::new();
    for row in rows {
        let sums = by_day.entry(row.at).or_default();
        *sums = sums.plus(row.sums);
    }
    let highest = by_day.values().map(|sums| sums.cost.as_nanos()).max().unwrap_or(0).max(1);
    let mut days = Vec::new();
    let mut at = Some(first);
    while let Some(this) = at.filter(|at| *at <= now) {
        let sums = by_day.get(&this).copied().unwrap_or_default();
        let share = i128::from(sums.cost.as_nanos()) * i128::from(HEIGHT) / i128::from(highest);
        // A day that cost anything shows.
        let least = u64::from(sums.cost > Money::ZERO);
        days.push(Day { at: this, sums, height: u64::try_from(share).unwrap_or(0).max(least) });
        at = Step::Day.next(this);
    }
    days
}

impl Choice {
    /// The choice with what was not said: by function, for 30 days; by tenant for who sees only one.
    fn complete(mut self, who: &Who) -> Self {
        if !BY.iter().any(|(by, _)| *by == self.by) || (self.by == "tag" && self.tag.is_empty()) {
            self.by = if who.sees_only().is_some() { "tenant" } else { "function" }.into();
            self.name.clear();
        }
        if !DAYS.contains(&self.days) {
            self.days = 30;
        }
        self
    }

    /// As the report names it.
    fn by(&self) -> String {
        if self.by == "tag" { format!("tag:{}", self.tag) } else { self.by.clone() }
    }

    /// The page with another name.
    fn only(&self, name: &str) -> String {
        let days = self.days.to_string();
        let fields =
            [("by", Some(self.by.as_str())), ("tag", Some(&self.tag)), ("days", Some(&days)), ("name", Some(name))];
        address("/spend", &fields)
    }
}

impl Page {
    /// The dearest day's cost.
    fn highest(&self) -> Money {
        self.days.iter().map(|day| day.sums.cost).max().unwrap_or_default()
    }

    /// A row's share of the dearest row's cost, in whole hundredths.
    fn share(&self, row: &SpendRow) -> i64 {
        let dearest = self.rows.iter().map(|row| row.sums.cost.as_nanos()).max().unwrap_or(0).max(1);
        i64::try_from(i128::from(row.sums.cost.as_nanos()) * 100 / i128::from(dearest)).unwrap_or(0)
    }
}
