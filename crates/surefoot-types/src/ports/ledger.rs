//! Who may call, and what may still be spent.

use std::time::Duration;

use async_trait::async_trait;

use super::Stored;
use crate::{
    budget::{AccountId, AccountState, Lease, LeaseAsk, Lives},
    key::Key,
    replica::Replica,
};

/// Keeps virtual keys, accounts and the leases on them, and who shares them.
#[async_trait]
pub trait Ledger: Send + Sync + 'static {
    /// Keeps a key; an error if its name is taken.
    async fn key_add(&self, key: &Key) -> Stored<()>;

    /// Keeps a key in place of `was`, the one with its id; false if there is none. Where that is not `was` any more,
    /// somebody changed it meanwhile: an error, and nothing is changed.
    async fn key_put(&self, was: &Key, key: &Key) -> Stored<bool>;

    /// All keys, oldest first.
    async fn key_list(&self) -> Stored<Vec<Key>>;

    /// The keys as they were last read from this place, for a process that begins while the store is away; `None`
    /// where nobody has read them here.
    async fn key_recall(&self) -> Stored<Option<Vec<Key>>> {
        self.key_list().await.map(Some)
    }

    /// Takes a key away; false if there was none of that name.
    async fn key_remove(&self, name: &str) -> Stored<bool>;

    /// A number that is another one after every change to any key, whoever made it.
    async fn key_version(&self) -> Stored<u64>;

    /// Changes a holder's leases, and lets all of its leases live on for `lives`, by the store's clock. An
    /// account gives at most its limit, less what was charged to it, less what others hold of it: the
    /// sum of charges and living leases never exceeds the limit by this. Leases that have run out count
    /// for nothing and go. In the order of `asks`, all in one transaction.
    ///
    /// Who needs more than there is stands in a line, for as long as they ask again within a second: until the first
    /// of them was served the account gives others nothing more.
    async fn lease_change(&self, holder: &str, asks: &[LeaseAsk], lives: Lives) -> Stored<Vec<Lease>>;

    /// The accounts that a holder has a lease of, and others wait for.
    async fn lease_wanted(&self, holder: &str) -> Stored<Vec<AccountId>>;

    /// Gives back all leases of a holder.
    async fn lease_release(&self, holder: &str) -> Stored<()>;

    /// Every account whose text begins with `start`, in the order of their texts.
    async fn account_list(&self, start: &str) -> Stored<Vec<AccountState>>;

    /// Takes away accounts whose window began before a moment and that have no living lease, but for windows
    /// that never end (their start is 0). How many there were.
    async fn account_prune(&self, before: jiff::Timestamp) -> Stored<u64>;

    /// Says that a process is there (its `at` is not read: the store's clock says when), and gives all that
    /// were heard of within `lives`, by holder.
    async fn replica_beat(&self, replica: &Replica, lives: Duration) -> Stored<Vec<Replica>>;
}
