//! Two versions of a folder: what following the second after the first costs and reports.

use std::{path::Path, time::Duration};

use serde::Serialize;
use surefoot_types::{Chance, Clock, Fault, ports::Library};

use crate::{
    embed::Embedder,
    ingest::{Report, Source, ingest},
};

/// What each ingest did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Synced {
    /// The first version.
    pub first: Report,
    /// The second one, over the first.
    pub second: Report,
    /// The second one again.
    pub again: Report,
}

/// Ingests `v1`, then `v2` as if it had taken its place, then `v2` again.
pub async fn synced(
    folder: &Path,
    library: &dyn Library,
    embedder: &dyn Embedder,
    clock: &dyn Clock,
    chance: &dyn Chance,
) -> Result<Synced, Fault> {
    let at = |version: &str| Source::folder("sync", folder.join(version));
    let quiet = |_| ();
    let first = ingest(&at("v1"), library, embedder, clock, chance, &quiet).await?;
    let second = ingest(&at("v2"), library, embedder, clock, chance, &quiet).await?;
    let again = ingest(&at("v2"), library, embedder, clock, chance, &quiet).await?;
    Ok(Synced { first, second, again })
}

impl Synced {
    /// How long all three took.
    pub fn took(&self) -> Duration {
        self.first.took + self.second.took + self.again.took
    }
}
