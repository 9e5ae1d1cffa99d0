//! `GET /api/spend`.

use std::time::Duration;

use axum::{
    Extension,
    extract::{Query, State, rejection::QueryRejection},
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use surefoot_types::{
    Code, Fault, Money, Timestamp,
    spend::{By, SpendQuery, SpendRow, Step},
};

use crate::{
    access::Who,
    fault,
    json::{self, Dollars},
    state::App,
};

/// How far back a report goes where nobody says.
const USUAL: Duration = Duration::from_secs(30 * 86_400);

/// Which sums to report.
#[derive(Debug, Default, Clone, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SpendParams {
    /// By what: `all` (the default), `key`, `tenant`, `user`, `function`, `model` or `tag:NAME`.
    pub(crate) by: Option<String>,
    /// Only of this name.
    pub(crate) name: Option<String>,
    /// From this hour on: a day like `2026-11-01`, or a moment; 30 days ago unless given.
    pub(crate) since: Option<String>,
    /// Up to this hour, which is left out; up to now unless given.
    pub(crate) until: Option<String>,
    /// `whole` (the default), `day` or `hour`.
    pub(crate) step: Option<String>,
    /// `json` (the default) or `csv`.
    pub(crate) format: Option<String>,
}

/// One value of a row.
enum Cell {
    Text(String),
    Count(u64),
    Cost(Money),
}

/// What was spent: requests, tokens and cost, by key, tenant, user, function, model or tag, from the hourly books.
#[utoipa::path(get, path = "/api/spend", tag = "spend", operation_id = "spend", security(("key" = ["read"])),
    params(SpendParams), responses((status = 200, description = "The sums, as `rows`; or as CSV", body = Value)))]
pub(crate) async fn report(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    query: Result<Query<SpendParams>, QueryRejection>,
) -> Response {
    let reported = async {
        let params = json::query(query)?;
        let query = params.query(&who, app.clock.now())?;
        let rows = app.store.spend_list(&query).await?;
        match given(&params.format).unwrap_or("json") {
            "json" => Ok(as_json(&query, &rows)),
            "csv" => as_csv(&query, &rows),
            _ => Err(Fault::bad_request("format", "the format is json or csv")),
        }
    };
    reported.await.unwrap_or_else(|told| fault::plain(&told))
}

impl SpendParams {
    /// The query, for what `who` may see.
    pub(crate) fn query(&self, who: &Who, now: Timestamp) -> Result<SpendQuery, Fault> {
        let by = given(&self.by).unwrap_or("all");
        let by = By::parse(by).ok_or_else(|| {
            let told = format!("'{by}' is not one of all, key, tenant, user, function, model, tag:NAME");
            Fault::bad_request("by", told)
        })?;
        let step = match given(&self.step).unwrap_or("whole") {
            "whole" => Step::Whole,
            "day" => Step::Day,
            "hour" => Step::Hour,
            _ => return Err(Fault::bad_request("step", "the step is whole, day or hour")),
        };
        let until = given(&self.until).map(|until| moment("until", until)).transpose()?;
        let usual = || until.unwrap_or(now).checked_sub(USUAL).unwrap_or(Timestamp::UNIX_EPOCH);
        let since = given(&self.since).map(|since| moment("since", since)).transpose()?.unwrap_or_else(usual);
        let (by, name) = limited(who, by, given(&self.name))?;
        Ok(SpendQuery { by, name, since, until, step })
    }
}

/// A text that says something: forms send empty ones for what is not given.
fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

/// Whoever sees only a tenant's records sees only its sums: by tenant, or all of them, which is then the same.
fn limited(who: &Who, by: By, name: Option<&str>) -> Result<(By, Option<String>), Fault> {
    let Some(tenant) = who.sees_only() else { return Ok((by, name.map(str::to_owned))) };
    match by {
        By::All | By::Tenant if name.is_none_or(|name| name == tenant) => Ok((By::Tenant, Some(tenant.to_owned()))),
        _ => Err(Fault::new(Code::Forbidden, format!("the key sees what '{tenant}' spends, and nothing else"))
            .hint("Ask for `by=tenant`, or with a key whose `admin` is \"all\".")),
    }
}

/// A day, or a moment.
pub(crate) fn moment(param: &str, text: &str) -> Result<Timestamp, Fault> {
    let of_day = format!("{text}T00:00:00Z");
    of_day.parse().or_else(|_| text.parse()).map_err(|_| {
        Fault::bad_request(param, format!("'{text}' is neither a day like 2026-11-01 nor a moment"))
            .hint("Moments look like 2026-11-01T12:00:00Z.")
    })
}

fn as_json(query: &SpendQuery, rows: &[SpendRow]) -> Response {
    let rows = rows.iter().map(|row| {
        let cells = cells(query.step, row).into_iter();
        let value = |cell| match cell {
            Cell::Text(text) => json!(text),
            Cell::Count(count) => json!(count),
            Cell::Cost(cost) => json!(Dollars(cost)),
        };
        Value::Object(cells.map(|(name, cell)| (name.to_owned(), value(cell))).collect::<Map<_, _>>())
    });
    let told = json!({
        "by": query.by.name(),
        "since": query.since,
        "until": query.until,
        "rows": rows.collect::<Vec<_>>(),
    });
    axum::Json(told).into_response()
}

fn as_csv(query: &SpendQuery, rows: &[SpendRow]) -> Result<Response, Fault> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let broken = |error: csv::Error| Fault::internal(error.to_string());
    let nothing = SpendRow { at: query.since, name: String::new(), sums: surefoot_types::spend::Sums::default() };
    writer.write_record(cells(query.step, &nothing).into_iter().map(|(name, _)| name)).map_err(broken)?;
    for row in rows {
        let text = |cell| match cell {
            Cell::Text(text) => harmless(text),
            Cell::Count(count) => count.to_string(),
            Cell::Cost(cost) => cost.to_string().trim_start_matches('$').to_owned(),
        };
        writer.write_record(cells(query.step, row).into_iter().map(|(_, cell)| text(cell))).map_err(broken)?;
    }
    let bytes = writer.into_inner().map_err(|error| Fault::internal(error.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"surefoot-spend.csv\""),
    ];
    Ok((headers, bytes).into_response())
}

/// Callers choose tags and users: a spreadsheet must not take one for a formula.
fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

/// A row, column by column.
fn cells(step: Step, row: &SpendRow) -> Vec<(&'static str, Cell)> {
    use Cell::{Cost, Count, Text};
    let (sums, usage) = (&row.sums, &row.sums.usage);
    let at = (step != Step::Whole).then(|| ("at", Text(row.at.to_string())));
    let rest = [
        ("name", Text(row.name.clone())),
        ("requests", Count(sums.requests)),
        ("failed", Count(sums.failed)),
        ("unpriced", Count(sums.unpriced)),
        ("cost_usd", Cost(sums.cost)),
        ("input", Count(usage.input)),
        ("cache_read", Count(usage.cache_read)),
        ("cache_write", Count(usage.cache_write)),
        ("cache_write_hour", Count(usage.cache_write_hour)),
        ("audio_input", Count(usage.audio_input)),
        ("output", Count(usage.output)),
        ("audio_output", Count(usage.audio_output)),
        ("reasoning", Count(usage.reasoning)),
        ("images", Count(usage.images)),
        ("searches", Count(usage.searches)),
        ("took_ms", Count(sums.took_us / 1_000)),
    ];
    at.into_iter().chain(rest).collect()
}
