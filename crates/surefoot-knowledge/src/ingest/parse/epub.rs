//! E-books: chapters in the order of reading, each read as HTML.

use std::collections::HashMap;

use super::{
    Parsed,
    archive::Archive,
    decode, html,
    paper::Paper,
    pptx::joined,
    xml::{self, Piece},
};

pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, String> {
    let mut archive = Archive::open(bytes, "EPUB")?;
    let container = archive.xml("META-INF/container.xml")?.ok_or("it is no EPUB: it does not say where its book is")?;
    let mut place = None;
    xml::read(&container, &mut |piece| {
        if let Piece::Open(tag) = piece
            && tag.name() == "rootfile"
        {
            place = place.take().or_else(|| tag.get("full-path"));
        }
        Ok(())
    })?;
    let place = place.ok_or("it is no EPUB: it does not say where its book is")?;
    let package = archive.xml(&place)?.ok_or("its book is missing")?;
    let folder = place.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut paper = Paper::default();
    for chapter in chapters(&package, &mut paper)? {
        let path = joined(folder, &unescaped(&chapter));
        if let Some(bytes) = archive.get(&path)? {
            paper.append(&html::parse(&decode::html(&bytes)?), 0);
        }
    }
    Ok(paper.done("epub"))
}

/// The files of the chapters in their order; the book's title and author go on the paper.
fn chapters(package: &str, paper: &mut Paper) -> Result<Vec<String>, String> {
    let (mut files, mut spine, mut words) = (HashMap::new(), Vec::new(), String::new());
    xml::read(package, &mut |piece| {
        match piece {
            Piece::Open(tag) => {
                words.clear();
                match tag.name() {
                    "item" => {
                        if let (Some(id), Some(file)) = (tag.get("id"), tag.get("href")) {
                            files.insert(id, file);
                        }
                    }
                    "itemref" => spine.extend(tag.get("idref")),
                    _ => {}
                }
            }
            Piece::Words(text) => words.push_str(&text),
            Piece::Close("title") => paper.title(&words),
            Piece::Close("creator") => paper.metadata("author", &words),
            Piece::Close("date") => paper.metadata("date", &words),
            Piece::Close("language") => paper.metadata("language", &words),
            Piece::Close("description") => paper.paragraph(&words),
            Piece::Close(_) => {}
        }
        Ok(())
    })?;
    Ok(spine.into_iter().filter_map(|id| files.remove(&id)).collect())
}

/// A path with `%20` and the like as what they stand for.
fn unescaped(path: &str) -> String {
    let bytes = path.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match (bytes[at], hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            (byte, _) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| path.to_owned())
}
