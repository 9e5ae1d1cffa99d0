//! What is kept of files, vector stores, the files in them, and batches of those.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use surefoot_types::{
    Fault, Timestamp,
    document::Attribute,
    shelf::{FILES, Item},
};

/// What the places of vector stores, of the files in one and of their batches begin with.
pub(super) const STORES: &str = "stores:";
pub(super) const ATTACHED: &str = "attached:";
pub(super) const BATCHES: &str = "batches:";

/// An uploaded file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its id.
    pub id: String,
    /// Its name, whose ending tells its format.
    pub name: String,
    /// What its owner wants it for.
    pub purpose: String,
    /// When it came.
    pub at: Timestamp,
    /// When it goes by itself.
    pub expires: Option<Timestamp>,
    /// Its size.
    pub bytes: u64,
    /// The end user whose it is.
    pub user: Option<String>,
}

/// A vector store that a caller made: a knowledge whose name is its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VectorStore {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What its owner notes of it.
    pub metadata: BTreeMap<String, String>,
    /// When it was made.
    pub at: Timestamp,
    /// When it was used last, to the hour or so.
    pub active: Timestamp,
    /// After how many days without use it goes.
    pub days: Option<u32>,
    /// It was not used for so long that what was in it is gone.
    pub expired: bool,
}

impl VectorStore {
    /// When it goes, unless it is used before.
    pub fn expires(&self) -> Option<Timestamp> {
        self.active.checked_add(Duration::from_secs(u64::from(self.days?) * 86_400)).ok()
    }
}

/// How a file is cut into passages; in tokens, of which one counts as four bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunking {
    /// Most tokens of a passage.
    pub most: u32,
    /// How many of them the passage before it ends with.
    pub overlap: u32,
}

/// How a file in a vector store stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is being read.
    InProgress,
    /// It can be found.
    Completed,
    /// It was called off before it was read.
    Cancelled,
    /// It could not be read.
    Failed,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::InProgress, Self::Completed, Self::Cancelled, Self::Failed];

    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// `unsupported_file`, `invalid_file` or `server_error`.
    pub code: String,
    /// For people.
    pub message: String,
}

/// A file in a vector store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attached {
    /// The file's id.
    pub file: String,
    /// The vector store's.
    pub store: String,
    /// The mark of whose they are.
    pub owner: String,
    /// The file's name.
    pub name: String,
    /// The end user whose the file is.
    pub user: Option<String>,
    /// When it came in.
    pub at: Timestamp,
    /// What searches may be confined by.
    pub attributes: BTreeMap<String, Attribute>,
    /// How it is cut, where its owner says.
    pub chunking: Option<Chunking>,
    /// How it stands.
    pub status: Status,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// What its passages and their vectors take, in bytes.
    pub bytes: u64,
    /// How often it was begun to be read.
    pub tries: u32,
}

/// Files that came into a vector store together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Its id.
    pub id: String,
    /// The vector store's.
    pub store: String,
    /// When they came.
    pub at: Timestamp,
    /// Their ids.
    pub files: Vec<String>,
    /// It was called off.
    pub cancelled: bool,
}

/// Something that is kept as an item.
pub(super) trait Kept: Serialize + DeserializeOwned {
    /// As an item of an owner.
    fn item(&self, owner: &str) -> Item;

    /// Of an item.
    fn of(item: Item) -> Result<Self, Fault> {
        serde_json::from_value(item.body)
            .map_err(|error| Fault::internal(format!("what is kept cannot be read: {error}")))
    }

    fn body(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Kept for File {
    fn item(&self, owner: &str) -> Item {
        Item {
            place: format!("{FILES}{owner}"),
            id: self.id.clone(),
            at: self.at,
            due: self.expires,
            user: self.user.clone(),
            // What lists of files are narrowed by.
            status: self.purpose.clone(),
            bytes: self.bytes,
            body: self.body(),
        }
    }
}

impl Kept for VectorStore {
    fn item(&self, owner: &str) -> Item {
        Item {
            place: format!("{STORES}{owner}"),
            id: self.id.clone(),
            at: self.at,
            due: self.expires().filter(|_| !self.expired),
            user: None,
            status: if self.expired { "expired" } else { "open" }.into(),
            bytes: 0,
            body: self.body(),
        }
    }
}

impl Kept for Attached {
    fn item(&self, _: &str) -> Item {
        Item {
            place: format!("{ATTACHED}{}", self.store),
            id: self.file.clone(),
            at: self.at,
            due: None,
            user: self.user.clone(),
            status: self.status.name().into(),
            bytes: self.bytes,
            body: self.body(),
        }
    }
}

impl Kept for Batch {
    fn item(&self, _: &str) -> Item {
        Item {
            place: format!("{BATCHES}{}", self.store),
            id: self.id.clone(),
            at: self.at,
            due: None,
            user: None,
            status: String::new(),
            bytes: 0,
            body: self.body(),
        }
    }
}
