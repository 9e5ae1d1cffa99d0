//! `/api/audit`: the log of what was done to this Surefoot, and its proof.

pub(crate) mod list;
pub(crate) mod verify;

use serde_json::Value;
use surefoot_types::{
    Fault,
    audit::{AuditDraft, AuditEvent},
};

use crate::{access::Who, state::App};

/// Notes what was done.
pub(crate) async fn note(
    app: &App,
    who: &Who,
    action: &str,
    subject: &str,
    detail: Value,
) -> Result<AuditEvent, Fault> {
    let draft = AuditDraft {
        at: app.clock.now(),
        actor: who.actor().to_owned(),
        action: action.to_owned(),
        subject: subject.to_owned(),
        detail,
    };
    app.store.audit_add(&draft).await.map_err(|error| {
        let fault = Fault::from(error);
        let told =
            format!("it is done ({action} {subject}), but could not be noted in the audit log: {}", fault.message);
        Fault { message: told, ..fault }
    })
}
