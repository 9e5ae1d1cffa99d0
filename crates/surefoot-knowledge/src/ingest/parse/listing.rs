//! What sitemaps and buckets list, as XML.

use super::{
    decode,
    xml::{self, Piece},
};

/// An object of a bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) key: String,
    pub(crate) etag: String,
    pub(crate) size: u64,
}

/// The other sitemaps and the pages that a sitemap lists; a list of addresses, one a line, is one as well.
pub(crate) fn locations(bytes: &[u8]) -> Result<(Vec<String>, Vec<String>), String> {
    let source = decode::xml(bytes)?;
    let (mut maps, mut pages, mut words, mut is_map) = (Vec::new(), Vec::new(), String::new(), false);
    if !source.trim_start().starts_with('<') {
        pages.extend(source.lines().map(str::trim).filter(|line| line.starts_with("http")).map(str::to_owned));
        return Ok((maps, pages));
    }
    xml::read(&source, &mut |piece| {
        match piece {
            Piece::Open(tag) => {
                words.clear();
                is_map = if matches!(tag.name(), "sitemap" | "url") { tag.name() == "sitemap" } else { is_map };
            }
            Piece::Words(text) => words.push_str(&text),
            Piece::Close("loc") => {
                let to = if is_map { &mut maps } else { &mut pages };
                to.push(words.trim().to_owned());
            }
            Piece::Close(_) => {}
        }
        Ok(())
    })?;
    Ok((maps, pages))
}

/// The objects of a page of a bucket's list, and what asks for the next one.
pub(crate) fn objects(bytes: &[u8]) -> Result<(Vec<Object>, Option<String>), String> {
    let source = decode::xml(bytes)?;
    let (mut objects, mut next, mut words) = (Vec::<Object>::new(), None, String::new());
    xml::read(&source, &mut |piece| {
        match piece {
            Piece::Open(tag) => {
                words.clear();
                if tag.name() == "Contents" {
                    objects.push(Object::default());
                }
            }
            Piece::Words(text) => words.push_str(&text),
            Piece::Close("NextContinuationToken") => next = Some(words.trim().to_owned()),
            Piece::Close(name) => {
                if let Some(object) = objects.last_mut() {
                    match name {
                        "Key" => object.key = words.clone(),
                        "ETag" => object.etag = words.trim().to_owned(),
                        "Size" => object.size = words.trim().parse().unwrap_or(u64::MAX),
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    })?;
    Ok((objects, next))
}
