//! Secrets of the store's own, in memory.

use async_trait::async_trait;
use surefoot_types::ports::{SecretBytes, Stored, Vault};

use super::MemoryStore;

#[async_trait]
impl Vault for MemoryStore {
    async fn secret_keep(&self, name: &str, fresh: SecretBytes) -> Stored<SecretBytes> {
        Ok(*self.lock().secrets.entry(name.to_owned()).or_insert(fresh))
    }
}
