//! HTML: its text as light Markdown (headings, lists, tables, code), so that passages see structure.
//!
//! Works on the token stream without building a tree: tag soup of any depth costs no stack.
//! Navigation, scripts and forms are left out.

use html5gum::{StartTag, Token, Tokenizer};

use super::{Parsed, markdown};

/// What holds nothing to quote. `head` goes but for its title.
const SKIPPED: &[&str] = &[
    "script", "style", "noscript", "template", "svg", "math", "nav", "footer", "iframe", "object", "select", "button",
    "textarea", "canvas", "audio", "video",
];

/// What stands on lines of its own.
const BLOCKS: &[&str] = &[
    "p",
    "div",
    "section",
    "article",
    "main",
    "header",
    "aside",
    "figure",
    "figcaption",
    "blockquote",
    "address",
    "dl",
    "dt",
    "dd",
    "ul",
    "ol",
    "table",
    "caption",
    "form",
    "fieldset",
    "details",
    "summary",
    "hr",
    "body",
    "html",
    "hgroup",
    "legend",
    "thead",
    "tbody",
    "tfoot",
    "center",
];

pub(super) fn parse(source: &str) -> Parsed {
    let mut writer = Writer::default();
    for token in Tokenizer::new(source).flatten() {
        match token {
            Token::StartTag(tag) => writer.open(&tag),
            Token::EndTag(tag) => writer.close(&name(&tag.name)),
            Token::String(text) => writer.words(std::str::from_utf8(&text).unwrap_or_default()),
            _ => {}
        }
    }
    while writer.tables > 0 {
        writer.table_end();
    }
    writer.block();
    let text = writer.out;
    let declared = writer.title.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut parsed = markdown::parse(text);
    if !declared.is_empty() {
        parsed.title = declared;
    }
    Parsed { format: "html", ..parsed }
}

fn name(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).unwrap_or_default().to_ascii_lowercase()
}

/// Writes Markdown as tags come by.
#[derive(Default)]
struct Writer {
    out: String,
    /// The line or paragraph being written.
    line: String,
    title: String,
    in_title: bool,
    /// The skipped element that is open, and how deep it is nested in itself.
    skipped: Option<(String, usize)>,
    /// Open lists; the number of the next item of ordered ones.
    lists: Vec<Option<u32>>,
    heading: Option<usize>,
    pre: bool,
    /// How many tables are open, and the cells of the outermost one's row.
    tables: usize,
    cells: Vec<String>,
    rows: usize,
}

impl Writer {
    fn open(&mut self, tag: &StartTag<()>) {
        let name = name(&tag.name);
        if let Some((open, depth)) = &mut self.skipped {
            // A page may forget to close its navigation; its main part ends it.
            if matches!(name.as_str(), "main" | "article") && matches!(open.as_str(), "nav" | "footer") {
                self.skipped = None;
            } else {
                *depth += usize::from(*open == name);
                return;
            }
        }
        if SKIPPED.contains(&name.as_str()) && !tag.self_closing {
            self.skipped = Some((name, 1));
            return;
        }
        match name.as_str() {
            "title" => self.in_title = self.title.is_empty(),
            "br" => self.line.push(if self.pre { '\n' } else { ' ' }),
            "li" => self.item(),
            "pre" => {
                self.block();
                self.pre = self.tables == 0;
            }
            "table" => {
                self.block();
                self.tables += 1;
                self.rows = if self.tables == 1 { 0 } else { self.rows };
            }
            "td" | "th" | "tr" => self.cell(&name),
            "ul" | "ol" => {
                self.block();
                self.lists.push((name == "ol").then_some(1));
            }
            "img" => self.alt(tag),
            _ => self.edge(&name),
        }
    }

