//! The overview: how much is asked, what it costs, how fast and how well it is answered, and what needs a hand.
//! It reads sums, the newest traces and the newest runs, never all traces.

mod latency;
mod quality;
mod troubles;

use std::time::Duration;

use askama::Template;
use axum::{
    Extension,
    extract::{Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::Response,
};
use serde::Deserialize;
use surefoot_types::{
    Fault, Timestamp,
    ports::TraceFilter,
    spend::{SpendRow, Step, Sums},
    trace::TraceSummary,
};

pub(super) use self::{
    latency::Latency,
    quality::{Quality, qualities},
    troubles::Trouble,
};
use super::{
    ask::{self, Choices},
    evals::rate,
    page::{Frame, address, cost, count, day, fault_page, minute, moment, percent, problem, render, sdk_address, time},
    series::{Chart, Column, Slot, columns, slots},
};
use crate::{access::Who, doors::SpendParams, state::App};

/// How far back: days, their name, and the hours of a column. No page has more than some thirty columns.
const SPANS: [(u32, &str, u32); 4] = [(1, "24 hours", 1), (7, "7 days", 6), (30, "30 days", 24), (90, "90 days", 72)];
/// The newest traces that speeds are told from.
const SAMPLE: usize = 1_000;
/// Newest traces that are shown.
const LATEST: usize = 8;
/// Most functions of the table.
const FUNCTIONS: usize = 20;

#[derive(Template)]
#[template(path = "overview.html")]
pub(super) struct Page {
    pub(super) frame: Frame,
    pub(super) choice: Choice,
    /// Whether anything was ever asked, as far as whoever looks may see.
    pub(super) used: bool,
    pub(super) charts: Vec<Chart>,
    pub(super) slots: Vec<Slot>,
    pub(super) functions: Vec<FunctionRow>,
    pub(super) speed: Option<Latency>,
    pub(super) quality: Vec<Quality>,
    pub(super) troubles: Vec<Trouble>,
    pub(super) latest: Vec<TraceSummary>,
    /// What can be asked, for the page that has nothing to show yet.
    pub(super) choices: Vec<Choices>,
    /// Where SDKs are pointed.
    pub(super) address: String,
}

/// What the page is asked for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Choice {
    pub(super) days: u32,
    /// The one function that it is about; everything when empty.
    pub(super) function: String,
}

/// A function's sums, with how fast it answered of late.
pub(super) struct FunctionRow {
    pub(super) name: String,
    pub(super) sums: Sums,
    /// Hundredths of the most requests of one function.
    pub(super) share: u64,
    pub(super) speed: Option<Latency>,
    /// The latest run of an eval of it.
    pub(super) quality: Option<Quality>,
}

/// The time that a page is about, and the equal time before it.
#[derive(Debug, Clone, Copy)]
struct Window {
    before: Timestamp,
    first: Timestamp,
    now: Timestamp,
    hours: u32,
    step: Step,
}

/// The page.
pub(crate) async fn show(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    choice: Result<Query<Choice>, QueryRejection>,
) -> Response {
    let Query(choice) = match choice {
        Ok(choice) => choice,
        Err(error) => return problem(error.status(), &error.body_text()),
    };
    match page(&app, &who, choice.complete(&who), sdk_address(&headers)).await {
        Ok(page) => render(&page),
        Err(told) => fault_page(&told),
    }
}

async fn page(app: &App, who: &Who, choice: Choice, address: String) -> Result<Page, Fault> {
    let everybody = who.sees_only().is_none();
    let window = Window::new(app.clock.now(), choice.days);
    let sample = sample(app, who, &choice, window.first).await?;
    let (of_time, before) = sums(app, who, &choice, window).await?;
    let speed = Latency::of(sample.iter());
    let quality = if everybody { qualities(app.store.run_list(None, quality::RUNS).await?) } else { Vec::new() };
    let functions = if everybody { functions(app, who, &choice, window, &sample, &quality).await? } else { Vec::new() };
    let mut troubles = troubles::found(app, who, window.now).await?;
    let total = of_time.iter().fold(Sums::default(), |sum, slot| sum.plus(slot.sums));
    troubles.extend(troubles::unpriced(&total));
    let used = !sample.is_empty() || total.requests > 0 || before.requests > 0 || anything(app, who).await?;
    let shown = |quality: &Quality| choice.function.is_empty() || quality.function() == choice.function;
    let latest = sample.into_iter().take(LATEST).collect();
    Ok(Page {
        frame: Frame::new(app, who, "/"),
        used,
        charts: charts(&of_time, before, speed.as_ref(), choice.label()),
        slots: of_time,
        functions,
        speed,
        quality: quality.into_iter().filter(shown).collect(),
        troubles,
        latest,
        choices: ask::choices(app, who),
        choice,
        address,
    })
}

