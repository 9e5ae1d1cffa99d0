//! The processes that share a store.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One process, as it last told of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replica {
    /// Its seat: the name under which it holds leases.
    pub holder: String,
    /// The program's version.
    pub version: String,
    /// BLAKE3 of the project that it serves, in hex.
    pub project_version: String,
    /// Where it serves; absent for a command that only passes through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When it last told of itself, by the store's clock.
    pub at: Timestamp,
}
