//! Keys.

use surefoot_types::ports::{Ledger, StoreError};

use crate::samples::key;

/// What a ledger does.
///
/// # Panics
/// Where the backend does not.
pub async fn ledger(ledger: &dyn Ledger) {
    assert_eq!(ledger.key_list().await, Ok(vec![]));
    let keys = [key(1, "admin"), key(2, "app")];
    for one in &keys {
        ledger.key_add(one).await.expect("a key is kept");
    }
    assert!(matches!(ledger.key_add(&key(3, "app")).await, Err(StoreError::Exists(_))));
    assert_eq!(ledger.key_list().await, Ok(keys.to_vec()));
    assert_eq!(ledger.key_remove("admin").await, Ok(true));
    assert_eq!(ledger.key_remove("admin").await, Ok(false));
    assert_eq!(ledger.key_list().await, Ok(keys[1..].to_vec()));
}