    fn close(&mut self, name: &str) {
        if let Some((open, depth)) = &mut self.skipped {
            *depth -= usize::from(open == name);
            if *depth == 0 || name == "body" {
                self.skipped = None;
            }
            return;
        }
        match name {
            "title" => self.in_title = false,
            "ul" | "ol" => {
                self.block();
                self.lists.pop();
                self.out.push_str(if self.lists.is_empty() { "\n" } else { "" });
            }
            "pre" => self.fence(),
            "td" | "th" => self.cell(name),
            "tr" if self.tables == 1 => self.row(),
            "table" => self.table_end(),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.block();
                self.heading = None;
            }
            _ => self.edge(name),
        }
    }

    /// A border of an element that may stand on lines of its own.
    fn edge(&mut self, name: &str) {
        let level = name.strip_prefix('h').and_then(|level| level.parse().ok()).filter(|level| (1..=6).contains(level));
        if level.is_some() {
            self.block();
            self.heading = level;
        } else if BLOCKS.contains(&name) || name == "li" {
            self.block();
        }
    }

    fn words(&mut self, text: &str) {
        if self.skipped.is_some() {
            return;
        }
        if self.in_title {
            return self.title.push_str(text);
        }
        if self.pre {
            return self.line.push_str(text);
        }
        for word in text.split_inclusive(char::is_whitespace) {
            let bare = word.trim_end();
            self.line.push_str(bare);
            if bare.len() < word.len() && !self.line.is_empty() && !self.line.ends_with(' ') {
                self.line.push(' ');
            }
        }
    }

    fn alt(&mut self, tag: &StartTag<()>) {
        if let Some(alt) = tag.attributes.get(b"alt".as_slice()) {
            let alt = std::str::from_utf8(alt).unwrap_or_default().to_owned();
            self.words(&alt);
        }
    }

    /// Ends the line being written.
    fn block(&mut self) {
        if self.tables > 0 {
            if !self.line.is_empty() && !self.line.ends_with(' ') {
                self.line.push(' ');
            }
            return;
        }
        if self.pre {
            return self.fence();
        }
        let line = std::mem::take(&mut self.line);
        let line = line.trim();
        if line.is_empty() {
            return;
        }
        if let Some(level) = self.heading {
            self.out.push_str(&"#".repeat(level));
            self.out.push(' ');
        }
        self.out.push_str(line);
        self.out.push_str(if self.lists.is_empty() { "\n\n" } else { "\n" });
    }

    fn item(&mut self) {
        self.block();
        if self.tables > 0 {
            return;
        }
        self.line.push_str(&"  ".repeat(self.lists.len().saturating_sub(1).min(8)));
        self.out.push_str(&std::mem::take(&mut self.line));
        match self.lists.last_mut() {
            Some(Some(number)) => {
                self.line = format!("{number}. ");
                *number += 1;
            }
            _ => self.line.push_str("- "),
        }
    }

    /// Writes preformatted text between fences.
    fn fence(&mut self) {
        if !std::mem::take(&mut self.pre) {
            return self.block();
        }
        let code = std::mem::take(&mut self.line);
        let code = code.trim_matches('\n').trim_end();
        if !code.is_empty() {
            let fence = if code.contains("```") { "~~~~" } else { "```" };
            self.out.push_str(&format!("{fence}\n{code}\n{fence}\n\n"));
        }
    }

    /// Ends the cell being written: tables inside tables are written as text of their cell.
    fn cell(&mut self, name: &str) {
        if self.tables != 1 {
            return self.block();
        }
        let cell = std::mem::take(&mut self.line);
        let cell = cell.trim();
        if !cell.is_empty() {
            self.cells.push(cell.replace('|', "\\|"));
        }
        if name == "tr" {
            self.row();
        }
    }

    fn row(&mut self) {
        let cells = std::mem::take(&mut self.cells);
        if cells.is_empty() {
            return;
        }
        self.out.push_str(&format!("| {} |\n", cells.join(" | ")));
        if self.rows == 0 {
            self.out.push_str(&format!("|{}\n", "---|".repeat(cells.len())));
        }
        self.rows += 1;
    }

    fn table_end(&mut self) {
        if self.tables == 1 {
            self.cell("tr");
            self.out.push('\n');
        }
        self.tables = self.tables.saturating_sub(1);
    }
}
