//! Documents to passages: pure functions.
//!
//! A passage is a run of whole blocks (paragraphs, lists, tables, code) under one heading and on
//! one page; a block that is too long is cut at lines or sentences. A section that needs several
//! passages is cut into about equal ones, so that none ends as a crumb. Every byte of the text
//! that is not blank is in exactly one passage.

mod sentences;
mod split;
#[cfg(test)]
mod tests;

use surefoot_types::{Range, document::Passage};

pub use sentences::sentences;
pub(crate) use sentences::trimmed;

/// What a block is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A heading with its level, from 1, and its text without marks.
    Heading(u8, String),
    /// Paragraphs, quotations and everything else that reads on.
    Prose,
    /// A list, code: cut between lines only, where it does not fit whole.
    Lines,
    /// Lines that the first ones explain, whose place this is: the rows of a table under its head, a function under
    /// its signature.
    Headed(Range),
}

/// A piece of a document that belongs together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its place in the document's text.
    pub range: Range,
    /// What it is.
    pub kind: Kind,
    /// Its page, for paged formats; from 1.
    pub page: Option<u32>,
}

/// How long passages get, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// What a passage of a long section is aimed at.
    pub target: usize,
    /// What none exceeds, but for one that is a single unbroken character run.
    pub most: usize,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { target: 1000, most: 1400 }
    }
}

/// Blocks under one heading on one page.
struct Section {
    heading_path: Vec<String>,
    page: Option<u32>,
    blocks: Vec<Block>,
}

impl Section {
    /// What explains the beginning of a passage and stands further up.
    fn lead(&self, passage: Range, text: &str) -> Option<String> {
        let continued = |block: &&Block| block.range.start < passage.start && passage.start < block.range.end;
        match self.blocks.iter().find(continued)?.kind {
            Kind::Headed(head) if head.end <= passage.start => head.of(text).map(str::to_owned),
            _ => None,
        }
    }
}

/// Cuts a document's text. `blocks` stand in order and do not overlap; text between them counts as prose.
pub fn cut(text: &str, blocks: &[Block], sizes: Sizes) -> Vec<Passage> {
    let mut passages = Vec::new();
    for section in sections(gaps_filled(text, blocks)) {
        let atoms = section.blocks.iter().flat_map(|block| split::atoms(text, block, sizes)).collect::<Vec<_>>();
        for range in packed(&atoms, sizes) {
            let Some(body) = range.of(text) else { continue };
            passages.push(Passage {
                ordinal: passages.len() as u32,
                heading_path: section.heading_path.clone(),
                range,
                page: section.page,
                lead: section.lead(range, text),
                text: body.to_owned(),
            });
        }
    }
    passages
}

/// Lets each passage begin earlier, with the end of what stands before it: by at most `bytes`, from the beginning of a
/// word on, and not before the passage that goes before it begins.
pub fn overlapped(text: &str, passages: &mut [Passage], bytes: usize) {
    let starts: Vec<usize> = passages.iter().map(|passage| passage.range.start).collect();
    for (passage, before) in passages.iter_mut().skip(1).zip(starts) {
        let from = floor_border(text, passage.range.start.saturating_sub(bytes)).max(before);
        let Some(more) = text.get(from..passage.range.start) else { continue };
        // Inside a word, from the next one on.
        let cut_off = from > before && !text[..from].ends_with(char::is_whitespace);
        let skipped = if cut_off { more.find(char::is_whitespace).unwrap_or(more.len()) } else { 0 };
        let start = more[skipped..].trim_start().len();
        passage.range.start -= start;
        if let Some(body) = passage.range.of(text) {
            passage.text = body.to_owned();
        }
    }
}

/// The blocks with what stands between them, clipped so that none overlap and all lie on character borders.
fn gaps_filled(text: &str, blocks: &[Block]) -> Vec<Block> {
    let mut filled = Vec::with_capacity(blocks.len());
    let (mut at, mut page) = (0, None);
    for block in blocks {
        let start = floor_border(text, block.range.start.clamp(at, text.len()));
        let end = floor_border(text, block.range.end.clamp(start, text.len()));
        let gap = Range { start: at, end: start };
        filled.extend(trimmed(text, gap).map(|range| Block { range, kind: Kind::Prose, page }));
        page = block.page;
        filled.extend(trimmed(text, Range { start, end }).map(|range| Block { range, ..block.clone() }));
        at = end;
    }
    let gap = Range { start: at, end: text.len() };
    filled.extend(trimmed(text, gap).map(|range| Block { range, kind: Kind::Prose, page }));
    filled
}

fn floor_border(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Groups blocks by heading and page. Headings that follow one another without text stay together.
fn sections(blocks: Vec<Block>) -> Vec<Section> {
    let mut path: Vec<(u8, String)> = Vec::new();
    let mut sections: Vec<Section> = Vec::new();
    let mut only_headings = true;
    for block in blocks {
        let heading = match &block.kind {
            Kind::Heading(level, title) => {
                path.retain(|(above, _)| above < level);
                path.push((*level, title.clone()));
                true
            }
            _ => false,
        };
        let names = || path.iter().map(|(_, title)| title.clone()).filter(|title| !title.is_empty()).collect();
        match sections.last_mut() {
            Some(last) if last.page == block.page && (!heading || only_headings) => {
                last.heading_path = names();
                last.blocks.push(block);
            }
            _ => sections.push(Section { heading_path: names(), page: block.page, blocks: vec![block] }),
        }
        only_headings = heading;
    }
    sections
}

/// Joins neighbouring atoms into passages of about equal length.
fn packed(atoms: &[Range], sizes: Sizes) -> Vec<Range> {
    let (Some(first), Some(last)) = (atoms.first(), atoms.last()) else { return Vec::new() };
    let whole = last.end - first.start;
    if whole <= sizes.most {
        return vec![Range { start: first.start, end: last.end }];
    }
    let target = whole / whole.div_ceil(sizes.target).max(1);
    let mut packed: Vec<Range> = Vec::new();
    for atom in atoms {
        match packed.last_mut() {
            Some(open) if fits(*open, *atom, target, sizes.most) => open.end = atom.end,
            _ => packed.push(*atom),
        }
    }
    packed
}

/// Whether an atom joins an open passage: it stays under the limit, and overshoots the target by less than
/// stopping here would fall short of it.
fn fits(open: Range, atom: Range, target: usize, most: usize) -> bool {
    let (before, after) = (open.end - open.start, atom.end - open.start);
    after <= most && (after <= target || after - target < target.saturating_sub(before))
}
