//! How vector stores, the files in them and lists of either are written.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use surefoot_knowledge::shelf::{Attached, Batch, Chunking, Counts, Listed, Page, Shown, Status, attribute};
use surefoot_types::{Fault, Timestamp, document::Attribute};
use utoipa::IntoParams;

/// Most entries of attributes and of metadata, and how long their names and texts may be.
const ENTRIES: usize = 16;
const KEY: usize = 64;
const TEXT: usize = 512;
/// What a file is cut into where nobody says otherwise, as it is told: see the knowledge's sizes.
const AUTO: Chunking = Chunking { most: 350, overlap: 0 };
/// Tokens of a passage.
const TOKENS: std::ops::RangeInclusive<u64> = 100..=4096;

/// Which page of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
pub(crate) struct PageParams {
    /// How many.
    limit: Option<usize>,
    /// `desc` for the newest first, or `asc`.
    order: Option<String>,
    /// Only what follows the one of this id.
    after: Option<String>,
    /// Only what goes before the one of this id.
    before: Option<String>,
    /// Only files of vector stores that stand so.
    filter: Option<String>,
    /// Only files for this.
    pub(crate) purpose: Option<String>,
}

impl PageParams {
    pub(crate) fn page(self, usual: usize, most: usize) -> Result<Page, Fault> {
        let limit = self.limit.unwrap_or(usual);
        if !(1..=most).contains(&limit) {
            return Err(Fault::bad_request("limit", format!("`limit` must be from 1 to {most}")));
        }
        let oldest_first = match self.order.as_deref() {
            None | Some("desc") => false,
            Some("asc") => true,
            Some(_) => return Err(Fault::bad_request("order", "`order` must be `asc` or `desc`")),
        };
        if let Some(filter) = &self.filter
            && !Status::ALL.iter().any(|status| status.name() == filter)
        {
            return Err(Fault::bad_request("filter", format!("no file of a vector store stands as '{filter}'")));
        }
        Ok(Page { after: self.after, before: self.before, oldest_first, limit, status: self.filter })
    }
}

/// A list as SDKs turn its pages.
pub(crate) fn listed<T>(listed: &Listed<T>, shown: impl Fn(&T) -> Value) -> Value {
    let data: Vec<Value> = listed.items.iter().map(shown).collect();
    let id = |one: Option<&Value>| one.map(|one| one["id"].clone());
    json!({
        "object": "list",
        "first_id": id(data.first()),
        "last_id": id(data.last()),
        "has_more": listed.more,
        "data": data,
    })
}

pub(crate) fn seconds(at: Timestamp) -> i64 {
    at.as_second()
}

pub(super) fn store(shown: &Shown) -> Value {
    let Shown { store, counts } = shown;
    let status = match counts.of(Status::InProgress) {
        _ if store.expired => "expired",
        0 => "completed",
        _ => "in_progress",
    };
    json!({
        "id": store.id,
        "object": "vector_store",
        "created_at": seconds(store.at),
        "name": store.name,
        "usage_bytes": counts.bytes,
        "file_counts": file_counts(counts),
        "status": status,
        "expires_after": store.days.map(|days| json!({"anchor": "last_active_at", "days": days})),
        "expires_at": store.expires().map(seconds),
        "last_active_at": seconds(store.active),
        "metadata": store.metadata,
    })
}

fn file_counts(counts: &Counts) -> Value {
    let mut told: Map<String, Value> =
        Status::ALL.iter().map(|status| (status.name().to_owned(), counts.of(*status).into())).collect();
    told.insert("total".into(), counts.each.iter().sum::<u64>().into());
    told.into()
}

pub(super) fn file(file: &Attached) -> Value {
    let Chunking { most, overlap } = file.chunking.unwrap_or(AUTO);
    json!({
        "id": file.file,
        "object": "vector_store.file",
        "created_at": seconds(file.at),
        "vector_store_id": file.store,
        "status": file.status.name(),
        "last_error": file.failure,
        "usage_bytes": file.bytes,
        "attributes": file.attributes,
        "chunking_strategy": {
            "type": "static",
            "static": {"max_chunk_size_tokens": most, "chunk_overlap_tokens": overlap},
        },
    })
}

pub(super) fn batch((batch, files): &(Batch, Vec<Attached>)) -> Value {
    let mut counts = Counts::default();
    for file in files {
        counts.add(file.status);
    }
    let status = match counts.of(Status::InProgress) {
        _ if batch.cancelled => "cancelled",
        0 => "completed",
        _ => "in_progress",
    };
    json!({
        "id": batch.id,
        "object": "vector_store.files_batch",
        "created_at": seconds(batch.at),
        "vector_store_id": batch.store,
        "status": status,
        "file_counts": file_counts(&counts),
    })
}

/// Attributes of a file.
pub(super) fn attributes(written: Option<&Map<String, Value>>) -> Result<BTreeMap<String, Attribute>, Fault> {
    let wrong = |told: String| Fault::bad_request("attributes", told);
    let Some(written) = written else { return Ok(BTreeMap::new()) };
    if written.len() > ENTRIES {
        return Err(wrong(format!("there may be at most {ENTRIES} attributes")));
    }
    let one = |(key, value): (&String, &Value)| {
        let value =
            attribute(value).filter(|value| !matches!(value, Attribute::Text(text) if text.chars().count() > TEXT));
        match value {
            Some(value) if key.chars().count() <= KEY => Ok((key.clone(), value)),
            _ => Err(wrong(format!(
                "'{key}' must be a text of at most {TEXT} characters, a number, true or false, under a name of at most {KEY}"
            ))),
        }
    };
    written.iter().map(one).collect()
}

/// What is noted of a vector store.
pub(super) fn metadata(written: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Fault> {
    let fits = |(key, text): (&String, &String)| key.chars().count() <= KEY && text.chars().count() <= TEXT;
    if written.len() > ENTRIES || !written.iter().all(fits) {
        let told = format!("`metadata` has at most {ENTRIES} texts of {TEXT} characters under names of {KEY}");
        return Err(Fault::bad_request("metadata", told));
    }
    Ok(written)
}

/// How files are cut, as a caller writes it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Strategy {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "static")]
    fixed: Option<Fixed>,
}

#[derive(Debug, Clone, Deserialize)]
struct Fixed {
    max_chunk_size_tokens: u64,
    chunk_overlap_tokens: u64,
}

impl Strategy {
    pub(super) fn read(written: Option<Self>) -> Result<Option<Chunking>, Fault> {
        let wrong = |told: &str| Err(Fault::bad_request("chunking_strategy", told));
        let Some(Self { kind, fixed }) = written else { return Ok(None) };
        match (kind.as_str(), fixed) {
            ("auto", None) => Ok(None),
            ("static", Some(Fixed { max_chunk_size_tokens: most, chunk_overlap_tokens: overlap })) => {
                if !TOKENS.contains(&most) {
                    return wrong("`max_chunk_size_tokens` must be from 100 to 4096");
                }
                if overlap > most / 2 {
                    return wrong("`chunk_overlap_tokens` must not exceed half of `max_chunk_size_tokens`");
                }
                // Both are small by now.
                Ok(Some(Chunking { most: most as u32, overlap: overlap as u32 }))
            }
            _ => wrong("`chunking_strategy` is of the type `auto`, or of the type `static` with `static`"),
        }
    }
}
