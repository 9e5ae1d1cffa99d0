//! `GET /api/audit/verify`.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use serde::{Deserialize, Serialize};
use surefoot_types::{
    Fault,
    audit::{AuditEvent, verify},
};
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
    let mut found = Verified { intact: true, number: 0, hash: String::new(), last: 0, broken: None };
    let mut noted = noted.filter(|(number, _)| *number > 0);
    loop {
        let events = app.store.audit_list(found.last, BATCH).await?;
        let Some(last) = events.last() else { break };
        found.last = last.number;
        if found.intact {
            found.take(&events);
        }
        let same = |(number, _): &(u64, String)| events.iter().find(|event| event.number == *number);
        if let Some((event, (number, hash))) = noted.as_ref().and_then(|noted| Some((same(noted)?, noted))) {
            if event.hash != *hash {
                found.break_off(format!("event {number} is not the one that was noted"));
            }
            noted = None;
        }
    }
    if let Some((number, _)) = noted {
        found.break_off(format!("the log ends before event {number}, which was noted"));
    }
    Ok(found)
}

impl Verified {
    /// Follows the chain through `events`, as far as it holds.
    fn take(&mut self, events: &[AuditEvent]) {
        for event in events {
            match verify((self.number, self.hash.clone()), [event]) {
                Ok((number, hash)) => (self.number, self.hash) = (number, hash),
                Err(broken) => return self.break_off(broken.to_string()),
            }
        }
    }

    /// The first reason stands.
    fn break_off(&mut self, why: String) {
        self.intact = false;
        self.broken.get_or_insert(why);
    }
}
