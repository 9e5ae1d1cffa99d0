//! Secrets of the store's own.

use futures_util::future::join_all;
use surefoot_types::ports::Vault;

/// What a vault does.
///
/// # Panics
/// Where the backend does not.
pub async fn vault(vault: &dyn Vault) {
    let told = join_all((0..8).map(|n| vault.secret_keep("one", [n; 32]))).await;
    let first = told[0].clone().expect("a secret");
    assert!(first[0] < 8 && first.iter().all(|byte| *byte == first[0]), "it is one of those that were offered");
    assert!(told.iter().all(|one| *one == Ok(first)), "all at once are told the same");
    assert_eq!(vault.secret_keep("one", [9; 32]).await, Ok(first));
    assert_eq!(vault.secret_keep("two", [9; 32]).await, Ok([9; 32]), "each name has its own");
}
