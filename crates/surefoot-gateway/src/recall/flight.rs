//! Equal requests that come while one of them is being answered wait for its answer, and are not asked again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::timeout};

/// The requests that others wait for.
#[derive(Debug, Clone, Default)]
pub(super) struct Flights(Arc<Mutex<HashMap<blake3::Hash, watch::Receiver<()>>>>);

/// Others wait while this lives. Dropped, whatever became of it, they go on.
#[derive(Debug)]
pub(crate) struct Lead {
    place: blake3::Hash,
    flights: Flights,
    /// Its end is what the others wait for.
    _over: watch::Sender<()>,
}

impl Flights {
    /// The lead for this place, if nobody has it; else waits for whoever has it to end, and no longer than `limit`.
    /// Who has waited once goes on alone: a leader that fails must not make the others wait for one another.
    pub(super) async fn lead_or_wait(&self, place: blake3::Hash, limit: Duration) -> Option<Lead> {
        let mut leader = match self.lead(place) {
            Ok(lead) => return Some(lead),
            Err(leader) => leader,
        };
        // It ends by being dropped, or is waited for no longer.
        let _ = timeout(limit, async { while leader.changed().await.is_ok() {} }).await;
        None
    }

    fn lead(&self, place: blake3::Hash) -> Result<Lead, watch::Receiver<()>> {
        let mut flights = self.lock();
        if let Some(leader) = flights.get(&place) {
            return Err(leader.clone());
        }
        let (over, waits) = watch::channel(());
        flights.insert(place, waits);
        Ok(Lead { place, flights: self.clone(), _over: over })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<blake3::Hash, watch::Receiver<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        self.flights.lock().remove(&self.place);
    }
}
