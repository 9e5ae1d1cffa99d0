//! PowerPoint: a slide is a page; its title a heading, its notes text under it.

use std::collections::HashMap;

use super::{
    Parsed,
    archive::Archive,
    docx::core_properties,
    grid::Grid,
    paper::Paper,
    xml::{self, Piece, Tag},
};

pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, String> {
    let mut archive = Archive::open(bytes, "PowerPoint presentation")?;
    let show =
        archive.xml("ppt/presentation.xml")?.ok_or("it is no PowerPoint presentation: its slides are missing")?;
    let parts = relations(&mut archive, "ppt/presentation.xml")?;
    let mut paper = Paper::default();
    if let Some(core) = archive.xml("docProps/core.xml")? {
        core_properties(&core, &mut paper)?;
    }
    let mut slides = Vec::new();
    xml::read(&show, &mut |piece| {
        if let Piece::Open(tag) = piece
            && tag.name() == "sldId"
            && let Some(slide) = tag.get_exact("r:id").and_then(|id| parts.get(&id))
        {
            slides.push(slide.path.clone());
        }
        Ok(())
    })?;
    for (number, slide) in (1..).zip(slides) {
        paper.page(number);
        read_slide(&mut archive, &slide, &mut paper)?;
    }
    Ok(paper.done("pptx"))
}

