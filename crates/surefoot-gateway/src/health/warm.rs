//! Who served a session, or the same beginning of a prompt, last: its prompt cache is warm there.

use std::time::Duration;

use moka::sync::Cache;
use tokio::time::Instant;

/// So many prefixes are remembered.
const MOST: u64 = 100_000;
/// No provider keeps a prompt for longer.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Prefixes, and who served them.
pub(super) struct Warm(Cache<blake3::Hash, Warmth>);

/// Who served a prefix.
#[derive(Debug, Clone)]
pub(crate) struct Warmth {
    /// `provider/model-id`.
    pub(crate) target: String,
    /// The id of the key: caches belong to accounts.
    pub(crate) key: Option<String>,
    at: Instant,
}

impl Default for Warm {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MOST).time_to_live(LONGEST).build())
    }
}

impl Warm {
    pub(super) fn get(&self, prefix: &blake3::Hash, lives: Duration) -> Option<Warmth> {
        self.0.get(prefix).filter(|warmth| warmth.at.elapsed() < lives)
    }

    pub(super) fn put(&self, prefix: blake3::Hash, target: String, key: Option<&str>) {
        self.0.insert(prefix, Warmth { target, key: key.map(str::to_owned), at: Instant::now() });
    }
}
