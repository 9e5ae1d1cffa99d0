//! Markdown: the text is the source itself, byte for byte; only its structure is read.

use std::collections::BTreeMap;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use surefoot_types::Range;

use super::Parsed;
use crate::passages::{Block, Kind};

fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
        | Options::ENABLE_HEADING_ATTRIBUTES
}

pub(super) fn parse(text: String) -> Parsed {
    let blocks = blocks(&text);
    let first = blocks.iter().find_map(|block| match &block.kind {
        Kind::Heading(_, title) if !title.is_empty() => Some(title.clone()),
        _ => None,
    });
    let mut metadata = front_matter(&text);
    let title = metadata.remove("title").or(first).unwrap_or_default();
    Parsed { format: "markdown", title, metadata, text, blocks }
}

/// The outermost blocks of a Markdown text, in order.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut depth = 0usize;
    let mut heading = String::new();
    for (event, place) in Parser::new_ext(text, options()).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                if depth == 0 {
                    heading.clear();
                    blocks.push(Block { range: range(place), kind: kind(&tag), page: None });
                }
                depth += 1;
            }
            Event::End(end) => {
                depth = depth.saturating_sub(1);
                match (depth, end) {
                    (0, TagEnd::Heading(level)) => name(&mut blocks, level, heading.trim()),
                    (0, TagEnd::Table) => head(&mut blocks, text),
                    _ => {}
                }
            }
            Event::Text(words) | Event::Code(words) => heading.push_str(&words),
            Event::SoftBreak | Event::HardBreak => heading.push(' '),
            _ => {}
        }
    }
    blocks
}

fn kind(tag: &Tag<'_>) -> Kind {
    match tag {
        Tag::Heading { level, .. } => Kind::Heading(*level as u8, String::new()),
        Tag::List(_) | Tag::Table(_) | Tag::CodeBlock(_) | Tag::HtmlBlock => Kind::Lines,
        _ => Kind::Prose,
    }
}

fn name(blocks: &mut [Block], level: HeadingLevel, title: &str) {
    if let Some(block) = blocks.last_mut() {
        block.kind = Kind::Heading(level as u8, title.to_owned());
    }
}

/// A table's first row explains the others.
fn head(blocks: &mut [Block], text: &str) {
    if let Some(block) = blocks.last_mut() {
        let first = block.range.of(text).and_then(|table| table.lines().next()).unwrap_or_default();
        block.kind = Kind::Headed(Range { start: block.range.start, end: block.range.start + first.len() });
    }
}

fn range(place: std::ops::Range<usize>) -> Range {
    Range { start: place.start, end: place.end }
}

/// What YAML front matter says on lines of its own; lists and nested values are left out.
fn front_matter(text: &str) -> BTreeMap<String, String> {
    let mut lines = text.lines();
    if lines.next() != Some("---") {
        return BTreeMap::new();
    }
    let pair = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
        let value = value.trim().trim_matches(['"', '\'']);
        let listed = value.starts_with(['[', '{', '|', '>', '&', '*']);
        (plain && !value.is_empty() && !listed).then(|| (name.to_lowercase(), value.to_owned()))
    };
    lines.take_while(|line| *line != "---").filter_map(pair).collect()
}
