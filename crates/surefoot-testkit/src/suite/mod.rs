//! The suite that every storage backend passes. Each function gets an empty store.

mod archive;
mod books;
mod escrow;
mod journal;
mod ledger;
mod library;
mod notebook;
mod responses;
mod vault;

use std::{
    future::Future,
    time::{Duration, Instant},
};

pub use archive::archive;
pub use books::books;
pub use escrow::escrow;
pub use journal::journal;
pub use ledger::ledger;
pub use library::library;
pub use notebook::notebook;
pub use responses::responses;
pub use vault::vault;

/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until `condition` holds.
///
/// # Panics
/// When it does not within half a minute; `missing` says what that means.
pub async fn until<F: Future<Output = bool>>(missing: &str, mut condition: impl FnMut() -> F) {
    let begun = Instant::now();
    while !condition().await {
        assert!(begun.elapsed() < PATIENCE, "{missing}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
