//! Markdown: the text is the source itself, byte for byte; only its structure is read.

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
    let title = title_declared(&text).or(first).unwrap_or_default();
    Parsed { format: "markdown", title, text, blocks }
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
                if let (0, TagEnd::Heading(level)) = (depth, end) {
                    name(&mut blocks, level, heading.trim());
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

fn range(place: std::ops::Range<usize>) -> Range {
    Range { start: place.start, end: place.end }
}

/// `title:` of YAML front matter.
fn title_declared(text: &str) -> Option<String> {
    let mut lines = text.lines();
    lines.next().filter(|first| *first == "---")?;
    let title = lines.take_while(|line| *line != "---").find_map(|line| line.strip_prefix("title:"))?;
    let title = title.trim().trim_matches(['"', '\'']);
    (!title.is_empty()).then(|| title.to_owned())
}
