//! Word: headings by their styles, lists by their numbering, tables, text boxes, notes.

use std::collections::{BTreeMap, HashMap};

use super::{
    Parsed,
    archive::Archive,
    grid::Grid,
    paper::Paper,
    xml::{self, Piece, Tag},
};

pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, String> {
    let mut archive = Archive::open(bytes, "Word document")?;
    let body = archive.xml("word/document.xml")?.ok_or("it is no Word document: its text is missing")?;
    let styles = archive.xml("word/styles.xml")?.map(|source| styles(&source)).transpose()?.unwrap_or_default();
    let numbering = archive.xml("word/numbering.xml")?.map(|source| numbered(&source)).transpose()?.unwrap_or_default();
    let mut paper = Paper::default();
    if let Some(core) = archive.xml("docProps/core.xml")? {
        core_properties(&core, &mut paper)?;
    }
    let mut reader = Reader { styles, numbering, paper, ..Reader::default() };
    reader.read(&body)?;
    for notes in ["word/footnotes.xml", "word/endnotes.xml"] {
        if let Some(source) = archive.xml(notes)? {
            reader.read(&source)?;
        }
    }
    Ok(reader.paper.done("docx"))
}

/// Title, author and dates of an office document.
pub(super) fn core_properties(source: &str, paper: &mut Paper) -> Result<(), String> {
    let mut words = String::new();
    xml::read(source, &mut |piece| {
        match piece {
            Piece::Open(_) => words.clear(),
            Piece::Words(text) => words.push_str(&text),
            Piece::Close("title") => paper.title(&words),
            Piece::Close("creator" | "initial-creator") => paper.metadata("author", &words),
            Piece::Close("modified" | "date") => paper.metadata("modified", &words),
            Piece::Close("subject") => paper.metadata("subject", &words),
            Piece::Close("keywords" | "keyword") => paper.metadata("keywords", &words),
            Piece::Close(_) => {}
        }
        Ok(())
    })
}

/// What a paragraph's style makes of it.
#[derive(Clone, Copy, Default, PartialEq)]
enum Role {
    #[default]
    Text,
    Heading(u8),
    Code,
}

/// The role of each style, by id.
fn styles(source: &str) -> Result<HashMap<String, Role>, String> {
    let (mut roles, mut parents) = (HashMap::new(), HashMap::new());
    let mut id = String::new();
    xml::read(source, &mut |piece| {
        let Piece::Open(tag) = piece else { return Ok(()) };
        match tag.name() {
            "style" => id = tag.get("styleId").unwrap_or_default(),
            "name" => {
                if let Some(role) = named(&tag.get("val").unwrap_or_default()) {
                    roles.insert(id.clone(), role);
                }
            }
            "outlineLvl" => {
                if let Some(level) = tag.number("val").filter(|level| *level < 9) {
                    roles.entry(id.clone()).or_insert(Role::Heading(level as u8 + 1));
                }
            }
            "basedOn" => {
                parents.insert(id.clone(), tag.get("val").unwrap_or_default());
            }
            _ => {}
        }
        Ok(())
    })?;
    let inherited: Vec<(String, Role)> = parents
        .keys()
        .filter(|id| !roles.contains_key(*id))
        .filter_map(|id| {
            let mut at = id;
            // Styles may be based on one another in a circle.
            (0..16)
                .find_map(|_| {
                    at = parents.get(at)?;
                    roles.get(at).copied()
                })
                .map(|role| (id.clone(), role))
        })
        .collect();
    roles.extend(inherited);
    Ok(roles)
}

fn named(name: &str) -> Option<Role> {
    let name = name.to_lowercase();
    if let Some(level) = name.strip_prefix("heading ").and_then(|level| level.parse().ok()) {
        return Some(Role::Heading(level));
    }
    match name.as_str() {
        "title" => Some(Role::Heading(1)),
        name if name.contains("code") || name.contains("preformatted") => Some(Role::Code),
        _ => None,
    }
}

/// Whether each level of each list is numbered.
#[derive(Default)]
struct Numbering {
    abstracts: HashMap<String, String>,
    numbered: HashMap<(String, usize), bool>,
}

