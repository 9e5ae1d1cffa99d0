//! What callers keep for their own use: files that they upload, vector stores that they make, and the files in those.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the name begins with of a knowledge that a caller made as a vector store. The project's own never do.
pub const MADE: &str = "vst_";
/// What the places of uploaded files begin with.
pub const FILES: &str = "files:";
/// Characters of an owner's mark.
const MARK: usize = 16;

/// One thing that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Where it stands: its kind, and whose it is or what it is in.
    pub place: String,
    /// Its id, unique at its place.
    pub id: String,
    /// When it was put there.
    pub at: Timestamp,
    /// When something must be done about it.
    pub due: Option<Timestamp>,
    /// The end user whose it is, if any: it goes when they are erased.
    pub user: Option<String>,
    /// How it stands, by which things are counted.
    pub status: String,
    /// How much it takes, in bytes.
    pub bytes: u64,
    /// Everything else.
    pub body: Value,
}

/// How many there are, and how much they take together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many.
    pub many: u64,
    /// Bytes.
    pub bytes: u64,
}

/// Which of the items of a place are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ItemPage {
    /// Only those beyond this one, in the order of the list.
    pub beyond: Option<(Timestamp, String)>,
    /// The newest first.
    pub newest_first: bool,
    /// Only those that stand so.
    pub status: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// Whose the things are that a key puts on the shelf: its tenant's, or, without one, its own. Callers without a key
/// share theirs.
pub fn owner_mark(key: Option<&str>, tenant: Option<&str>) -> String {
    let mut hasher = blake3::Hasher::new();
    let (kind, name) = match (tenant, key) {
        (Some(tenant), _) => ("tenant", tenant),
        (None, Some(key)) => ("key", key),
        (None, None) => ("", ""),
    };
    hasher.update(kind.as_bytes()).update(b"\0").update(name.as_bytes());
    hasher.finalize().to_hex()[..MARK].to_owned()
}

/// Whether the owner of this mark may have a knowledge, as far as its name tells: a vector store that a caller made
/// ends with the mark of whose it is, so that nothing need be looked up, and nobody can guess their way in.
pub fn may_have(knowledge: &str, mark: &str) -> bool {
    !knowledge.starts_with(MADE) || knowledge.ends_with(mark) && mark.len() == MARK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_a_store_is() {
        let marks =
            [(None, None), (Some("a"), None), (Some("b"), None), (Some("a"), Some("t")), (Some("b"), Some("t"))]
                .map(|(key, tenant)| owner_mark(key, tenant));
        assert_eq!(marks[3], marks[4], "a tenant's keys share");
        for (one, mark) in marks[..4].iter().enumerate() {
            let name = format!("{MADE}01jd8n6y4vq0t2x5w9zk3m7c1f{mark}");
            for (other, mark) in marks[..4].iter().enumerate() {
                assert_eq!(may_have(&name, mark), one == other);
            }
            assert!(!may_have(&name, "") && !may_have(&name, &mark[1..]));
            assert!(may_have("docs", mark));
        }
        assert_ne!(owner_mark(Some("x"), None), owner_mark(None, Some("x")));
    }
}
