//! Rows to text: paragraphs, headings by their size, tables; what every page repeats is left out.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::layout::Row;
use crate::ingest::parse::paper::Paper;

/// A row further below than this many times its letters' size begins a paragraph.
const PARAGRAPH: f64 = 1.75;
/// A heading's letters are so much larger than the text's, and it is no longer than so many letters.
const LARGER: f64 = 1.15;
const HEADING: usize = 120;
/// What stands at the edge of more than half of the pages, of so many at least, says where one is and no more.
const REPEATED: usize = 4;
/// Rows at each edge that are looked at for it.
const EDGE: usize = 2;

pub(super) fn pages(pages: &[(u32, Vec<Row>)], paper: &mut Paper) {
    let sizes = heading_sizes(pages);
    let furniture = furniture(pages);
    for (number, rows) in pages {
        paper.page(*number);
        let edge = |at: usize| at < EDGE || at + EDGE >= rows.len();
        let kept = rows.iter().enumerate().filter(|(at, row)| !edge(*at) || !furniture.contains(&marked(row)));
        let mut page = Page { paper, sizes: &sizes, lines: Vec::new(), table: Vec::new(), heading: None, last: None };
        kept.for_each(|(_, row)| page.row(row));
        page.flush();
    }
}

/// The sizes of headings, largest first, in tenths of a point.
fn heading_sizes(pages: &[(u32, Vec<Row>)]) -> Vec<i64> {
    let mut letters: BTreeMap<i64, usize> = BTreeMap::new();
    for row in pages.iter().flat_map(|(_, rows)| rows) {
        *letters.entry(tenths(row.size())).or_default() += row.text().chars().count();
    }
    let Some((body, _)) = letters.iter().max_by_key(|(_, count)| **count) else { return Vec::new() };
    let all: usize = letters.values().sum();
    let larger = letters.iter().filter(|(size, count)| **size as f64 > *body as f64 * LARGER && **count * 4 < all);
    let mut sizes: Vec<i64> = larger.map(|(size, _)| *size).collect();
    sizes.reverse();
    sizes.dedup_by(|a, b| (*a - *b).abs() <= 5);
    sizes
}

fn tenths(size: f64) -> i64 {
    (size * 10.0).round() as i64
}

/// A row without its numbers: that of the next page says the same.
fn marked(row: &Row) -> String {
    row.text().chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect()
}

fn furniture(pages: &[(u32, Vec<Row>)]) -> HashSet<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for (_, rows) in pages {
        let edges = rows.iter().take(EDGE).chain(rows.iter().skip(EDGE).rev().take(EDGE));
        for mark in edges.map(marked).collect::<HashSet<_>>() {
            *seen.entry(mark).or_default() += 1;
        }
    }
    seen.retain(|_, times| *times >= REPEATED && *times * 2 > pages.len());
    seen.into_keys().collect()
}

/// A page being written.
struct Page<'a> {
    paper: &'a mut Paper,
    sizes: &'a [i64],
    /// Lines of the open paragraph.
    lines: Vec<String>,
    /// Rows of the open table.
    table: Vec<&'a Row>,
    /// The open heading's level and words.
    heading: Option<(u8, String)>,
    /// The last row's place and size.
    last: Option<(f64, f64)>,
}

impl<'a> Page<'a> {
    fn row(&mut self, row: &'a Row) {
        let near = self.last.is_some_and(|(base, size)| {
            let below = row.base() - base;
            below > 0.0 && below < PARAGRAPH * size.max(row.size()) && (size - row.size()).abs() < 0.2 * size
        });
        self.last = Some((row.base(), row.size()));
        let goes_on = near && !row.begins;
        if let Some(level) = self.level(row) {
            return self.heading(level, row, goes_on);
        }
        if row.cells.len() > 1 {
            // Rows of a table may stand further apart than lines of text.
            if self.table.is_empty() || row.begins {
                self.flush();
            }
            return self.table.push(row);
        }
        if !goes_on || !self.table.is_empty() || self.heading.is_some() {
            self.flush();
        }
        let line = row.text();
        match (line.trim_start().chars().next(), line.trim_start().get(1..2)) {
            (Some('•' | '▪' | '●' | '◦' | '–'), _) | (Some('-' | '*'), Some(" ")) => {
                self.flush();
                let item = line.trim_start_matches(['•', '▪', '●', '◦', '–', '-', '*', ' ']);
                self.lines.push(format!("- {item}"));
            }
            _ => self.lines.push(line),
        }
    }

    /// The level of a heading, if the row is one.
    fn level(&self, row: &Row) -> Option<u8> {
        let text = row.text();
        let long = text.chars().count() > HEADING || !text.chars().any(char::is_alphabetic) || row.cells.len() > 1;
        let size = tenths(row.size());
        let rank = self.sizes.iter().position(|heading| size >= *heading - 5)?;
        (!long).then_some(rank.min(5) as u8 + 1)
    }

    fn heading(&mut self, level: u8, row: &Row, goes_on: bool) {
        if let Some((open, words)) = &mut self.heading
            && *open == level
            && goes_on
        {
            words.push(' ');
            words.push_str(&row.text());
            return;
        }
        self.flush();
        self.heading = Some((level, row.text()));
    }

    fn flush(&mut self) {
        if let Some((level, words)) = self.heading.take() {
            self.paper.heading(level, &words);
        }
        let table = std::mem::take(&mut self.table);
        match tabled(&table) {
            Some(rows) => self.paper.table(&rows),
            None => table.iter().for_each(|row| self.paper.paragraph(&row.text())),
        }
        let lines = std::mem::take(&mut self.lines);
        self.paper.paragraph(&unbroken(&lines));
    }
}

/// Rows to the cells of a table: what overlaps from above is one column. None for a single row.
fn tabled(rows: &[&Row]) -> Option<Vec<Vec<String>>> {
    if rows.len() < 2 {
        return None;
    }
    let mut columns: Vec<(f64, f64)> = rows.iter().flat_map(|row| &row.cells).map(|c| (c.left, c.right)).collect();
    columns.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut merged: Vec<(f64, f64)> = Vec::new();
    for (left, right) in columns {
        match merged.last_mut() {
            Some(last) if left < last.1 => last.1 = last.1.max(right),
            _ => merged.push((left, right)),
        }
    }
    let placed = |row: &&Row| {
        let mut cells = vec![String::new(); merged.len()];
        for cell in &row.cells {
            let column = merged.iter().position(|(_, right)| cell.left < *right).unwrap_or(merged.len() - 1);
            if !cells[column].is_empty() {
                cells[column].push(' ');
            }
            cells[column].push_str(cell.text.trim());
        }
        cells
    };
    Some(rows.iter().map(placed).collect())
}

/// Lines of a paragraph; a word that was cut at the end of a line is whole again.
fn unbroken(lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines {
        let cut = text.ends_with('-')
            && text.trim_end_matches('-').ends_with(char::is_alphabetic)
            && line.starts_with(char::is_lowercase);
        if cut {
            text.pop();
        } else if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cut_at_the_end_of_a_line_are_whole() {
        let cases: &[(&[&str], &str)] = &[
            (&["one exam-", "ple here"], "one example here"),
            (&["1999-", "2001"], "1999-\n2001"),
            (&["Jean-", "Luc"], "Jean-\nLuc"),
            (&["a", "b"], "a\nb"),
        ];
        for (lines, expected) in cases {
            let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            assert_eq!(unbroken(&lines), *expected);
        }
    }
}
