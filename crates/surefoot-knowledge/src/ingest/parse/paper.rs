//! A document being written: light Markdown, with its blocks as they are made.

use std::collections::BTreeMap;

use surefoot_types::Range;

use super::{LONGEST, Parsed};
use crate::passages::{Block, Kind};

/// Longest head of a table that its later rows are shown under.
const HEAD: usize = 400;

/// A document being written.
#[derive(Default)]
pub(super) struct Paper {
    text: String,
    blocks: Vec<Block>,
    title: String,
    metadata: BTreeMap<String, String>,
    page: Option<u32>,
    /// The last block is a list that another item may join.
    listing: bool,
}

impl Paper {
    /// What follows is on this page.
    pub(super) fn page(&mut self, page: u32) {
        self.page = Some(page);
        self.listing = false;
    }

    /// Names the document, unless it has a name.
    pub(super) fn title(&mut self, title: &str) {
        if self.title.is_empty() {
            self.title = flat(title);
        }
    }

    /// What the document says of itself.
    pub(super) fn metadata(&mut self, name: &str, value: &str) {
        let value = flat(value);
        if !value.is_empty() {
            self.metadata.entry(name.to_owned()).or_insert(value);
        }
    }

    /// True when no more can be written; what has been written already is too long.
    pub(super) fn is_full(&self) -> bool {
        self.text.len() > LONGEST
    }

    pub(super) fn heading(&mut self, level: u8, words: &str) {
        let (level, words) = (level.clamp(1, 6), flat(words));
        if !words.is_empty() {
            let line = format!("{} {words}", "#".repeat(level.into()));
            self.block(Kind::Heading(level, words), &line);
        }
    }

    pub(super) fn paragraph(&mut self, words: &str) {
        let words = tidied(words);
        if !words.is_empty() {
            self.block(Kind::Prose, &words);
        }
    }

    /// An item of a list, at a depth from 0; with its number, or a dash.
    pub(super) fn item(&mut self, depth: usize, number: Option<u32>, words: &str) {
        let words = flat(words);
        if words.is_empty() || self.is_full() {
            return;
        }
        let mark = number.map_or_else(|| "-".to_owned(), |number| format!("{number}."));
        let line = format!("{}{mark} {words}", "  ".repeat(depth.min(8)));
        if !self.listing {
            self.block(Kind::Lines, &line);
            self.listing = true;
            return;
        }
        // The blank line behind the last item goes.
        self.text.truncate(self.text.trim_end().len());
        self.text.push('\n');
        self.text.push_str(&line);
        if let Some(block) = self.blocks.last_mut() {
            block.range.end = self.text.len();
        }
        self.text.push_str("\n\n");
    }

    /// A table; its first row is its head.
    pub(super) fn table(&mut self, rows: &[Vec<String>]) {
        let width = rows.iter().map(Vec::len).max().unwrap_or(0);
        if rows.iter().flatten().all(|cell| cell.trim().is_empty()) {
            return;
        }
        if let [row] = rows
            && width == 1
        {
            return self.paragraph(&row[0]);
        }
        let mut table = String::new();
        for (at, row) in rows.iter().enumerate() {
            if self.text.len() + table.len() > LONGEST {
                break;
            }
            table.push('|');
            (0..width).for_each(|cell| {
                let cell = row.get(cell).map(|cell| flat(cell).replace('|', "\\|")).unwrap_or_default();
                table.push_str(&format!(" {cell} |"));
            });
            table.push('\n');
            if at == 0 {
                table.push_str(&format!("|{}\n", "---|".repeat(width)));
            }
        }
        let head = table.lines().next().map_or(0, str::len).min(HEAD);
        let head = (0..=head).rev().find(|at| table.is_char_boundary(*at)).unwrap_or(0);
        let start = self.text.len();
        self.block(Kind::Headed(Range { start, end: start + head }), table.trim_end());
    }

    pub(super) fn code(&mut self, language: &str, code: &str) {
        let code = code.trim_matches('\n').trim_end();
        if !code.is_empty() {
            let fence = if code.contains("```") { "~~~~" } else { "```" };
            self.block(Kind::Lines, &format!("{fence}{language}\n{code}\n{fence}"));
        }
    }

    fn block(&mut self, kind: Kind, words: &str) {
        if self.is_full() {
            return;
        }
        self.listing = false;
        let start = self.text.len();
        self.text.push_str(words);
        self.blocks.push(Block { range: Range { start, end: self.text.len() }, kind, page: self.page });
        self.text.push_str("\n\n");
    }

    /// Another document's text with its blocks, its headings so many levels lower.
    pub(super) fn append(&mut self, parsed: &Parsed, lower: u8) {
        if self.is_full() || parsed.text.trim().is_empty() {
            return;
        }
        self.listing = false;
        let from = self.text.len();
        let moved = |range: Range| Range { start: from + range.start, end: from + range.end };
        self.text.push_str(parsed.text.trim_end());
        self.text.push_str("\n\n");
        self.blocks.extend(parsed.blocks.iter().map(|block| {
            let kind = match &block.kind {
                Kind::Heading(level, words) => Kind::Heading((level + lower).min(9), words.clone()),
                Kind::Headed(head) => Kind::Headed(moved(*head)),
                kind => kind.clone(),
            };
            Block { range: moved(block.range), kind, page: self.page.or(block.page) }
        }));
    }

    /// The document, in this format. Without a title of its own it has that of its first heading.
    pub(super) fn done(self, format: &'static str) -> Parsed {
        let first = self.blocks.iter().find_map(|block| match &block.kind {
            Kind::Heading(_, title) => Some(title.clone()),
            _ => None,
        });
        let title = if self.title.is_empty() { first.unwrap_or_default() } else { self.title };
        Parsed { format, title, metadata: self.metadata, text: self.text, blocks: self.blocks }
    }
}

/// One line, single spaces.
pub(super) fn flat(words: &str) -> String {
    words.replace('\0', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lines without blank ones and without space around them.
fn tidied(words: &str) -> String {
    words.lines().map(flat).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}
