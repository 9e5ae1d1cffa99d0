//! `DELETE /api/users/{user}`.

use std::collections::BTreeMap;

use axum::{
    Extension,
    extract::{Path, State},
    response::Response,
};
use serde::Serialize;
use serde_json::json;
use surefoot_types::{Fault, Timestamp, erasure::user_hash};
use utoipa::ToSchema;

use super::audit;
use crate::{access::Who, json, state::App};

/// What was erased, for whoever asked for it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Certificate {
    /// The erasure's number.
    number: u64,
    /// BLAKE3 of the user's name: the name itself is kept nowhere.
    user_hash: String,
    /// Everything of theirs up to this moment is gone.
    #[schema(value_type = String)]
    at: Timestamp,
    /// How many of each kind went.
    counts: BTreeMap<String, u64>,
    /// The documents that went, as `knowledge/path`. Where they came from a folder, their files still lie there.
    documents: Vec<String>,
    /// The number of the audit event that notes it.
    audit_number: u64,
    /// The hash of that event.
    audit_hash: String,
}

/// Erases an end user: traces, feedback, rows of the books, cases of eval runs and documents that are theirs. Caches
/// and search indexes of every replica follow within seconds.
#[utoipa::path(delete, path = "/api/users/{user}", tag = "users", operation_id = "user_erase",
    security(("key" = ["all"])), params(("user" = String, Path, description = "The user, as callers name them")),
    responses((status = 200, description = "It is done; the certificate", body = Certificate)))]
pub(crate) async fn serve(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    Path(user): Path<String>,
) -> Response {
    json::told(erase(&app, &who, &user).await)
}

async fn erase(app: &App, who: &Who, user: &str) -> Result<Certificate, Fault> {
    let at = app.clock.now();
    let erased = app.store.user_erase(user, at).await?;
    let user_hash = user_hash(user);
    app.gateway.forget_user(&user_hash, at);
    let detail = json!({"number": erased.number, "counts": erased.counts});
    let event = audit::note(app, who, "user.erase", &user_hash, detail).await?;
    Ok(Certificate {
        number: erased.number,
        user_hash,
        at,
        counts: erased.counts,
        documents: erased.documents,
        audit_number: event.number,
        audit_hash: event.hash,
    })
}
