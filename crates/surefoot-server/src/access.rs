//! Access: what a door asks of a key, and who was let in.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use surefoot_gateway::Admitted;
use surefoot_types::{Fault, key::Admin};

use crate::{caller::caller, state::App};

/// The name in the audit log of a caller on this machine who came without a key.
pub(crate) const LOCAL: &str = "local";

/// Who was let in. The gate puts it with the request, for the doors behind it.
#[derive(Debug, Clone)]
pub(crate) struct Who(Option<Admitted>);

impl Who {
    /// The name under which the audit log notes what they do.
    pub(crate) fn actor(&self) -> &str {
        self.0.as_ref().map_or(LOCAL, |admitted| &admitted.key)
    }

    /// The key that they came with, if any.
    pub(crate) fn admitted(&self) -> Option<&Admitted> {
        self.0.as_ref()
    }

    /// Whether doors that ask for so much are open to them.
    pub(crate) fn may(&self, needed: Admin) -> bool {
        self.0.as_ref().is_none_or(|admitted| admitted.scope.admin >= needed)
    }

    /// The tenant whose records are all that they see; absent for those who see everybody's.
    pub(crate) fn sees_only(&self) -> Option<&str> {
        let limited = self.0.as_ref().filter(|admitted| admitted.scope.admin < Admin::All)?;
        limited.tenant.as_deref()
    }

    /// Whether they see the records of this tenant, or of nobody's where there is none.
    pub(crate) fn sees(&self, tenant: Option<&str>) -> bool {
        self.sees_only().is_none_or(|own| tenant == Some(own))
    }
}

/// What stands before a group of doors.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) app: App,
    /// How much a key must open.
    pub(crate) needed: Admin,
    /// How a refusal is told behind these doors.
    pub(crate) refuse: fn(&Fault) -> Response,
}

/// Lets through whose key opens enough.
pub(crate) async fn gate(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    match gate.app.gateway.admit(&caller(&gate.app, request.headers()), gate.needed) {
        Ok(admitted) => {
            request.extensions_mut().insert(Who(admitted));
            next.run(request).await
        }
        Err(told) => (gate.refuse)(&told),
    }
}
