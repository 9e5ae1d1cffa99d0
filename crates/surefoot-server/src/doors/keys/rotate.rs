//! `POST /api/keys/{key}/rotate`.

use std::time::Duration;

use axum::{
    Extension,
    body::Body,
    extract::{Path, State},
    response::Response,
};
use serde::Deserialize;
use serde_json::json;
use surefoot_gateway::identify::{mint_secret, secret_hash};
use surefoot_types::Fault;
use utoipa::ToSchema;

use super::{KeyWithSecret, change};
use crate::{access::Who, json, state::App};

/// Longest overlap: a month.
const LONGEST: u64 = 31 * 24 * 3_600;

/// How to rotate.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RotateBody {
    /// How long the secret before opens the key too, in seconds, so that callers can be told the new one; 0, the
    /// default, ends it at once.
    pub(crate) overlap_seconds: u64,
}

/// Gives a key a new secret. It is in the answer and is never told again.
#[utoipa::path(post, path = "/api/keys/{key}/rotate", tag = "keys", operation_id = "key_rotate",
    security(("key" = ["all"])), params(("key" = String, Path, description = "Its name or id")),
    request_body = RotateBody, responses(
    (status = 200, description = "The key with its new secret", body = KeyWithSecret),
    (status = 400, description = "The key is revoked, or stands in the project's files"),
    (status = 404, description = "There is none")))]
pub(crate) async fn serve(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    Path(name): Path<String>,
    body: Body,
) -> Response {
    let rotated = async {
        let body: RotateBody = json::read(&app, body).await?;
        rotate(&app, &who, &name, body.overlap_seconds).await
    };
    json::told(rotated.await)
}

/// Rotates it.
pub(crate) async fn rotate(app: &App, who: &Who, name: &str, overlap: u64) -> Result<KeyWithSecret, Fault> {
    if overlap > LONGEST {
        return Err(Fault::bad_request("overlap_seconds", format!("an overlap lasts at most {LONGEST} seconds")));
    }
    let now = app.clock.now();
    let until = now.checked_add(Duration::from_secs(overlap)).unwrap_or(now);
    let secret = mint_secret(app.chance.as_ref());
    let hash = secret_hash(&secret);
    let key = change(app, who, name, "key.rotate", |key| {
        if !key.is_live(now) {
            return Err(Fault::bad_request("", format!("the key '{}' has ended", key.name)).hint("Make a new one."));
        }
        key.rotate(hash, until, now);
        Ok(json!({"overlap_seconds": overlap}))
    });
    Ok(KeyWithSecret { key: key.await?, secret: secret.reveal().to_owned() })
}