/// A slide, what it refers to (tables of charts, diagrams), its notes.
fn read_slide(archive: &mut Archive<'_>, path: &str, paper: &mut Paper) -> Result<(), String> {
    let Some(source) = archive.xml(path)? else { return Ok(()) };
    Slide::new(paper).read(&source)?;
    let mut parts: Vec<Part> = relations(archive, path)?.into_values().collect();
    parts.sort_by(|a, b| a.path.cmp(&b.path));
    for part in parts {
        match part.kind.as_str() {
            "notesSlide" | "diagramData" => {
                if let Some(source) = archive.xml(&part.path)? {
                    Slide::new(paper).read(&source)?;
                }
            }
            "chart" => {
                if let Some(source) = archive.xml(&part.path)? {
                    chart(&source, paper)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// A part that another one refers to.
pub(super) struct Part {
    /// Its path in the archive.
    pub(super) path: String,
    /// The last word of its kind.
    pub(super) kind: String,
}

/// What a part refers to, by the id it uses.
pub(super) fn relations(archive: &mut Archive<'_>, path: &str) -> Result<HashMap<String, Part>, String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut found = HashMap::new();
    let Some(source) = archive.xml(&format!("{folder}/_rels/{name}.rels"))? else { return Ok(found) };
    xml::read(&source, &mut |piece| {
        if let Piece::Open(tag) = piece
            && tag.name() == "Relationship"
            && tag.get("TargetMode").as_deref() != Some("External")
            && let (Some(id), Some(target), Some(kind)) = (tag.get("Id"), tag.get("Target"), tag.get("Type"))
        {
            let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
            found.insert(id, Part { path: joined(folder, &target), kind });
        }
        Ok(())
    })?;
    Ok(found)
}

/// A path from a folder, without `.` and `..`; one that begins with a slash is from the top.
pub(super) fn joined(folder: &str, target: &str) -> String {
    let whole = if target.starts_with('/') { target.to_owned() } else { format!("{folder}/{target}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The names and values of a chart, as a table.
fn chart(source: &str, paper: &mut Paper) -> Result<(), String> {
    let (mut rows, mut row, mut title) = (Vec::new(), Vec::new(), String::new());
    let (mut value, mut in_title, mut in_value) = (String::new(), false, false);
    xml::read(source, &mut |piece| {
        match piece {
            Piece::Open(tag) => match tag.name() {
                "title" => in_title = true,
                "v" => (in_value, value) = (true, String::new()),
                "tx" | "cat" | "val" if !in_title => row = Vec::new(),
                _ => {}
            },
            Piece::Words(words) if in_value => value.push_str(&words),
            Piece::Words(words) if in_title => title.push_str(&words),
            Piece::Close("title") => in_title = false,
            Piece::Close("v") => {
                in_value = false;
                row.push(std::mem::take(&mut value));
            }
            Piece::Close("tx" | "cat" | "val") => {
                let row = std::mem::take(&mut row);
                if !row.is_empty() && rows.last() != Some(&row) {
                    rows.push(row);
                }
            }
            Piece::Words(_) | Piece::Close(_) => {}
        }
        Ok(())
    })?;
    paper.paragraph(&title);
    rows.iter().for_each(|row| paper.paragraph(&row.join(", ")));
    Ok(())
}

/// A slide, or its notes, being read.
struct Slide<'a> {
    paper: &'a mut Paper,
    grid: Grid,
    words: String,
    level: usize,
    in_text: bool,
    is_title: bool,
    /// A date, a number, or the picture of the slide on its notes.
    is_furniture: bool,
    /// Items that stand on their own: a placeholder for text, where each paragraph is a point.
    is_body: bool,
}

impl<'a> Slide<'a> {
    fn new(paper: &'a mut Paper) -> Self {
        let (grid, words) = (Grid::default(), String::new());
        Self { paper, grid, words, level: 0, in_text: false, is_title: false, is_furniture: false, is_body: false }
    }

    fn read(&mut self, source: &str) -> Result<(), String> {
        let mut skipped = 0usize;
        xml::read(source, &mut |piece| {
            match piece {
                Piece::Open(tag) if skipped > 0 || tag.name() == "Fallback" => skipped += 1,
                Piece::Close(_) if skipped > 0 => skipped -= 1,
                Piece::Open(tag) => self.open(tag)?,
                Piece::Close(name) => self.close(name),
                Piece::Words(words) if self.in_text => self.words.push_str(&words),
                Piece::Words(_) => {}
            }
            Ok(())
        })
    }

    fn open(&mut self, tag: &Tag<'_>) -> Result<(), String> {
        match tag.name() {
            "sp" | "graphicFrame" | "pic" => {
                (self.is_title, self.is_furniture, self.is_body) = (false, false, false);
            }
            "ph" => {
                let kind = tag.get("type").unwrap_or_default();
                self.is_title = matches!(kind.as_str(), "title" | "ctrTitle");
                self.is_furniture = matches!(kind.as_str(), "sldNum" | "dt" | "ftr" | "hdr" | "sldImg");
                self.is_body = matches!(kind.as_str(), "body" | "obj" | "");
            }
            // What a picture shows, where somebody said so.
            "cNvPr" => {
                if let Some(told) = tag.get("descr") {
                    self.paper.paragraph(&told);
                }
            }
            "p" => (self.words, self.level) = (String::new(), 0),
            "pPr" => self.level = tag.number("lvl").unwrap_or(0),
            "t" => self.in_text = true,
            "br" => self.words.push('\n'),
            "tbl" => self.grid.table(),
            "tr" => self.grid.row(),
            "tc" => {
                self.grid.cell()?;
                let goes_on = |name: &str| tag.get(name).is_some_and(|value| value == "1" || value == "true");
                if goes_on("hMerge") {
                    self.grid.as_before();
                } else if goes_on("vMerge") {
                    self.grid.as_above();
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &str) {
        match name {
            "t" => self.in_text = false,
            "tbl" => self.grid.close(self.paper),
            "p" => {
                let words = std::mem::take(&mut self.words);
                if self.grid.is_open() {
                    self.grid.words(&words);
                } else if self.is_title {
                    self.paper.heading(1, &words);
                } else if self.is_body && !self.is_furniture {
                    self.paper.item(self.level, None, &words);
                } else if !self.is_furniture {
                    self.paper.paragraph(&words);
                }
            }
            _ => {}
        }
    }
}
