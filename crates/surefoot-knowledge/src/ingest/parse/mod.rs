//! Bytes of a source to its text and blocks, by format.
//!
//! Files come from anywhere. Whatever reads a format that can be hostile runs [`guarded`](guard): on a thread of its
//! own, given up after a while, a panic of it a reason and not a crash. Archives unpack within bounds, XML
//! declares no entities and nests within bounds, and the text that comes out has a bound itself.

mod archive;
mod code;
mod decode;
mod docx;
mod epub;
mod grid;
mod guard;
mod html;
mod json;
mod listing;
mod mail;
mod markdown;
mod notebook;
mod odf;
mod paper;
mod pdf;
mod plain;
mod pptx;
mod rtf;
mod sheet;
mod table;
#[cfg(test)]
mod tests;
mod xml;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use crate::passages::Block;

pub(crate) use listing::{locations, objects};
pub use markdown::blocks as blocks_markdown;

/// Raised when the readers give another text or other blocks for the same bytes: documents are then read anew.
pub const READER: u32 = 2;

/// Most bytes of text that a document may have.
const LONGEST: usize = 64 << 20;

/// What a source says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parsed {
    /// The format's name: `markdown`, `html`, `text`, `pdf`, `docx` and so on.
    pub format: &'static str,
    /// From the format's own field or the first heading; empty if there is neither.
    pub title: String,
    /// What the source says of itself: author, date, front matter.
    pub metadata: BTreeMap<String, String>,
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
    /// Word.
    Docx,
    /// PowerPoint.
    Pptx,
    /// Excel.
    Xlsx,
    /// OpenDocument text, spreadsheets and presentations.
    Odf,
    /// E-books.
    Epub,
    /// Rich Text Format.
    Rtf,
    /// Values between commas, semicolons, tabs or bars.
    Table,
    /// JSON, and JSON by the line.
    Json,
    /// Jupyter notebooks.
    Notebook,
    /// One e-mail.
    Mail,
    /// A box of e-mails.
    Mailbox,
    /// Source code.
    Code,
    /// Text in paragraphs.
    Prose,
    /// Text in lines: data, logs.
    Lines,
    /// A format of which it is known that it cannot be read, with what to do about it.
    Refused(&'static str),
}

/// Office formats before 2007.
const OLD_OFFICE: &str = "it is an office file of the old binary kind: save it as .docx, .xlsx or .pptx";
const PACKED: &str = "it is an archive: unpack it into the folder";

impl Format {
    /// The format that a file's name promises; what is not known is read as lines of text.
    pub fn of(path: &Path) -> Self {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        match extension.as_str() {
            "md" | "markdown" | "mdown" | "mkd" | "mdx" => Self::Markdown,
            "html" | "htm" | "xhtml" => Self::Html,
            "pdf" => Self::Pdf,
            "docx" | "docm" | "dotx" => Self::Docx,
            "pptx" | "pptm" | "ppsx" => Self::Pptx,
            "xlsx" | "xlsm" => Self::Xlsx,
            "odt" | "ods" | "odp" | "ott" => Self::Odf,
            "epub" => Self::Epub,
            "rtf" => Self::Rtf,
            "csv" | "tsv" => Self::Table,
            "json" | "jsonl" | "ndjson" | "geojson" => Self::Json,
            "ipynb" => Self::Notebook,
            "eml" => Self::Mail,
            "mbox" => Self::Mailbox,
            "txt" | "text" | "rst" | "adoc" | "asciidoc" | "org" | "tex" | "" => Self::Prose,
            "doc" | "xls" | "ppt" | "msg" => Self::Refused(OLD_OFFICE),
            "zip" | "gz" | "tgz" | "tar" | "7z" | "rar" | "xz" | "zst" => Self::Refused(PACKED),
            extension if code::is_code(extension) => Self::Code,
            _ => Self::Lines,
        }
    }
}

/// Reads a source. The error says why it cannot be read, for people, as the end of a sentence about it.
pub fn parse(format: Format, bytes: Vec<u8>) -> Result<Parsed, String> {
    let parsed = match format {
        Format::Refused(reason) => return Err(reason.to_owned()),
        // Reading these is one pass over the bytes that cannot go astray.
        Format::Prose | Format::Lines | Format::Code | Format::Json | Format::Table => read(format, &bytes),
        _ => {
            let bytes: Arc<[u8]> = bytes.into();
            guard::guarded(move || read(format, &bytes))
        }
    }?;
    if parsed.text.len() > LONGEST {
        return Err(format!("it holds more than {} MB of text", LONGEST >> 20));
    }
    Ok(parsed)
}

fn read(format: Format, bytes: &[u8]) -> Result<Parsed, String> {
    let text = || decode::text(bytes);
    Ok(match format {
        Format::Markdown => markdown::parse(text()?),
        Format::Html => html::parse(&decode::html(bytes)?),
        Format::Pdf => pdf::parse(bytes)?,
        Format::Docx => docx::parse(bytes)?,
        Format::Pptx => pptx::parse(bytes)?,
        Format::Xlsx => sheet::parse(bytes)?,
        Format::Odf => odf::parse(bytes)?,
        Format::Epub => epub::parse(bytes)?,
        Format::Rtf => rtf::parse(bytes)?,
        Format::Mail => mail::parse(bytes)?,
        Format::Mailbox => mail::parse_box(bytes)?,
        Format::Notebook => notebook::parse(&text()?)?,
        Format::Table => table::parse(text()?),
        Format::Json => json::parse(text()?),
        Format::Code => code::parse(text()?),
        Format::Prose => plain::parse(text()?, false),
        Format::Lines => plain::parse(text()?, true),
        Format::Refused(reason) => return Err(reason.to_owned()),
    })
}