fn numbered(source: &str) -> Result<Numbering, String> {
    let mut found = Numbering::default();
    let (mut list, mut number, mut level) = (String::new(), String::new(), 0);
    xml::read(source, &mut |piece| {
        let Piece::Open(tag) = piece else { return Ok(()) };
        match tag.name() {
            "abstractNum" => list = tag.get("abstractNumId").unwrap_or_default(),
            "lvl" => level = tag.number("ilvl").unwrap_or(0),
            "numFmt" => {
                let numbers = tag.get("val").is_some_and(|kind| !matches!(kind.as_str(), "bullet" | "none"));
                found.numbered.insert((list.clone(), level), numbers);
            }
            "num" => number = tag.get("numId").unwrap_or_default(),
            "abstractNumId" => {
                found.abstracts.insert(number.clone(), tag.get("val").unwrap_or_default());
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(found)
}

impl Numbering {
    fn is_numbered(&self, list: &str, level: usize) -> bool {
        let list = self.abstracts.get(list).cloned().unwrap_or_default();
        self.numbered.get(&(list, level)).copied().unwrap_or(false)
    }
}

/// A paragraph being read.
#[derive(Default)]
struct Paragraph {
    role: Role,
    list: Option<String>,
    level: usize,
    words: String,
}

#[derive(Default)]
struct Reader {
    styles: HashMap<String, Role>,
    numbering: Numbering,
    paper: Paper,
    /// Paragraphs that are open: a text box holds some inside of one.
    open: Vec<Paragraph>,
    grid: Grid,
    /// In the text of a run.
    in_text: bool,
    in_run: bool,
    /// How deep in what is there for older programs, or was deleted.
    skipped: usize,
    code: Vec<String>,
    /// Columns of the cells that are open, and whether each goes on from the one above.
    cells: Vec<(usize, bool)>,
    counts: BTreeMap<(String, usize), u32>,
}

impl Reader {
    fn read(&mut self, source: &str) -> Result<(), String> {
        xml::read(source, &mut |piece| {
            match piece {
                Piece::Open(tag) if self.skipped > 0 || is_skipped(tag.name()) => self.skipped += 1,
                Piece::Close(_) if self.skipped > 0 => self.skipped -= 1,
                Piece::Open(tag) => self.open(tag)?,
                Piece::Close("tc") => self.cell_done()?,
                Piece::Close(name) => self.close(name),
                Piece::Words(words) if self.in_text => self.words(&words),
                Piece::Words(_) => {}
            }
            Ok(())
        })?;
        self.code_done();
        Ok(())
    }

    fn open(&mut self, tag: &Tag<'_>) -> Result<(), String> {
        match tag.name() {
            "p" => self.open.push(Paragraph::default()),
            "r" => self.in_run = true,
            "t" => self.in_text = true,
            "tab" if self.in_run => self.words("\t"),
            "br" | "cr" => self.words("\n"),
            "noBreakHyphen" => self.words("-"),
            "tbl" => {
                self.code_done();
                self.grid.table();
            }
            "tr" => self.grid.row(),
            "tc" => {
                self.grid.cell()?;
                self.cells.push((1, false));
            }
            "gridSpan" => self.cells.iter_mut().last().into_iter().for_each(|c| c.0 = tag.number("val").unwrap_or(1)),
            "vMerge" => {
                let goes_on = tag.get("val").is_none_or(|val| val == "continue");
                self.cells.iter_mut().last().into_iter().for_each(|cell| cell.1 = goes_on);
            }
            _ => self.property(tag),
        }
        Ok(())
    }

    fn property(&mut self, tag: &Tag<'_>) {
        let Some(paragraph) = self.open.last_mut() else { return };
        match tag.name() {
            "pStyle" => {
                let style = tag.get("val").unwrap_or_default();
                let role = self.styles.get(&style).copied().or_else(|| named(&style));
                paragraph.role = role.unwrap_or_default();
            }
            "outlineLvl" => {
                if let Some(level) = tag.number("val").filter(|level| *level < 9) {
                    paragraph.role = Role::Heading(level as u8 + 1);
                }
            }
            "ilvl" => paragraph.level = tag.number("val").unwrap_or(0),
            // Zero takes a style's numbering away.
            "numId" => paragraph.list = tag.get("val").filter(|list| list != "0"),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "p" => self.paragraph(),
            "r" => self.in_run = false,
            "t" => self.in_text = false,
            "tbl" => self.grid.close(&mut self.paper),
            _ => {}
        }
    }

    /// A cell that spans several says in each what it says.
    fn cell_done(&mut self) -> Result<(), String> {
        let (columns, goes_on) = self.cells.pop().unwrap_or((1, false));
        if goes_on {
            self.grid.as_above();
        }
        self.grid.repeat(columns)
    }

    fn words(&mut self, words: &str) {
        if let Some(paragraph) = self.open.last_mut() {
            paragraph.words.push_str(words);
        }
    }

    fn paragraph(&mut self) {
        let Some(paragraph) = self.open.pop() else { return };
        if self.grid.is_open() {
            return self.grid.words(&paragraph.words);
        }
        if paragraph.role == Role::Code {
            return self.code.push(paragraph.words);
        }
        self.code_done();
        match (paragraph.role, &paragraph.list) {
            (Role::Heading(level), _) => self.paper.heading(level, &paragraph.words),
            (_, Some(list)) if !paragraph.words.trim().is_empty() => {
                let number = self.number(list, paragraph.level);
                self.paper.item(paragraph.level, number, &paragraph.words);
            }
            _ => self.paper.paragraph(&paragraph.words),
        }
    }

    /// The number of a list's next item at a level; the levels below begin anew.
    fn number(&mut self, list: &str, level: usize) -> Option<u32> {
        self.counts.retain(|(other, below), _| other != list || *below <= level);
        let count = self.counts.entry((list.to_owned(), level)).or_default();
        *count += 1;
        self.numbering.is_numbered(list, level).then_some(*count)
    }

    fn code_done(&mut self) {
        let code = std::mem::take(&mut self.code);
        self.paper.code("", &code.join("\n"));
    }
}

/// A second version of the same for older programs; what was deleted or moved away; field codes.
fn is_skipped(name: &str) -> bool {
    matches!(name, "Fallback" | "del" | "moveFrom" | "instrText" | "delText")
}
