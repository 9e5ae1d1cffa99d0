//! Keys: the list, one that is made, and changes to them. A secret is on the page that answers the form, and on no other.

use askama::Template;
use axum::{
    Extension, Form,
    extract::{Path, State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use surefoot_types::{
    Fault,
    budget::{Every, Rates},
    key::Admin,
    trace::Keep,
};

use super::page::{Frame, count, fault_page, moment, problem, render, sdk_address};
use crate::{
    access::Who,
    doors::{
        keys::{
            KeyView, KeyWithSecret, all,
            create::{self, BudgetBody, KeyBody, RatesBody},
            revoke, rotate as rotation,
        },
        moment_of,
    },
    fault,
    state::App,
};

/// Ways to overlap, in seconds.
const OVERLAPS: [(u64, &str); 4] = [
    (0, "ends at once"),
    (3_600, "goes on for an hour"),
    (86_400, "goes on for a day"),
    (604_800, "goes on for a week"),
];
/// Doors beside those of the models.
const ADMINS: [(&str, Admin, &str); 3] = [
    ("none", Admin::None, "models only"),
    ("read", Admin::Read, "and what only shows: traces, evals, spending"),
    ("all", Admin::All, "and everything: keys, audit, erasure"),
];

#[derive(Template)]
#[template(path = "keys.html")]
pub(super) struct Page {
    pub(super) frame: Frame,
    pub(super) keys: Vec<KeyView>,
    /// The key that was just made or rotated.
    pub(super) made: Option<KeyWithSecret>,
    /// Why the form was refused.
    pub(super) wrong: Option<String>,
    pub(super) form: KeyForm,
    /// Where SDKs are pointed.
    pub(super) address: String,
}

/// The form for a new key. Everything is text, as browsers send it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct KeyForm {
    pub(super) name: String,
    pub(super) tenant: String,
    pub(super) admin: String,
    pub(super) expires: String,
    pub(super) functions: String,
    pub(super) models: String,
    pub(super) knowledge: String,
    pub(super) requests: String,
    pub(super) tokens: String,
    pub(super) concurrent: String,
    pub(super) usd: String,
    pub(super) every: String,
    pub(super) keep: String,
}

/// The list.
pub(crate) async fn list(State(app): State<App>, Extension(who): Extension<Who>, headers: HeaderMap) -> Response {
    match page(&app, &who, &headers).await {
        Ok(page) => render(&page),
        Err(told) => fault_page(&told),
    }
}

/// Makes a key and shows its secret.
pub(crate) async fn create(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    form: Result<Form<KeyForm>, FormRejection>,
) -> Response {
    let Form(form) = match form {
        Ok(form) => form,
        Err(error) => return problem(error.status(), &error.body_text()),
    };
    let made = match form.read() {
        Ok(body) => create::create(&app, &who, body).await,
        Err(told) => Err(told),
    };
    let page = page(&app, &who, &headers).await;
    match (made, page) {
        (Ok(made), Ok(page)) => with_secret(&Page { made: Some(made), ..page }),
        (Err(told), Ok(page)) => {
            let mut response = render(&Page { wrong: Some(told.told()), form, ..page });
            *response.status_mut() = fault::status(told.code);
            response
        }
        (_, Err(told)) => fault_page(&told),
    }
}

/// How a key is rotated.
#[derive(Deserialize)]
pub(crate) struct Rotation {
    overlap_seconds: u64,
}

/// Gives a key a new secret and shows it.
pub(crate) async fn rotate(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    Path(key): Path<String>,
    headers: HeaderMap,
    form: Result<Form<Rotation>, FormRejection>,
) -> Response {
    let Form(form) = match form {
        Ok(form) => form,
        Err(error) => return problem(error.status(), &error.body_text()),
    };
    let rotated = async {
        let made = rotation::rotate(&app, &who, &key, form.overlap_seconds).await?;
        Ok::<_, Fault>(Page { made: Some(made), ..page(&app, &who, &headers).await? })
    };
    match rotated.await {
        Ok(page) => with_secret(&page),
        Err(told) => fault_page(&told),
    }
}

/// Whether it is meant.
#[derive(Deserialize)]
pub(crate) struct Confirmation {
    /// The box that must be ticked.
    #[serde(default)]
    confirmed: String,
}

/// Ends a key.
pub(crate) async fn revoke(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    Path(key): Path<String>,
    form: Result<Form<Confirmation>, FormRejection>,
) -> Response {
    let Form(form) = match form {
        Ok(form) => form,
        Err(error) => return problem(error.status(), &error.body_text()),
    };
    if form.confirmed != "yes" {
        return fault_page(&Fault::bad_request("confirmed", "Tick the box to revoke the key."));
    }
    match revoke::revoke(&app, &who, &key).await {
        Ok(_) => Redirect::to("/keys").into_response(),
        Err(told) => fault_page(&told),
    }
}

async fn page(app: &App, who: &Who, headers: &HeaderMap) -> Result<Page, Fault> {
    let now = app.clock.now();
    let mut keys: Vec<KeyView> = all(app).await?.iter().map(|found| KeyView::new(found, now)).collect();
    keys.sort_by_key(|key| key.state != "live");
    Ok(Page {
        frame: Frame::new(app, who, "/keys"),
        keys,
        made: None,
        wrong: None,
        form: KeyForm::default(),
        address: sdk_address(headers),
    })
}

/// A page with a secret on it: no browser keeps it.
fn with_secret(page: &Page) -> Response {
    let mut response = render(page);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl KeyForm {
    /// What the form asks for.
    fn read(&self) -> Result<KeyBody, Fault> {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let one_of = |param: &str, text: &str| Fault::bad_request(param, format!("'{text}' is no choice of '{param}'"));
        let admin = match self.admin.as_str() {
            "" => Admin::None,
            name => ADMINS.iter().find(|(one, ..)| *one == name).ok_or_else(|| one_of("admin", name))?.1,
        };
        let keep = match self.keep.as_str() {
            "" => None,
            name => Some(Keep::NAMES.iter().find(|(one, _)| *one == name).ok_or_else(|| one_of("keep", name))?.1),
        };
        Ok(KeyBody {
            name: self.name.trim().to_owned(),
            tenant: text(&self.tenant),
            expires: text(&self.expires).map(|day| moment_of("expires", &day)).transpose()?,
            admin,
            functions: names(&self.functions),
            models: names(&self.models),
            knowledge: names(&self.knowledge),
            tags: Default::default(),
            limits: RatesBody {
                requests: number("requests", &self.requests)?,
                tokens: number("tokens", &self.tokens)?,
                concurrent: number("concurrent", &self.concurrent)?,
            },
            budget: self.budget()?,
            keep,
        })
    }

    fn budget(&self) -> Result<Option<BudgetBody>, Fault> {
        if self.usd.trim().is_empty() {
            return Ok(None);
        }
        let usd = self
            .usd
            .parse()
            .map_err(|_| Fault::bad_request("usd", format!("'{}' is not an amount of dollars like 12.50", self.usd)))?;
        let every = Every::NAMES.iter().find(|(name, _)| *name == self.every).map_or(Every::Month, |(_, every)| *every);
        Ok(Some(BudgetBody { usd: crate::json::Dollars(usd), every }))
    }
}

/// Names with commas or spaces between them; none: all are allowed.
fn names(text: &str) -> Option<Vec<String>> {
    let names = text.split([',', ' ', '\n', '\r', '\t']).filter(|name| !name.is_empty());
    Some(names.map(str::to_owned).collect::<Vec<_>>()).filter(|names| !names.is_empty())
}

fn number(param: &str, text: &str) -> Result<Option<u64>, Fault> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let number = text.trim().parse();
    number.map(Some).map_err(|_| Fault::bad_request(param, format!("'{text}' is not a whole number")))
}

/// The doors that a key opens, in words.
fn opens(admin: &Admin) -> &'static str {
    ADMINS.iter().find(|(_, one, _)| one == admin).map_or("", |(name, ..)| name)
}

/// What a key may use, in words.
fn uses(key: &KeyView) -> String {
    let lists = [("functions", &key.functions), ("models", &key.models), ("knowledge", &key.knowledge)];
    let told = lists.iter().filter_map(|(what, list)| {
        let names = list.as_ref()?;
        Some(if names.is_empty() { format!("no {what}") } else { format!("{what} {}", names.join(", ")) })
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() { "everything".into() } else { told.join("; ") }
}

/// A key's limits, in words.
fn limits(limits: &Rates) -> String {
    let parts = [(limits.requests, "requests/min"), (limits.tokens, "tokens/min"), (limits.concurrent, "at once")];
    let told: Vec<String> =
        parts.iter().filter_map(|(limit, what)| Some(format!("{} {what}", count(&(*limit)?)))).collect();
    if told.is_empty() { "–".into() } else { told.join(", ") }
}

/// A name of the settings for a span of time.
fn every(every: &Every) -> &'static str {
    Every::NAMES.iter().find(|(_, one)| one == every).map_or("", |(name, _)| name)
}
