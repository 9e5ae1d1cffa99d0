//! What callers keep for their own use.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;

use super::Stored;
use crate::shelf::{Item, ItemPage, Sum};

/// Keeps things by place and id.
#[async_trait]
pub trait Shelf: Send + Sync + 'static {
    /// Puts a thing in its place, with its content where it has one. False where something of that id is there
    /// already, or its user was erased at its moment or later: then nothing is put.
    async fn item_put(&self, item: &Item, content: Option<&[u8]>) -> Stored<bool>;

    /// Changes what is kept of a thing; its content stays. False where it is not there (any more).
    async fn item_change(&self, item: &Item) -> Stored<bool>;

    /// A thing.
    async fn item_get(&self, place: &str, id: &str) -> Stored<Option<Item>>;

    /// A thing's content.
    async fn item_content(&self, place: &str, id: &str) -> Stored<Option<Vec<u8>>>;

    /// A page of the things of a place, by when they were put there.
    async fn item_list(&self, place: &str, page: &ItemPage) -> Stored<Vec<Item>>;

    /// How many things stand how at a place.
    async fn item_sums(&self, place: &str) -> Stored<BTreeMap<String, Sum>>;

    /// At most `limit` things of any place for which it is time, the longest due first.
    async fn item_due(&self, now: Timestamp, limit: usize) -> Stored<Vec<Item>>;

    /// The things of this id, wherever they stand.
    async fn item_everywhere(&self, id: &str) -> Stored<Vec<Item>>;

    /// Takes a thing away. Whether it was there.
    async fn item_delete(&self, place: &str, id: &str) -> Stored<bool>;
}
