//! Source code: the text is the source itself, cut between its topmost items.
//!
//! No grammar is known. A line at the margin that follows a blank line begins something new, and so does one that
//! declares; comments and attributes in front of it belong to it. What continues a long item is shown under its
//! first line. That holds for every language that is indented, which by now is nearly all code.

use surefoot_types::Range;

use super::Parsed;
use crate::passages::{Block, Kind};

/// Files with these extensions are source code.
const EXTENSIONS: &[&str] = &[
    "rs", "py", "pyi", "js", "mjs", "cjs", "jsx", "ts", "tsx", "java", "kt", "kts", "go", "c", "h", "cc", "cpp", "hpp",
    "cxx", "hh", "cs", "rb", "php", "swift", "scala", "m", "mm", "lua", "pl", "pm", "r", "jl", "ex", "exs", "erl",
    "hs", "ml", "mli", "clj", "cljs", "dart", "zig", "nim", "vue", "svelte", "sh", "bash", "zsh", "fish", "ps1", "sql",
    "proto", "graphql", "tf", "gradle", "groovy", "f90", "vb", "fs", "sol", "css", "scss", "less",
];

/// What a line at the margin begins with where it declares something, after words that say who may see it.
const DECLARING: &[&str] = &[
    "fn",
    "func",
    "function",
    "def",
    "class",
    "struct",
    "enum",
    "trait",
    "impl",
    "interface",
    "type",
    "module",
    "mod",
    "namespace",
    "object",
    "protocol",
    "extension",
    "macro_rules!",
    "const",
    "static",
    "union",
    "record",
    "sub",
    "create",
];
const MODIFIERS: &[&str] = &[
    "pub",
    "export",
    "default",
    "async",
    "unsafe",
    "abstract",
    "final",
    "public",
    "private",
    "protected",
    "internal",
    "open",
    "sealed",
    "data",
    "inline",
    "extern",
    "declare",
];
/// Longest first line that later parts of an item are shown under.
const SIGNATURE: usize = 200;

pub(super) fn is_code(extension: &str) -> bool {
    EXTENSIONS.contains(&extension)
}

pub(super) fn parse(text: String) -> Parsed {
    let blocks = items(&text).into_iter().map(|item| block(&text, item)).collect();
    Parsed { format: "code", text, blocks, ..Parsed::default() }
}

fn block(text: &str, range: Range) -> Block {
    let kind = signature(text, range).map_or(Kind::Lines, Kind::Headed);
    Block { range, kind, page: None }
}

/// The first line of an item that is neither a comment nor an attribute.
fn signature(text: &str, item: Range) -> Option<Range> {
    let mut at = item.start;
    for line in item.of(text)?.split_inclusive('\n') {
        let words = line.trim_end();
        if !words.is_empty() && !leads(words) {
            let end = (0..=words.len().min(SIGNATURE)).rev().find(|end| words.is_char_boundary(*end))?;
            return Some(Range { start: at, end: at + end });
        }
        at += line.len();
    }
    None
}

/// The topmost items, one after the other without gaps but blank lines.
fn items(text: &str) -> Vec<Range> {
    let mut items: Vec<Range> = Vec::new();
    // Where comments and attributes begin that belong to the item after them; whether the line before was blank.
    let (mut lead, mut blank, mut at) = (None, true, 0);
    for line in text.split_inclusive('\n') {
        let (start, words) = (at, line.trim_end());
        at += line.len();
        if words.is_empty() {
            blank = true;
            continue;
        }
        let margin = !words.starts_with([' ', '\t', '}', ')', ']']);
        if margin && leads(words) && (blank || lead.is_some()) {
            lead = lead.or(Some(start));
        } else if items.is_empty() || margin && (blank || lead.is_some() || declares(words)) {
            items.push(Range { start: lead.take().unwrap_or(start), end: at });
        } else if let Some(last) = items.last_mut() {
            (last.end, lead) = (at, None);
        }
        blank = false;
    }
    if let Some(start) = lead {
        items.push(Range { start, end: text.len() });
    }
    items
}

/// A comment, an attribute, a decorator.
fn leads(line: &str) -> bool {
    ["//", "#", "/*", "*", "@", "--", "\"\"\""].iter().any(|mark| line.trim_start().starts_with(mark))
        && !line.starts_with("#include")
        && !line.starts_with("#define")
}

fn declares(line: &str) -> bool {
    let words = line.split(|c: char| c.is_whitespace() || c == '(').filter(|word| !word.is_empty());
    let first = words.map(str::to_lowercase).find(|word| !MODIFIERS.contains(&word.as_str()));
    first.is_some_and(|word| DECLARING.contains(&word.as_str()))
}
