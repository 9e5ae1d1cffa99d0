//! What all pages share: the frame, problems, and how numbers are told.

use askama::Template;
use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use serde_json::Value;
use surefoot_types::{Citation, Code, Fault, Money, Timestamp, Usage, key::Admin};

use crate::{access::Who, doors::audit, fault, state::App};

/// Only this server's own style and script; nothing that a model or a document says can load or run anything.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page: its address, its name, what it takes, and whether it shows what is everybody's.
type Page = (&'static str, &'static str, Admin, bool);

/// The pages, in their groups.
const PAGES: [(&str, &[Page]); 3] = [
    ("Watch", &[("/", "Overview", Admin::Read, false), ("/traces", "Traces", Admin::Read, false)]),
    (
        "Build",
        &[
            ("/ask", "Ask", Admin::Read, false),
            ("/playground", "Playground", Admin::All, false),
            ("/knowledge", "Knowledge", Admin::Read, false),
            ("/evals", "Evals", Admin::Read, true),
        ],
    ),
    (
        "Run",
        &[
            ("/spend", "Spending", Admin::Read, false),
            ("/budgets", "Budgets", Admin::Read, false),
            ("/health", "Health", Admin::Read, true),
            ("/keys", "Keys", Admin::All, false),
            ("/audit", "Audit", Admin::All, false),
        ],
    ),
];

/// Pages that belong together.
pub(crate) struct Group {
    pub(crate) name: &'static str,
    /// Their addresses and names.
    pub(crate) pages: Vec<(&'static str, &'static str)>,
}

/// The frame of a page: where it is, which pages whoever looks may open, and what the operator should know.
pub(crate) struct Frame {
    /// The address of the page in the list that this one belongs to.
    pub(crate) here: &'static str,
    pub(crate) groups: Vec<Group>,
    pub(crate) notice: Option<String>,
}

impl Frame {
    pub(crate) fn new(app: &App, who: &Who, here: &'static str) -> Self {
        Self::of(here, |needed, everybody| who.may(needed) && !(everybody && who.sees_only().is_some()), (app.notice)())
    }

    /// The frame of a page for whoever may open those pages.
    pub(crate) fn of(here: &'static str, may: impl Fn(Admin, bool) -> bool, notice: Option<String>) -> Self {
        let groups = PAGES.iter().map(|(name, pages)| {
            let open = pages.iter().filter(|(_, _, needed, everybody)| may(*needed, *everybody));
            Group { name, pages: open.map(|(path, label, ..)| (*path, *label)).collect() }
        });
        Self { here, groups: groups.filter(|group| !group.pages.is_empty()).collect(), notice }
    }

    /// Whether the page of this address may be opened.
    pub(crate) fn opens(&self, path: &str) -> bool {
        self.groups.iter().flat_map(|group| &group.pages).any(|(one, _)| *one == path)
    }

    /// The frame of a page for whoever is not known yet.
    pub(crate) fn bare() -> Self {
        Self { here: "", groups: Vec::new(), notice: None }
    }
}

/// A page, with the headers that keep it safe.
pub(crate) fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => with_policy(Html(html).into_response()),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn with_policy(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    // Not `no-store`: going back from a document must find the answer still there.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    response
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Problem<'a> {
    frame: Frame,
    told: &'a str,
}

/// A page that says what is wrong.
pub(crate) fn problem(status: StatusCode, told: &str) -> Response {
    let page = Problem { frame: Frame::bare(), told };
    let html = page.render().unwrap_or_else(|error| error.to_string());
    with_policy((status, Html(html)).into_response())
}

/// Refuses what would write to the project's files unless a browser says that a page of this server sent it. What
/// another site's page sends is refused before; here, whatever does not say whose it is, too.
///
/// # Errors
/// When it does not say so.
pub(crate) fn of_own_page(headers: &HeaderMap) -> Result<(), Fault> {
    let own = headers
        .get("sec-fetch-site")
        .map_or_else(|| headers.contains_key(header::ORIGIN), |site| site.as_bytes() == b"same-origin");
    own.then_some(()).ok_or_else(|| Fault::new(Code::Forbidden, "files are written only from this console's own pages"))
}

/// Notes in the audit log that a file was written. Gives whether it was, and what is wrong: that it was not, or that it
/// could not be noted.
pub(crate) async fn noted(
    app: &App,
    who: &Who,
    (action, path, detail): (&str, &str, Value),
    written: Result<(), Fault>,
) -> (bool, Option<String>) {
    if let Err(refused) = written {
        return (false, Some(refused.told()));
    }
    let noted = audit::note(app, who, action, path, detail).await;
    (true, noted.err().map(|fault| fault.told()))
}

