//! Limits on requests: in a minute, and at once.

use std::time::Duration;

use surefoot_types::Fault;

use crate::{
    accounts::{Accounts, Counted, Hold},
    events,
};

/// Counts the request in, or refuses it. Its place among those at once is held until its end.
pub(crate) async fn limit(accounts: &Accounts, counted: &Counted<'_>, hold: &mut Hold) -> Result<(), Fault> {
    // What is never charged needs no lease until the end.
    accounts.take(hold, &counted.requests(), Duration::ZERO).await.map_err(|refused| {
        events::request_limited(refused.name(), refused.kind.name());
        refused.fault(counted.now)
    })
}
