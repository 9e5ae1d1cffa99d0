//! Responses that later requests go on from.

use async_trait::async_trait;
use jiff::Timestamp;

use super::Stored;
use crate::{ids::ResponseId, response::Response};

/// Keeps responses.
#[async_trait]
pub trait Responses: Send + Sync + 'static {
    /// Keeps a response. One of a user who was erased at its moment or later is not kept.
    async fn response_put(&self, response: &Response) -> Stored<()>;

    /// A response.
    async fn response_get(&self, id: ResponseId) -> Stored<Option<Response>>;

    /// A response after those that it went on from, oldest first: at most `limit` of them, counted from the
    /// latest. It begins later where one of them is no longer kept. Empty where the response itself is not.
    async fn response_chain(&self, id: ResponseId, limit: usize) -> Stored<Vec<Response>>;

    /// Takes a response away. Whether it was there.
    async fn response_delete(&self, id: ResponseId) -> Stored<bool>;

    /// Takes away the responses from before a moment. How many there were.
    async fn response_prune(&self, before: Timestamp) -> Stored<u64>;
}
