//! OpenDocument: texts, spreadsheets (a sheet under its name), presentations (a slide is a page).

use super::{
    Parsed,
    archive::Archive,
    docx::core_properties,
    grid::Grid,
    paper::Paper,
    xml::{self, Piece, Tag},
};

pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, String> {
    let mut archive = Archive::open(bytes, "OpenDocument file")?;
    let kind = archive.get("mimetype")?.unwrap_or_default();
    let format = match std::str::from_utf8(&kind).unwrap_or_default().trim() {
        kind if kind.contains("spreadsheet") => "ods",
        kind if kind.contains("presentation") => "odp",
        _ => "odt",
    };
    let content = archive.xml("content.xml")?.ok_or("it is no OpenDocument file: its text is missing")?;
    let mut reader = Reader::default();
    if let Some(meta) = archive.xml("meta.xml")? {
        core_properties(&meta, &mut reader.paper)?;
    }
    reader.sheets = format == "ods";
    reader.read(&content)?;
    Ok(reader.paper.done(format))
}

#[derive(Default)]
struct Reader {
    paper: Paper,
    grid: Grid,
    sheets: bool,
    /// Paragraphs and headings that are open, innermost last: each with its words and its level if it is a heading.
    open: Vec<(String, Option<u8>)>,
    lists: usize,
    /// How deep in what is no text of the document.
    skipped: usize,
    /// How often the cell that is open stands there.
    repeated: Vec<usize>,
    slides: u32,
    is_slide_title: bool,
}

impl Reader {
    fn read(&mut self, source: &str) -> Result<(), String> {
        xml::read(source, &mut |piece| {
            match piece {
                Piece::Open(tag) if self.skipped > 0 || is_skipped(tag.name()) => self.skipped += 1,
                Piece::Close(_) if self.skipped > 0 => self.skipped -= 1,
                Piece::Open(tag) => self.open(tag)?,
                Piece::Close(name) => self.close(name)?,
                Piece::Words(words) => self.words(&words),
            }
            Ok(())
        })
    }

    fn open(&mut self, tag: &Tag<'_>) -> Result<(), String> {
        match tag.name() {
            "h" => {
                let level = tag.number("outline-level").unwrap_or(1).min(6);
                self.open.push((String::new(), Some(level as u8)));
            }
            "p" => self.open.push((String::new(), self.is_slide_title.then_some(1))),
            "s" => self.words(&" ".repeat(tag.number("c").unwrap_or(1).min(64))),
            "tab" => self.words("\t"),
            "line-break" => self.words("\n"),
            "list" => self.lists += 1,
            "table" => {
                if self.sheets && !self.grid.is_open() {
                    self.paper.heading(1, &tag.get("name").unwrap_or_default());
                }
                self.grid.table();
            }
            "table-row" => self.grid.row(),
            "table-cell" | "covered-table-cell" => {
                self.grid.cell()?;
                self.repeated.push(tag.number("number-columns-repeated").unwrap_or(1));
            }
            // In a text a page is not told; a page of a presentation is a slide.
            "page" => {
                self.slides += 1;
                self.paper.page(self.slides);
            }
            "frame" => self.is_slide_title = tag.get("class").is_some_and(|class| class == "title"),
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &str) -> Result<(), String> {
        match name {
            "h" | "p" => self.paragraph(),
            "list" => self.lists = self.lists.saturating_sub(1),
            "table" => self.grid.close(&mut self.paper),
            "table-cell" | "covered-table-cell" => {
                let times = self.repeated.pop().unwrap_or(1);
                self.grid.repeat(times)?;
            }
            "frame" => self.is_slide_title = false,
            _ => {}
        }
        Ok(())
    }

    fn words(&mut self, words: &str) {
        if let Some((open, _)) = self.open.last_mut() {
            open.push_str(words);
        }
    }

    fn paragraph(&mut self) {
        let Some((words, heading)) = self.open.pop() else { return };
        if self.grid.is_open() {
            self.grid.words(&words);
        } else if let Some(level) = heading {
            self.paper.heading(level, &words);
        } else if self.lists > 0 {
            self.paper.item(self.lists - 1, None, &words);
        } else {
            self.paper.paragraph(&words);
        }
    }
}

fn is_skipped(name: &str) -> bool {
    matches!(name, "tracked-changes" | "annotation" | "automatic-styles" | "font-face-decls" | "forms" | "scripts")
}
