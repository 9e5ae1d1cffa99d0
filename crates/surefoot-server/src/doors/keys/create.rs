//! `POST /api/keys`.

use std::collections::BTreeMap;

use axum::{
    Extension, Json,
    body::Body,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;
use surefoot_gateway::identify::mint;
use surefoot_types::{
    Fault, Timestamp,
    budget::{Every, Rates},
    key::{Admin, Key, KeyBudget, Scope},
    ports::StoreError,
    trace::Keep,
};
use utoipa::ToSchema;

use super::{Found, KeyView, KeyWithSecret, audit};
use crate::{
    access::{LOCAL, Who},
    fault,
    json::{self, Dollars},
    state::App,
};

/// Longest name of a key.
const LONGEST_NAME: usize = 64;
/// Actors of the audit log that are no keys.
const TAKEN: [&str; 2] = [LOCAL, "cli"];

/// A key to be made.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyBody {
    /// Its name, unlike every other's: 1 to 64 letters, digits, `-`, `_`, `.`.
    pub(crate) name: String,
    /// Whose it is.
    pub(crate) tenant: Option<String>,
    /// When it ends: a moment like `2027-01-01T00:00:00Z`.
    #[schema(value_type = Option<String>)]
    pub(crate) expires: Option<Timestamp>,
    /// The doors that it opens beside those of the models: `none`, `read` or `all`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub(crate) admin: Admin,
    /// The functions that it may use; absent: all. A name may end in `*`.
    pub(crate) functions: Option<Vec<String>>,
    /// The models that it may use; absent: all. A name may end in `*`.
    pub(crate) models: Option<Vec<String>>,
    /// The knowledge that it may use; absent: all. A name may end in `*`.
    pub(crate) knowledge: Option<Vec<String>>,
    /// Put on every trace of its requests.
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    /// Its own limits a minute.
    #[serde(default)]
    pub(crate) limits: RatesBody,
    /// Its own budget.
    pub(crate) budget: Option<BudgetBody>,
    /// What is kept of its requests: `all`, `redacted`, `metadata` or `nothing`; absent: as the project says.
    #[schema(value_type = Option<String>)]
    pub(crate) keep: Option<Keep>,
}

/// Limits a minute; what is absent is not limited.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RatesBody {
    /// Requests a minute.
    pub(crate) requests: Option<u64>,
    /// Tokens a minute, of prompt and answer together.
    pub(crate) tokens: Option<u64>,
    /// Requests at once.
    pub(crate) concurrent: Option<u64>,
}

/// A budget.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BudgetBody {
    /// Dollars, as a number or as a text like `12.50`.
    #[schema(value_type = f64)]
    pub(crate) usd: Dollars,
    /// In which time: `day`, `week`, `month` or `total`.
    #[schema(value_type = String)]
    pub(crate) every: Every,
}

/// Makes a key. Its secret is in the answer and is never told again.
#[utoipa::path(post, path = "/api/keys", tag = "keys", operation_id = "key_create", security(("key" = ["all"])),
    request_body = KeyBody, responses(
    (status = 201, description = "The key with its secret", body = KeyWithSecret),
    (status = 400, description = "The body cannot be read, or the name is taken")))]
pub(crate) async fn serve(State(app): State<App>, Extension(who): Extension<Who>, body: Body) -> Response {
    let made = async { create(&app, &who, json::read(&app, body).await?).await };
    match made.await {
        Ok(made) => (StatusCode::CREATED, Json(made)).into_response(),
        Err(told) => fault::plain(&told),
    }
}

/// Makes it.
pub(crate) async fn create(app: &App, who: &Who, body: KeyBody) -> Result<KeyWithSecret, Fault> {
    let now = app.clock.now();
    check(app, &body, now)?;
    let (minted, secret) = mint(app.clock.as_ref(), app.chance.as_ref(), body.name);
    let key = Key {
        tenant: body.tenant,
        expires: body.expires,
        scope: Scope { functions: body.functions, models: body.models, knowledge: body.knowledge, admin: body.admin },
        tags: body.tags,
        limits: body.limits.into(),
        budget: body.budget.map(|budget| KeyBudget { limit: budget.usd.0, every: budget.every }),
        keep: body.keep,
        ..minted
    };
    app.store.key_add(&key).await.map_err(|error| match error {
        StoreError::Exists(_) => taken(&key.name),
        error => error.into(),
    })?;
    app.gateway.keys_changed(app.store.key_list().await?);
    let view = KeyView::new(&Found::Ledger(key), now);
    audit::note(app, who, "key.create", &view.name, json!({"key": view})).await?;
    Ok(KeyWithSecret { secret: secret.reveal().to_owned(), key: view })
}

fn check(app: &App, body: &KeyBody, now: Timestamp) -> Result<(), Fault> {
    let plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if body.name.is_empty() || body.name.len() > LONGEST_NAME || !plain(&body.name) {
        let told = format!("a key's name has 1 to {LONGEST_NAME} letters, digits, '-', '_' and '.'");
        return Err(Fault::bad_request("name", told));
    }
    if TAKEN.contains(&body.name.as_str()) || app.gateway.project().keys.iter().any(|key| key.name == body.name) {
        return Err(taken(&body.name));
    }
    if body.tenant.as_ref().is_some_and(String::is_empty) {
        return Err(Fault::bad_request("tenant", "a tenant has a name").hint("Leave the field out for none."));
    }
    if body.expires.is_some_and(|end| end <= now) {
        return Err(Fault::bad_request("expires", "a key cannot end before it begins"));
    }
    let limits = [body.limits.requests, body.limits.tokens, body.limits.concurrent];
    if limits.contains(&Some(0)) {
        return Err(Fault::bad_request("limits", "a limit is 1 or more").hint("Revoke a key that may do nothing."));
    }
    Ok(())
}

fn taken(name: &str) -> Fault {
    Fault::bad_request("name", format!("the name '{name}' is taken")).hint("Choose another, or rotate that key.")
}

impl From<RatesBody> for Rates {
    fn from(body: RatesBody) -> Self {
        Self { requests: body.requests, tokens: body.tokens, concurrent: body.concurrent }
    }
}
