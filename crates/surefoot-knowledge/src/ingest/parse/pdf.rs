//! PDF: the text of each page, with its page number.
//!
//! Files from anywhere make a PDF reader panic, recurse and loop: it runs on a thread of its own,
//! with room on its stack, and is given up after a while. (Of the readers tried, `pdf-extract`
//! kept words whole where plain `lopdf` cuts them apart, at less than half the crates of the next.)

use std::{sync::mpsc, thread, time::Duration};

use surefoot_types::Range;

use super::{Parsed, plain::paragraphs};
use crate::passages::{Block, Kind};

const STACK: usize = 32 << 20;
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, String> {
    if !bytes.windows(5).take(1024).any(|window| window == b"%PDF-") {
        return Err("it is no PDF".into());
    }
    let pages = guarded(bytes.to_vec(), pages)?;
    let parsed = joined(&pages);
    if parsed.text.trim().is_empty() {
        return Err("it has no text in it: scanned pages need OCR first".into());
    }
    Ok(parsed)
}

fn pages(bytes: &[u8]) -> Result<Vec<String>, String> {
    pdf_extract::extract_text_from_mem_by_pages(bytes).map_err(|error| format!("it cannot be read as PDF: {error}"))
}

/// Runs a reader that may panic or never end.
fn guarded<T: Send + 'static>(
    bytes: Vec<u8>,
    read: impl FnOnce(&[u8]) -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let (done, wait) = mpsc::sync_channel(1);
    let worker = move || {
        let _ = done.send(read(&bytes));
    };
    let started = thread::Builder::new().name("pdf".into()).stack_size(STACK).spawn(worker);
    started.map_err(|error| format!("no thread to read it on: {error}"))?;
    wait.recv_timeout(PATIENCE).unwrap_or_else(|gone| match gone {
        mpsc::RecvTimeoutError::Timeout => Err(format!("reading it took over {} seconds", PATIENCE.as_secs())),
        mpsc::RecvTimeoutError::Disconnected => Err("the PDF reader broke down on it".into()),
    })
}

/// One text of all pages, its blocks with their page.
fn joined(pages: &[String]) -> Parsed {
    let (mut text, mut blocks) = (String::new(), Vec::new());
    for (number, page) in (1u32..).zip(pages) {
        let from = text.len();
        page.lines().for_each(|line| {
            text.push_str(&line.trim_end().replace(['\0', '\u{c}'], " "));
            text.push('\n');
        });
        text.push('\n');
        blocks.extend(paragraphs(&text[from..]).into_iter().map(|range| Block {
            range: Range { start: from + range.start, end: from + range.end },
            kind: Kind::Prose,
            page: Some(number),
        }));
    }
    Parsed { format: "pdf", title: String::new(), text, blocks }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_panics_is_a_reason_not_a_crash() {
        let broken = guarded(Vec::new(), |_| -> Result<(), String> { panic!("on purpose") });
        assert_eq!(broken, Err("the PDF reader broke down on it".into()));
    }
}