/// The newest traces of the time.
async fn sample(app: &App, who: &Who, choice: &Choice, since: Timestamp) -> Result<Vec<TraceSummary>, Fault> {
    let filter = TraceFilter {
        asked: Some(choice.function.clone()).filter(|name| !name.is_empty()),
        tenant: who.sees_only().map(str::to_owned),
        since: Some(since),
        ..TraceFilter::default()
    };
    Ok(app.store.trace_list(&filter, SAMPLE).await?)
}

/// Whether there is any trace at all.
async fn anything(app: &App, who: &Who) -> Result<bool, Fault> {
    let filter = TraceFilter { tenant: who.sees_only().map(str::to_owned), ..TraceFilter::default() };
    Ok(!app.store.trace_list(&filter, 1).await?.is_empty())
}

/// The sums of the time by slot, and those of the time before it together.
async fn sums(app: &App, who: &Who, choice: &Choice, window: Window) -> Result<(Vec<Slot>, Sums), Fault> {
    let by = if choice.function.is_empty() { "all" } else { "function" };
    let params = SpendParams {
        by: Some(by.into()),
        name: Some(choice.function.clone()),
        since: Some(window.before.to_string()),
        ..SpendParams::default()
    };
    let mut query = params.query(who, window.now)?;
    query.step = window.step;
    let (of_time, earlier): (Vec<SpendRow>, Vec<SpendRow>) =
        app.store.spend_list(&query).await?.into_iter().partition(|row| row.at >= window.first);
    let before = earlier.into_iter().fold(Sums::default(), |sum, row| sum.plus(row.sums));
    Ok((slots(window.first, window.now, window.hours, &of_time), before))
}

/// Every function that was asked in the time, the most asked first.
async fn functions(
    app: &App,
    who: &Who,
    choice: &Choice,
    window: Window,
    sample: &[TraceSummary],
    quality: &[Quality],
) -> Result<Vec<FunctionRow>, Fault> {
    let params = SpendParams {
        by: Some("function".into()),
        name: Some(choice.function.clone()),
        since: Some(window.first.to_string()),
        ..SpendParams::default()
    };
    let mut rows = app.store.spend_list(&params.query(who, window.now)?).await?;
    rows.sort_by_key(|row| std::cmp::Reverse(row.sums.requests));
    rows.truncate(FUNCTIONS);
    let most = rows.first().map_or(1, |row| row.sums.requests.max(1));
    let of = |row: SpendRow| FunctionRow {
        share: (row.sums.requests * 100 / most).max(1),
        speed: Latency::of(sample.iter().filter(|trace| trace.asked == row.name)),
        quality: quality.iter().find(|quality| quality.function() == row.name).cloned(),
        name: row.name,
        sums: row.sums,
    };
    Ok(rows.into_iter().map(of).collect())
}

/// The charts at the top.
fn charts(of_time: &[Slot], before: Sums, speed: Option<&Latency>, span: &str) -> Vec<Chart> {
    let total = of_time.iter().fold(Sums::default(), |sum, slot| sum.plus(slot.sums));
    let zero = |_: &Sums| 0.0;
    let told = |slot: &Slot, text: String| format!("{} UTC: {text}", minute(&slot.at));
    let requests = columns(
        of_time,
        |sums| sums.requests as f64,
        |sums| sums.failed as f64,
        |slot| told(slot, format!("{} requests, {} failed", count(&slot.sums.requests), count(&slot.sums.failed))),
    );
    let failed = columns(of_time, failed_share, failed_share, |slot| told(slot, percent(failed_share(&slot.sums))));
    let dear = columns(of_time, |sums| sums.cost.as_dollars(), zero, |slot| told(slot, cost(Some(slot.sums.cost))));
    let slow = columns(of_time, |sums| mean_us(sums) as f64, zero, |slot| told(slot, time(&mean_us(&slot.sums))));
    let chart = |name, figure, change, columns: Vec<Column>| Chart { name, figure, change, columns };
    vec![
        chart(
            "Requests",
            count(&total.requests),
            compared(total.requests as f64, before.requests as f64, span),
            requests,
        ),
        chart(
            "Failed",
            format!("{:.1} %", failed_share(&total) * 100.0),
            format!("{} failed or cancelled", count(&total.failed)),
            failed,
        ),
        chart("Cost", cost(Some(total.cost)), compared(total.cost.as_dollars(), before.cost.as_dollars(), span), dear),
        chart(
            "Time to answer",
            speed.map_or_else(|| "–".into(), |speed| time(&speed.p50)),
            speed.map_or_else(
                || "no answer yet".into(),
                |speed| format!("median; 95 of 100 within {}", time(&speed.p95)),
            ),
            slow,
        ),
    ]
}

