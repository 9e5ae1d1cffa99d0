//! Virtual API keys. The secret itself is shown once and never kept: the store holds its hash.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::KeyId;

/// A key as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its id, safe to show.
    pub id: KeyId,
    /// What its owner calls it; unique.
    pub name: String,
    /// SHA-256 of the secret, in hex. The secret has 128 random bits, so it needs no slow hash.
    pub hash: String,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// When it was made.
    pub created: Timestamp,
}
