//! Who may call.

use async_trait::async_trait;

use super::Stored;
use crate::key::Key;

/// Keeps virtual keys.
#[async_trait]
pub trait Ledger: Send + Sync + 'static {
    /// Keeps a key; an error if its name is taken.
    async fn key_add(&self, key: &Key) -> Stored<()>;

    /// All keys, oldest first.
    async fn key_list(&self) -> Stored<Vec<Key>>;

    /// Takes a key away; false if there was none of that name.
    async fn key_remove(&self, name: &str) -> Stored<bool>;
}
