//! `GET /api/audit/verify`.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use serde::{Deserialize, Serialize};
use surefoot_types::{Fault, audit::Follower};
use utoipa::ToSchema;

use crate::{json, state::App};

/// How many events are read at once.
const BATCH: usize = 1_000;

/// What the log is held against.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NotedHead {
    /// The number of an event that was noted before.
    number: Option<u64>,
    /// Its hash.
    hash: Option<String>,
}

/// What following the chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Verified {
    /// Whether every event follows from the one before, up to the end.
    pub(crate) intact: bool,
    /// The number of the last event; of the last good one where the chain breaks.
    pub(crate) number: u64,
    /// Its hash. Note both outside of this system: whoever cuts off the end of the log cannot make them anew.
    pub(crate) hash: String,
    /// The number of the last event in the log.
    pub(crate) last: u64,
    /// Where and how the chain breaks.
    pub(crate) broken: Option<String>,
}

/// Follows the chain of hashes from the first event to the last. With the `number` and `hash` of an event that was
/// noted before, the log must also still hold that event.
#[utoipa::path(get, path = "/api/audit/verify", tag = "audit", operation_id = "audit_verify",
    security(("key" = ["all"])), params(NotedHead),
    responses((status = 200, description = "What was found", body = Verified)))]
pub(crate) async fn serve(State(app): State<App>, query: Result<Query<NotedHead>, QueryRejection>) -> Response {
    let found = async {
        let head = json::query(query)?;
        let noted = match (head.number, head.hash) {
            (None, None) => None,
            (Some(number), Some(hash)) => Some((number, hash)),
            _ => return Err(Fault::bad_request("", "a noted event has a number and a hash")),
        };
        follow(&app, noted).await
    };
    json::told(found.await)
}

/// Follows the chain, and holds it against an event that was noted before.
pub(crate) async fn follow(app: &App, noted: Option<(u64, String)>) -> Result<Verified, Fault> {
    let noted = noted.filter(|(number, _)| *number > 0).map(|(number, hash)| (Some(number), hash));
    let mut follower = Follower::new(noted);
    loop {
        let events = app.store.audit_list(follower.last, BATCH).await?;
        if events.is_empty() {
            break;
        }
        follower.take(&events);
    }
    follower.end();
    let Follower { good: (number, hash), last, broken, .. } = follower;
    Ok(Verified { intact: broken.is_none(), number, hash, last, broken })
}
