//! Bytes of a source to its text and blocks, by format.

mod decode;
mod html;
mod markdown;
mod pdf;
mod plain;
#[cfg(test)]
mod tests;

use std::path::Path;

use crate::passages::Block;

pub use markdown::blocks as blocks_markdown;

/// What a source says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// `markdown`, `html`, `text` or `pdf`.
    pub format: &'static str,
    /// From the format's own field or the first heading; empty if there is neither.
    pub title: String,
    /// The text that ranges point into.
    pub text: String,
    /// Its structure.
    pub blocks: Vec<Block>,
}

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// CommonMark with GitHub's tables and YAML front matter.
    Markdown,
    /// HTML of any age.
    Html,
    /// PDF with text in it.
    Pdf,
    /// Text in paragraphs.
    Prose,
    /// Text in lines: source code, data.
    Lines,
}

impl Format {
    /// The format that a file's name promises; what is not known is read as lines of text.
    pub fn of(path: &Path) -> Self {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        match extension.as_str() {
            "md" | "markdown" | "mdown" | "mkd" | "mdx" => Self::Markdown,
            "html" | "htm" | "xhtml" => Self::Html,
            "pdf" => Self::Pdf,
            "txt" | "text" | "rst" | "adoc" | "asciidoc" | "org" | "tex" | "" => Self::Prose,
            _ => Self::Lines,
        }
    }
}

/// Reads a source. The error says why it cannot be read, for people.
pub fn parse(format: Format, bytes: &[u8]) -> Result<Parsed, String> {
    if format == Format::Pdf {
        return pdf::parse(bytes);
    }
    let text = decode::text(bytes, format == Format::Html)?;
    Ok(match format {
        Format::Html => html::parse(&text),
        Format::Markdown => markdown::parse(text),
        Format::Prose => plain::parse(text, false),
        Format::Lines | Format::Pdf => plain::parse(text, true),
    })
}
