//! One source to a document with its passages: the part that runs on threads of its own.

use std::{collections::BTreeMap, path::Path};

use surefoot_types::document::Passage;

use super::parse::{self, Format};
use crate::passages::{Sizes, cut, overlapped};

/// A file, read and cut.
pub(crate) struct Made {
    pub(crate) title: String,
    pub(crate) format: &'static str,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) text: String,
    pub(crate) passages: Vec<Passage>,
}

/// How a document is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Cutting {
    pub(crate) sizes: Sizes,
    /// How many bytes of the passage before it a passage begins with, at the most.
    pub(crate) overlap: usize,
}

/// Why a file was not read, as the end of a sentence about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is of no format that is read.
    Unknown(String),
    /// It is not what its name says, or damaged.
    Broken(String),
}

impl Unread {
    pub(crate) fn reason(self) -> String {
        match self {
            Self::Unknown(reason) | Self::Broken(reason) => reason,
        }
    }
}

/// Reads what the bytes say and cuts it; the name tells the format.
pub(crate) fn made(name: &str, bytes: Vec<u8>, cutting: Cutting) -> Result<Made, Unread> {
    let path = Path::new(name);
    let format = Format::of(path);
    let parsed = parse::parse(format, bytes).map_err(|reason| match format {
        // What no other reader knows is taken for text.
        Format::Lines => Unread::Unknown(reason),
        _ => Unread::Broken(reason),
    })?;
    let mut passages = cut(&parsed.text, &parsed.blocks, cutting.sizes);
    if cutting.overlap > 0 {
        overlapped(&parsed.text, &mut passages, cutting.overlap);
    }
    let title = if parsed.title.is_empty() { stem(path) } else { parsed.title };
    Ok(Made { title, format: parsed.format, metadata: parsed.metadata, text: parsed.text, passages })
}

fn stem(path: &Path) -> String {
    path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned()
}
