//! Access: what a door asks of a key, and who was let in.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use surefoot_gateway::Admitted;
use surefoot_types::{
    Code, Fault,
    key::{Admin, Scope},
};

use crate::{caller::caller, state::App};

/// The name in the audit log of a caller on this machine who came without a key.
pub(crate) const LOCAL: &str = "local";

/// Who was let in. The gate puts it with the request, for the doors behind it.
#[derive(Debug, Clone)]
pub(crate) struct Who(Option<Admitted>);

impl Who {
    /// Who was let in without a gate.
    pub(crate) fn new(admitted: Option<Admitted>) -> Self {
        Self(admitted)
    }

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

    /// Whether they may be shown what is in this knowledge.
    pub(crate) fn may_search(&self, knowledge: &str) -> bool {
        let listed = self.0.as_ref().and_then(|admitted| admitted.scope.knowledge.as_deref());
        Scope::allows(listed, knowledge)
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
    /// Whether what is behind is everybody's, and so not for those who see only one tenant's.
    pub(crate) everybody: bool,
    /// How a refusal is told behind these doors.
    pub(crate) refuse: fn(&Fault) -> Response,
}

/// Lets through whose key opens enough.
pub(crate) async fn gate(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    match gate.app.gateway.admit(&caller(&gate.app, request.headers()), gate.needed) {
        Ok(admitted) => {
            let who = Who(admitted);
            if gate.everybody && who.sees_only().is_some() {
                return (gate.refuse)(&everybodys(&who));
            }
            request.extensions_mut().insert(who);
            next.run(request).await
        }
        Err(told) => {
            let mut response = (gate.refuse)(&told);
            if told.code == Code::Unauthenticated {
                response.extensions_mut().insert(Stranger);
            }
            response
        }
    }
}

/// On a response: it was a refusal of whoever has no known key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stranger;

fn everybodys(who: &Who) -> Fault {
    let told = format!("the key '{}' sees only what is its tenant's, and this is everybody's", who.actor());
    Fault::new(Code::Forbidden, told).hint("It takes a key without a tenant, or one whose `admin` is \"all\".")
}
