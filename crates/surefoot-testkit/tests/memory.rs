//! The suite, on the store in memory.

use surefoot_testkit::{MemoryStore, suite};

#[tokio::test]
async fn journal() {
    suite::journal(&MemoryStore::default()).await;
}

#[tokio::test]
async fn ledger() {
    suite::ledger(&MemoryStore::default()).await;
}

#[tokio::test]
async fn escrow() {
    suite::escrow(&MemoryStore::default()).await;
}

#[tokio::test]
async fn books() {
    suite::books(&MemoryStore::default()).await;
}

#[tokio::test]
async fn archive() {
    suite::archive(&MemoryStore::default()).await;
}

#[tokio::test]
async fn library() {
    suite::library(&MemoryStore::default()).await;
}

#[tokio::test]
async fn responses() {
    suite::responses(&MemoryStore::default()).await;
}

#[tokio::test]
async fn notebook() {
    suite::notebook(&MemoryStore::default()).await;
}

#[tokio::test]
async fn vault() {
    suite::vault(&MemoryStore::default()).await;
}
