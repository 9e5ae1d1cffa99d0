//! What is searched while the library is away: the indexes, and the passages that they keep.

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use surefoot_types::{Code, Fault, document::StoredPassage};
use tokio::time::{Instant, timeout};

use super::Knowledge;
use crate::index::{Index, Origin};

/// How long the library is waited for where there are copies.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// How long it is left alone once it did not answer.
const PAUSE: Duration = Duration::from_secs(5);

/// A library that may be away.
#[derive(Default)]
pub(super) struct Away {
    /// When it is asked again, if it did not answer.
    until: Mutex<Option<Instant>>,
    /// Indexes that were opened without it. Whether they are its own is not known: they go when it is back.
    opened: tokio::sync::Mutex<HashMap<String, Arc<Index>>>,
}

impl Away {
    /// Whether the library is to be left alone. One who asks when the pause is over begins the next one: the others
    /// do not wait with him.
    fn is_paused(&self) -> bool {
        let now = Instant::now();
        let mut until = self.until();
        match *until {
            Some(moment) if moment > now => true,
            Some(_) => {
                *until = Some(now + PAUSE);
                false
            }
            None => false,
        }
    }

    /// It did not answer.
    fn pause(&self, fault: &Fault) {
        let before = self.until().replace(Instant::now() + PAUSE);
        if before.is_none() {
            tracing::warn!(%fault, "the library is away: searches are answered from the copies that are kept here");
        }
    }

    /// It answered.
    async fn is_back(&self) {
        if self.until().take().is_some() {
            self.opened.lock().await.clear();
            tracing::info!("the library is back");
        }
    }

    fn until(&self) -> MutexGuard<'_, Option<Instant>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Knowledge {
    /// A knowledge's index as it can be searched, and whether it was brought up to date: where copies are kept, it
    /// need not be.
    pub(super) async fn searchable(&self, knowledge: &str) -> Result<(Arc<Index>, bool), Fault> {
        let Some(away) = &self.away else { return Ok((self.index(knowledge).await?, true)) };
        if away.is_paused() {
            return Ok((self.kept(away, knowledge).await?, false));
        }
        match self.followed(knowledge).await {
            Ok(index) => {
                away.is_back().await;
                Ok((index, true))
            }
            Err(fault) if fault.code == Code::Unavailable => {
                away.pause(&fault);
                // What is not kept either is told as what it is: the library's absence.
                self.kept(away, knowledge).await.map(|index| (index, false)).map_err(|_| fault)
            }
            Err(fault) => Err(fault),
        }
    }

    /// A knowledge's index, up to date, from a library that answers soon. What it has to tell may take longer.
    async fn followed(&self, knowledge: &str) -> Result<Arc<Index>, Fault> {
        let latest = timeout(PATIENCE, self.library.change_latest(knowledge)).await.map_err(|_| silent())??;
        let index = self.opened(knowledge).await?;
        index.follow(&*self.library, latest).await?;
        Ok(index)
    }

    /// A knowledge's index as it was left.
    async fn kept(&self, away: &Away, knowledge: &str) -> Result<Arc<Index>, Fault> {
        // Held by whoever waits for the library: nobody waits for him.
        if let Some(index) = self.indexes.try_lock().ok().and_then(|indexes| indexes.get(knowledge).cloned()) {
            return Ok(index);
        }
        let mut opened = away.opened.lock().await;
        if let Some(index) = opened.get(knowledge) {
            return Ok(index.clone());
        }
        let unknown = || Fault::new(Code::Unavailable, format!("of '{knowledge}' nothing is kept here"));
        let folder = self.place(knowledge).ok_or_else(unknown)?;
        let usable = |origin: &Origin| origin.copies && origin.embedder == self.embedder.name();
        let origin = Index::origin_in(&folder).await?.filter(usable).ok_or_else(unknown)?;
        let index = Index::open(knowledge, Some(folder), origin, self.embedder.dimensions()).await?;
        let index = Arc::new(index);
        opened.insert(knowledge.to_owned(), index.clone());
        Ok(index)
    }

    /// Passages by key: from the library, or from the copies while it is away.
    pub(super) async fn passages(
        &self,
        index: &Index,
        is_followed: bool,
        keys: Vec<u64>,
    ) -> Result<Vec<StoredPassage>, Fault> {
        let Some(away) = &self.away else { return Ok(self.library.passage_get(&keys).await?) };
        if is_followed {
            match timeout(PATIENCE, self.library.passage_get(&keys)).await {
                Ok(Ok(found)) => return Ok(found),
                Ok(Err(error)) => {
                    let fault = Fault::from(error);
                    if fault.code != Code::Unavailable {
                        return Err(fault);
                    }
                    away.pause(&fault);
                }
                Err(_) => away.pause(&silent()),
            }
        }
        index.copies(keys).await
    }
}

fn silent() -> Fault {
    Fault::new(Code::Unavailable, "the library does not answer")
}