fn failed_share(sums: &Sums) -> f64 {
    if sums.requests == 0 { 0.0 } else { sums.failed as f64 / sums.requests as f64 }
}

fn mean_us(sums: &Sums) -> u64 {
    sums.took_us.checked_div(sums.requests).unwrap_or(0)
}

/// How a figure compares with the time before.
fn compared(now: f64, before: f64, span: &str) -> String {
    match (now, before) {
        (_, before) if before <= 0.0 => format!("nothing in the {span} before"),
        (now, before) if now >= before * 10.0 => format!("{:.0} times the {span} before", now / before),
        (now, before) => format!("{:+.0} % against the {span} before", (now / before - 1.0) * 100.0),
    }
}

impl Window {
    fn new(now: Timestamp, days: u32) -> Self {
        let hours = SPANS.iter().find(|(of, ..)| *of == days).map_or(24, |(.., hours)| *hours);
        let step = if hours < 24 { Step::Hour } else { Step::Day };
        let unit = if hours < 24 { 1 } else { 24 };
        let back = |from: Timestamp, hours: u64| {
            from.checked_sub(Duration::from_secs(hours * 3_600)).unwrap_or(Timestamp::UNIX_EPOCH)
        };
        // The present hour, or day, is the last of them.
        let first = back(step.floor(now), u64::from(days) * 24 - unit);
        Self { before: back(first, u64::from(days) * 24), first, now, hours, step }
    }
}

impl Page {
    /// What the example asks.
    fn first(&self) -> Option<&str> {
        self.choices.first()?.names.first().map(String::as_str)
    }
}

impl Choice {
    /// The choice with what was not said: a day, of everything.
    fn complete(mut self, who: &Who) -> Self {
        if !SPANS.iter().any(|(days, ..)| *days == self.days) {
            self.days = 1;
        }
        if who.sees_only().is_some() {
            self.function.clear();
        }
        self
    }

    fn label(&self) -> &'static str {
        SPANS.iter().find(|(days, ..)| *days == self.days).map_or("", |(_, label, _)| label)
    }

    /// The page for another time.
    fn over(&self, days: &u32) -> String {
        address("/", &[("days", Some(&days.to_string())), ("function", Some(&self.function))])
    }

    /// The page about one function, or about everything.
    fn about(&self, function: &str) -> String {
        address("/", &[("days", Some(&self.days.to_string())), ("function", Some(function))])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_with_the_present_hour_or_day_and_has_some_thirty_columns() {
        let now: Timestamp = "2026-11-25T13:14:15Z".parse().unwrap();
        for (days, first, before, columns) in [
            (1, "2026-11-24T14:00:00Z", "2026-11-23T14:00:00Z", 24),
            (7, "2026-11-18T14:00:00Z", "2026-11-11T14:00:00Z", 28),
            (30, "2026-10-27T00:00:00Z", "2026-09-27T00:00:00Z", 30),
            (90, "2026-08-28T00:00:00Z", "2026-05-30T00:00:00Z", 30),
        ] {
            let window = Window::new(now, days);
            assert_eq!((window.first.to_string(), window.before.to_string()), (first.into(), before.into()));
            assert_eq!(slots(window.first, now, window.hours, &[]).len(), columns, "{days}");
        }
    }

    #[test]
    fn figures_are_compared_in_words() {
        for (now, before, told) in [
            (5.0, 0.0, "nothing in the 7 days before"),
            (5.0, 4.0, "+25 % against the 7 days before"),
            (3.0, 4.0, "-25 % against the 7 days before"),
            (4.0, 4.0, "+0 % against the 7 days before"),
            (80.0, 4.0, "20 times the 7 days before"),
        ] {
            assert_eq!(compared(now, before, "7 days"), told);
        }
    }
}
