//! `/api/keys`: virtual API keys. What every door here shares: how a key is told, found and changed.

pub(crate) mod create;
pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod revoke;
pub(crate) mod rotate;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use surefoot_types::{
    Code, Fault, Timestamp,
    budget::{Every, Rates},
    ids::KeyId,
    key::{Admin, Key},
    trace::Keep,
};
use utoipa::ToSchema;

use super::audit;
use crate::{access::Who, json::Dollars, state::App};

/// A key, without anything that opens it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct KeyView {
    /// Its id.
    #[schema(value_type = String, example = "key_01jd8n6y4vq0t2x5w9zk3m7c1f")]
    pub(crate) id: KeyId,
    /// Its name.
    pub(crate) name: String,
    /// `ledger`, or `project` for one that stands in the project's files and is changed there.
    pub(crate) from: &'static str,
    /// `live`, `expired` or `revoked`.
    pub(crate) state: &'static str,
    /// Whose it is.
    pub(crate) tenant: Option<String>,
    /// When it was made; absent for one of the project's files.
    #[schema(value_type = Option<String>)]
    pub(crate) created: Option<Timestamp>,
    /// When it ends.
    #[schema(value_type = Option<String>)]
    pub(crate) expires: Option<Timestamp>,
    /// When it was revoked.
    #[schema(value_type = Option<String>)]
    pub(crate) revoked: Option<Timestamp>,
    /// Until when the secret before the last rotation opens it too.
    #[schema(value_type = Option<String>)]
    pub(crate) overlap: Option<Timestamp>,
    /// The doors that it opens beside those of the models: `none`, `read` or `all`.
    #[schema(value_type = String)]
    pub(crate) admin: Admin,
    /// The functions that it may use; absent: all.
    pub(crate) functions: Option<Vec<String>>,
    /// The models that it may use; absent: all.
    pub(crate) models: Option<Vec<String>>,
    /// The knowledge that it may use; absent: all.
    pub(crate) knowledge: Option<Vec<String>>,
    /// Put on every trace of its requests.
    pub(crate) tags: BTreeMap<String, String>,
    /// Its own limits a minute.
    #[schema(value_type = Object)]
    pub(crate) limits: Rates,
    /// Its own budget.
    pub(crate) budget: Option<BudgetView>,
    /// What is kept of its requests, where it differs from the project.
    #[schema(value_type = Option<String>)]
    pub(crate) keep: Option<Keep>,
}

/// A key's own budget.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct BudgetView {
    /// Dollars.
    #[schema(value_type = f64)]
    pub(crate) usd: Dollars,
    /// `day`, `week`, `month` or `total`.
    #[schema(value_type = String)]
    pub(crate) every: Every,
}

/// A key with the secret that opens it. It is told in this answer and never again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyWithSecret {
    /// The secret: what callers send.
    #[schema(example = "sf-0123456789abcdef0123456789abcdef")]
    pub(crate) secret: String,
    /// The key.
    pub(crate) key: KeyView,
}

/// A key of the ledger, or of the project's files.
pub(crate) enum Found {
    Ledger(Key),
    Project(Key),
}

impl Found {
    pub(crate) fn key(&self) -> &Key {
        let (Self::Ledger(key) | Self::Project(key)) = self;
        key
    }
}

impl KeyView {
    pub(crate) fn new(found: &Found, now: Timestamp) -> Self {
        let key = found.key().clone();
        let from = if matches!(found, Found::Ledger(_)) { "ledger" } else { "project" };
        let state = match key.revoked {
            Some(_) => "revoked",
            None if key.is_live(now) => "live",
            None => "expired",
        };
        Self {
            id: key.id,
            name: key.name,
            from,
            state,
            tenant: key.tenant,
            created: matches!(found, Found::Ledger(_)).then_some(key.created),
            expires: key.expires,
            revoked: key.revoked,
            overlap: key.secrets.iter().filter_map(|secret| secret.expires).filter(|end| now < *end).max(),
            admin: key.scope.admin,
            functions: key.scope.functions,
            models: key.scope.models,
            knowledge: key.scope.knowledge,
            tags: key.tags,
            limits: key.limits,
            budget: key.budget.map(|budget| BudgetView { usd: Dollars(budget.limit), every: budget.every }),
            keep: key.keep,
        }
    }
}

/// All keys: those of the project's files, then those of the ledger, oldest first.
pub(crate) async fn all(app: &App) -> Result<Vec<Found>, Fault> {
    let project = app.gateway.project();
    let written = project.keys.iter().cloned().map(Found::Project);
    let minted = app.store.key_list().await?.into_iter().map(Found::Ledger);
    Ok(written.chain(minted).collect())
}

/// The key of this name or id.
async fn find(app: &App, name: &str) -> Result<Found, Fault> {
    let named = |found: &Found| found.key().name == name || found.key().id.to_string() == name;
    let found = all(app).await?.into_iter().find(named);
    found.ok_or_else(|| Fault::new(Code::NotFound, format!("there is no key named '{name}'")))
}

/// Changes a key of the ledger: one change at a time in this process, and none that another process made between is
/// undone.
async fn change(
    app: &App,
    who: &Who,
    name: &str,
    action: &str,
    change: impl FnOnce(&mut Key) -> Result<Value, Fault>,
) -> Result<KeyView, Fault> {
    let _one_at_a_time = app.changing_keys.lock().await;
    let was = match find(app, name).await? {
        Found::Ledger(key) => key,
        Found::Project(key) => {
            let told = format!("the key '{}' stands in the project's files", key.name);
            return Err(Fault::bad_request("", told).hint("Change it under [[server.keys]] in surefoot.toml."));
        }
    };
    let mut key = was.clone();
    let detail = change(&mut key)?;
    if !app.store.key_put(&was, &key).await? {
        return Err(Fault::new(Code::NotFound, format!("the key '{}' was taken away meanwhile", key.name)));
    }
    app.gateway.keys_changed(app.store.key_list().await?);
    audit::note(app, who, action, &key.name, detail).await?;
    Ok(KeyView::new(&Found::Ledger(key), app.clock.now()))
}
