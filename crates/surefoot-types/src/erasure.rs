//! Erasure: everything that was derived from one end user goes, and a certificate says how much that was.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A user who was erased, as the store remembers it: not by name, so that the memory itself is no
/// personal data, and only so long as something late of theirs could still arrive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Its number, rising.
    pub number: u64,
    /// BLAKE3 of the user's name, keyed with nothing: see [`user_hash`].
    pub user: String,
    /// Everything of theirs up to this moment goes.
    pub at: Timestamp,
}

/// What a store took away for one user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erased {
    /// The erasure's number.
    pub number: u64,
    /// How many of each kind went: `traces`, `feedback`, `spend_rows`, `accounts`, `run_cases`, `responses`, `documents`,
    /// `passages`, `files`, `spooled`.
    pub counts: BTreeMap<String, u64>,
    /// The documents that went, as `knowledge/path`: their files may still lie in a folder.
    pub documents: Vec<String>,
}

impl Erased {
    /// Counts `many` of a kind.
    pub fn count(&mut self, kind: &str, many: u64) {
        *self.counts.entry(kind.to_owned()).or_default() += many;
    }
}

/// The name under which an erased user is remembered.
pub fn user_hash(user: &str) -> String {
    blake3::hash(user.as_bytes()).to_string()
}
