//! Documents, their passages and vectors. The library is the truth; every index is derived from it
//! and follows its changes.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::Stored;
use crate::{
    document::{Attribute, Document, Passage, Stamp, StoredPassage, Vectors},
    ids::DocumentId,
};

/// What happened to a knowledge's passages, for indexes that follow.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// These passages came (with their vectors, in the same order).
    Added {
        /// The passages.
        passages: Vec<StoredPassage>,
        /// Their vectors.
        vectors: Vectors,
    },
    /// These keys went.
    Removed {
        /// The keys.
        keys: Vec<u64>,
    },
}

/// Keeps documents.
#[async_trait]
pub trait Library: Send + Sync + 'static {
    /// A name that no other library has, made with it: an index says whose changes it has followed.
    async fn library_id(&self) -> Stored<String>;

    /// Keeps a document with its passages and vectors, in place of the version with the same
    /// knowledge and path, in one transaction: readers see all of the old or all of the new. A source that
    /// went with its owner (see [`tombstone_list`](Self::tombstone_list)) is not kept.
    async fn document_put(&self, document: &Document, passages: &[Passage], vectors: &Vectors) -> Stored<()>;

    /// Takes a document away with its passages; false if there was none.
    async fn document_remove(&self, knowledge: &str, path: &str) -> Stored<bool>;

    /// Gives a document other attributes, and leaves the rest of it; false if there was none.
    async fn document_mark(
        &self,
        knowledge: &str,
        path: &str,
        attributes: &BTreeMap<String, Attribute>,
    ) -> Stored<bool>;

    /// A document by id.
    async fn document_get(&self, id: DocumentId) -> Stored<Option<Document>>;

    /// What is there of a knowledge, by path.
    async fn document_stamps(&self, knowledge: &str) -> Stored<Vec<Stamp>>;

    /// Passages by key; unknown keys are left out. In the order of `keys`.
    async fn passage_get(&self, keys: &[u64]) -> Stored<Vec<StoredPassage>>;

    /// The passages of a document, in order.
    async fn passage_list(&self, document: DocumentId) -> Stored<Vec<StoredPassage>>;

    /// The number of the latest change to a knowledge; 0 when nothing ever happened.
    async fn change_latest(&self, knowledge: &str) -> Stored<u64>;

    /// At most `limit` changes to a knowledge after number `after`, oldest first, each with its
    /// number. A change whose document has gone or been replaced since may be left out, as the
    /// later change says all that is left to say.
    async fn change_list(&self, knowledge: &str, after: u64, limit: usize) -> Stored<Vec<(u64, Change)>>;

    /// The hashes of those sources of a knowledge that went when their owner was erased, in order: a file that
    /// still lies there unchanged does not come back.
    async fn tombstone_list(&self, knowledge: &str) -> Stored<Vec<String>>;

    /// The names of all knowledge with documents.
    async fn knowledge_list(&self) -> Stored<Vec<String>>;
}
