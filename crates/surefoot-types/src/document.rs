//! Documents and their passages, as ingest makes them and search returns them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{citation::Range, ids::DocumentId};

/// One version of a source file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Its id; a new version gets a new one.
    pub id: DocumentId,
    /// The knowledge it belongs to.
    pub knowledge: String,
    /// Its path within the knowledge's folder, with forward slashes, or its URL. Unique within the knowledge.
    pub path: String,
    /// Its title: from the format's own field, the first heading, or the file's name.
    pub title: String,
    /// `markdown`, `html`, `text`, `pdf`, `docx` and so on.
    pub format: String,
    /// What it says of itself: author, date, front matter.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// BLAKE3 of the source's bytes, in hex: an unchanged file costs a hash.
    pub hash: String,
    /// What its source calls this version (an ETag, a date, a git hash), so that it need not be fetched again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The generation of readers that made its text: a later one may read more of the same bytes.
    #[serde(default)]
    pub reader: u32,
    /// The user whose document it is, where it says so: it goes when that user is erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Size of the source in bytes.
    pub bytes: u64,
    /// When this version was read.
    pub at: Timestamp,
    /// The text that ranges point into. For Markdown and plain text it is the source, byte for byte
    /// (as UTF-8); for HTML and PDF it is the text taken out of it.
    pub text: String,
}

/// A retrievable piece of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    /// Position within its document, from 0.
    pub ordinal: u32,
    /// Headings from the document's top to the passage.
    pub heading_path: Vec<String>,
    /// Its place in the document's text.
    pub range: Range,
    /// Page, for paged formats; from 1.
    pub page: Option<u32>,
    /// What stands further up and explains it: the head of the table, or the first line of the function, that it
    /// continues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<String>,
    /// Its text: exactly the bytes of `range`.
    pub text: String,
}

/// A passage with its key in the store and the document it is from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredPassage {
    /// Its key: never used again for another passage.
    pub key: u64,
    /// The version of the document that it is from.
    pub document_id: DocumentId,
    /// The document's path.
    pub path: String,
    /// The document's title.
    pub title: String,
    /// The passage itself.
    pub passage: Passage,
}

/// A passage that was found, with what was found in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// The passage.
    pub found: StoredPassage,
    /// The fused score, 0 to 1 within one query.
    pub score: f32,
    /// BM25 score, if the lexical leg found it.
    pub lexical: Option<f32>,
    /// Cosine similarity, if the vector leg found it.
    pub vector: Option<f32>,
    /// Where nearly the same stands, which was found too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Also>,
}

/// A passage that says nearly the same as one that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Also {
    /// Its key.
    pub key: u64,
    /// The version of the document that it is from.
    pub document_id: DocumentId,
    /// The document's path.
    pub path: String,
    /// The document's title.
    pub title: String,
}

/// Vectors of one document's passages, in their order, one signed byte a component.
/// The cosine of two quantised unit vectors is their dot product over their norms.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vectors {
    /// Which embedder made them: vectors of different embedders are never compared.
    pub embedder: String,
    /// Components in each.
    pub dimensions: usize,
    /// All of them, one after the other: `dimensions` bytes a passage.
    pub data: Vec<i8>,
}

/// What the store knows of a source without reading it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The document's path.
    pub path: String,
    /// The document's id.
    pub document_id: DocumentId,
    /// BLAKE3 of its bytes, in hex.
    pub hash: String,
    /// The embedder of its vectors.
    pub embedder: String,
    /// What its source calls this version.
    pub etag: Option<String>,
    /// The generation of readers that made its text.
    pub reader: u32,
    /// Its format.
    pub format: String,
    /// What it says of itself.
    pub metadata: BTreeMap<String, String>,
}

impl Stamp {
    /// The stamp of a document whose vectors are of this embedder. The document needs no text.
    pub fn of(document: Document, embedder: String) -> Self {
        let Document { id, path, hash, etag, reader, format, metadata, .. } = document;
        Self { path, document_id: id, hash, embedder, etag, reader, format, metadata }
    }
}
