//! Responses in memory.

use async_trait::async_trait;
use surefoot_types::{
    Timestamp,
    erasure::user_hash,
    ids::ResponseId,
    ports::{Responses, Stored},
    response::Response,
};

use super::MemoryStore;

#[async_trait]
impl Responses for MemoryStore {
    async fn response_put(&self, response: &Response) -> Stored<()> {
        let mut inner = self.lock();
        let hash = response.user.as_deref().map(user_hash);
        let is_erased = inner.erasures.iter().any(|one| Some(&one.user) == hash.as_ref() && response.at <= one.at);
        if !is_erased {
            inner.responses.insert(response.id, response.clone());
        }
        Ok(())
    }

    async fn response_get(&self, id: ResponseId) -> Stored<Option<Response>> {
        Ok(self.lock().responses.get(&id).cloned())
    }

    async fn response_chain(&self, id: ResponseId, limit: usize) -> Stored<Vec<Response>> {
        let inner = self.lock();
        let mut next = Some(id);
        let links = std::iter::from_fn(|| {
            let found = inner.responses.get(&next?)?;
            next = found.previous;
            Some(found.clone())
        });
        let mut chain: Vec<Response> = links.take(limit).collect();
        chain.reverse();
        Ok(chain)
    }

    async fn response_delete(&self, id: ResponseId) -> Stored<bool> {
        Ok(self.lock().responses.remove(&id).is_some())
    }

    async fn response_prune(&self, before: Timestamp) -> Stored<u64> {
        let mut inner = self.lock();
        let kept = inner.responses.split_off(&ResponseId::first(before));
        Ok(std::mem::replace(&mut inner.responses, kept).len() as u64)
    }
}
