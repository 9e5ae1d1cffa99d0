//! One file to a document with its passages: the part that runs on threads of its own.

use std::{collections::BTreeMap, fs, io::Read, path::Path};

use surefoot_types::document::Passage;

use super::{parse, walk::File};
use crate::passages::{Sizes, cut};

/// Larger files are reported, not read.
pub const LARGEST: u64 = 64 << 20;

/// A file's bytes and their hash.
pub(super) struct Source {
    pub(super) bytes: Vec<u8>,
    pub(super) hash: String,
}

/// A file, read and cut.
pub(super) struct Made {
    pub(super) title: String,
    pub(super) format: &'static str,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) text: String,
    pub(super) passages: Vec<Passage>,
}

/// Reads a file's bytes. The error says why it cannot be read.
pub(super) fn source(file: &File) -> Result<Source, String> {
    let mut bytes = Vec::new();
    let opened = fs::File::open(&file.place).map_err(|error| error.to_string())?;
    // One byte more than is allowed tells a file that is too large, even one that is growing.
    opened.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("it is larger than {} MB", LARGEST >> 20));
    }
    let hash = blake3::hash(&bytes).to_hex().to_string();
    Ok(Source { bytes, hash })
}

/// Reads what the bytes say and cuts it. The error says why it cannot be read.
pub(super) fn made(file: &File, bytes: Vec<u8>) -> Result<Made, String> {
    let path = Path::new(&file.path);
    let parsed = parse::parse(parse::Format::of(path), bytes)?;
    let passages = cut(&parsed.text, &parsed.blocks, Sizes::default());
    let title = if parsed.title.is_empty() { stem(path) } else { parsed.title };
    Ok(Made { title, format: parsed.format, metadata: parsed.metadata, text: parsed.text, passages })
}

fn stem(path: &Path) -> String {
    path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned()
}
