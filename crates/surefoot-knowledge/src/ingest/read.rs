//! One source to a document with its passages: the part that runs on threads of its own.

use std::{collections::BTreeMap, path::Path};

use surefoot_types::document::Passage;

use super::parse;
use crate::passages::{Sizes, cut};

/// A file, read and cut.
pub(super) struct Made {
    pub(super) title: String,
    pub(super) format: &'static str,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) text: String,
    pub(super) passages: Vec<Passage>,
}

/// Reads what the bytes say and cuts it; the name tells the format. The error says why it cannot be read.
pub(super) fn made(name: &str, bytes: Vec<u8>) -> Result<Made, String> {
    let path = Path::new(name);
    let parsed = parse::parse(parse::Format::of(path), bytes)?;
    let passages = cut(&parsed.text, &parsed.blocks, Sizes::default());
    let title = if parsed.title.is_empty() { stem(path) } else { parsed.title };
    Ok(Made { title, format: parsed.format, metadata: parsed.metadata, text: parsed.text, passages })
}

fn stem(path: &Path) -> String {
    path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned()
}
