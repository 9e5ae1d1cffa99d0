//! A response that is kept, so that a later request can go on from it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{conversation::Message, ids::ResponseId};

/// One answer of `/v1/responses`, with what it answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// Its id: the number of its trace.
    pub id: ResponseId,
    /// When its request came.
    pub at: Timestamp,
    /// The name of the caller's key.
    pub key: Option<String>,
    /// The key's tenant.
    pub tenant: Option<String>,
    /// The caller's end user: it goes when they are erased.
    pub user: Option<String>,
    /// The response that it went on from.
    pub previous: Option<ResponseId>,
    /// The items that the request brought, in the caller's words, each with an id.
    pub items: Vec<Value>,
    /// What the request brought, in neutral words, without its instructions.
    pub asked: Vec<Message>,
    /// What was answered, in neutral words.
    pub said: Vec<Message>,
    /// The response as the caller got it.
    pub body: Value,
}

impl Response {
    /// Whether a caller with this key and tenant may have it: it is its tenant's, or, without one, its key's.
    pub fn is_of(&self, key: Option<&str>, tenant: Option<&str>) -> bool {
        match &self.tenant {
            Some(own) => tenant == Some(own),
            None => tenant.is_none() && self.key.as_deref() == key,
        }
    }
}