/// The address that SDKs are pointed at, as this browser reaches it.
pub(crate) fn sdk_address(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let scheme = text("x-forwarded-proto").filter(|scheme| *scheme == "https").unwrap_or("http");
    format!("{scheme}://{}/v1", text("host").unwrap_or("localhost:4141"))
}

/// The address of a page with these fields, without those that say nothing.
pub(crate) fn address(path: &str, fields: &[(&str, Option<&str>)]) -> String {
    let told = fields.iter().filter_map(|(name, value)| {
        let value = value.filter(|value| !value.is_empty())?;
        Some(format!("{name}={}", encoded(value)))
    });
    let told = told.collect::<Vec<_>>().join("&");
    if told.is_empty() { path.to_owned() } else { format!("{path}?{told}") }
}

/// Percent-encodes what is not plain in a query.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// A fault as a page.
pub(crate) fn fault_page(told: &Fault) -> Response {
    problem(fault::status(told.code), &told.told())
}

/// What whoever may not see a page gets: the way to sign in, or why their key does not do.
pub(crate) fn refused(told: &Fault) -> Response {
    match told.code {
        Code::Unauthenticated => Redirect::to("/login").into_response(),
        _ => fault_page(told),
    }
}

/// `$0.0012`, or a dash where the price is unknown.
pub(crate) fn cost(cost: Option<Money>) -> String {
    match cost {
        None => "–".into(),
        Some(Money::ZERO) => "$0".into(),
        Some(cost) if cost.as_dollars() < 0.01 => format!("${:.6}", cost.as_dollars()),
        Some(cost) => format!("${:.2}", cost.as_dollars()),
    }
}

/// Microseconds as people say them. By reference, as templates hand fields on.
pub(crate) fn time(micros: &u64) -> String {
    match *micros {
        0..1_000 => format!("{micros} µs"),
        micros @ 1_000..10_000 => format!("{:.1} ms", micros as f64 / 1e3),
        micros @ 10_000..1_000_000 => format!("{} ms", micros / 1_000),
        micros => format!("{:.1} s", micros as f64 / 1e6),
    }
}

/// A count, with a thin space between thousands. By reference, as templates hand fields on.
pub(crate) fn count(count: &u64) -> String {
    let digits = count.to_string();
    let spaced = digits.char_indices().flat_map(|(at, digit)| {
        let space = at > 0 && (digits.len() - at).is_multiple_of(3);
        space.then_some('\u{202f}').into_iter().chain([digit])
    });
    spaced.collect()
}

/// Tokens in and out.
pub(crate) fn tokens(usage: &Usage) -> String {
    format!("{}{} → {}", if usage.estimated { "~" } else { "" }, usage.input_total(), usage.output)
}

/// Whether a citation is the first with its number: the one that a mark in the answer leads to. By reference, as templates hand values on.
pub(crate) fn is_first(citations: &[Citation], index: &usize) -> bool {
    citations.iter().position(|other| citations.get(*index).is_some_and(|one| one.mark == other.mark)) == Some(*index)
}

/// A moment, to the second, UTC. By reference, as templates hand fields on.
pub(crate) fn moment(at: &Timestamp) -> String {
    let text = at.to_string();
    text.get(..19).unwrap_or(&text).replace('T', " ")
}

/// A moment, to the minute, UTC. By reference, as templates hand fields on.
pub(crate) fn minute(at: &Timestamp) -> String {
    let mut text = moment(at);
    text.truncate(16);
    text
}

/// A day, UTC.
pub(crate) fn day(at: &Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// A share in per cent, without decimals.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_say_them() {
        assert_eq!(
            [0, 999, 1_500, 25_000, 2_340_000].map(|micros| time(&micros)),
            ["0 µs", "999 µs", "1.5 ms", "25 ms", "2.3 s"]
        );
        let told =
            [None, Some(Money::ZERO), Some(Money::nanos(1_234_000)), Some(Money::nanos(2_500_000_000))].map(cost);
        assert_eq!(told, ["–", "$0", "$0.001234", "$2.50"]);
        let counts = [0, 999, 1_000, 1_234_567].map(|number| count(&number));
        assert_eq!(counts, ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]);
        assert_eq!(moment(&Timestamp::from_second(1_767_268_800).unwrap()), "2026-01-01 12:00:00");
    }
}
