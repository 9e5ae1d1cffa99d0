//! PDF: text with its pages, columns in the order of reading, headings by their size, tables as tables.
//!
//! `glyphs` are what a page draws, joined to spans; `layout` finds the columns and the rows in them; `write` makes
//! text of them. (Of the readers tried, `pdf-extract` kept words whole where plain `lopdf` cuts them apart, at less
//! than half the crates of the next.)

mod glyphs;
mod layout;
mod write;

use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_extract::{Document, output_doc_page};

use super::{Parsed, paper::Paper};
use glyphs::{Glyphs, Span};

/// Most pages.
const PAGES: usize = 20_000;

pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, String> {
    if !bytes.windows(5).take(1024).any(|window| window == b"%PDF-") {
        return Err("it is no PDF".into());
    }
    let mut document = Document::load_mem(bytes).map_err(|error| format!("it cannot be read as PDF: {error}"))?;
    if document.is_encrypted() && document.decrypt("").is_err() {
        return Err("it is encrypted: save it without a password".into());
    }
    let numbers: Vec<u32> = document.get_pages().into_keys().collect();
    if numbers.len() > PAGES {
        return Err(format!("it has more than {PAGES} pages"));
    }
    let mut pages = Vec::with_capacity(numbers.len());
    let mut broken = None;
    for number in &numbers {
        match page(&document, *number) {
            Ok(spans) => pages.push((*number, layout::rows(spans))),
            Err(reason) => broken = broken.or(Some(format!("its page {number} cannot be read: {reason}"))),
        }
    }
    if let (true, Some(reason)) = (pages.is_empty(), broken) {
        return Err(reason);
    }
    let mut paper = Paper::default();
    paper.title(&declared_title(&document));
    write::pages(&pages, &mut paper);
    let parsed = paper.done("pdf");
    if parsed.text.trim().is_empty() {
        return Err("it has no text in it: scanned pages need OCR first".into());
    }
    Ok(parsed)
}

/// What a page draws. One page that breaks the reader costs that page.
fn page(document: &Document, number: u32) -> Result<Vec<Span>, String> {
    let mut glyphs = Glyphs::default();
    let drawn = catch_unwind(AssertUnwindSafe(|| output_doc_page(document, &mut glyphs, number)));
    match drawn {
        Ok(Ok(())) => Ok(glyphs.done()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the PDF reader broke down on it".into()),
    }
}

/// The title that the file declares, unless it is the name of a file or of a program's draft.
fn declared_title(document: &Document) -> String {
    let info = document.trailer.get(b"Info").and_then(|info| document.dereference(info));
    let title = info.ok().and_then(|(_, info)| info.as_dict().ok()?.get(b"Title").ok()?.as_str().ok());
    let title = title.map(decoded).unwrap_or_default();
    let is_file =
        [".doc", ".docx", ".pdf", ".tex", ".indd", ".dvi"].iter().any(|end| title.to_lowercase().ends_with(end));
    if is_file || title.to_lowercase().starts_with("untitled") || title.starts_with("Microsoft Word") {
        return String::new();
    }
    title
}

/// A text string: UTF-16 by its mark, or bytes that are Latin letters.
fn decoded(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, rest @ ..] => {
            let units: Vec<u16> = rest.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
        },
    }
}
