//! Secrets of the store's own.

use async_trait::async_trait;

use super::Stored;

/// A secret's bytes.
pub type SecretBytes = [u8; 32];

/// Keeps secrets that every process over the store shares, and that nobody needs to write down: keys for what
/// Surefoot itself signs.
#[async_trait]
pub trait Vault: Send + Sync + 'static {
    /// The secret of this name: the one that is there, or `fresh`, which is kept from now on.
    async fn secret_keep(&self, name: &str, fresh: SecretBytes) -> Stored<SecretBytes>;
}
