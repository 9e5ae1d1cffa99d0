//! Tables while they are read; one inside another is text of its cell.

use super::paper::{Paper, flat};

/// Most cells of a table: beyond them a table is data, and its file is too large to be one document.
const CELLS: usize = 4_000_000;
/// How often an empty or repeated cell is written out.
const REPEATED: usize = 64;

/// The tables that are open, outermost first.
#[derive(Default)]
pub(super) struct Grid {
    open: Vec<Vec<Vec<String>>>,
    cells: usize,
}

impl Grid {
    pub(super) fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    pub(super) fn table(&mut self) {
        self.open.push(Vec::new());
    }

    pub(super) fn row(&mut self) {
        if let Some(table) = self.open.last_mut() {
            table.push(Vec::new());
        }
    }

    /// A cell begins.
    pub(super) fn cell(&mut self) -> Result<(), String> {
        self.cells += 1;
        if self.cells > CELLS {
            return Err(format!("its tables have more than {CELLS} cells"));
        }
        if let Some(row) = self.last_row() {
            row.push(String::new());
        }
        Ok(())
    }

    /// The last cell stands there so many times in all.
    pub(super) fn repeat(&mut self, times: usize) -> Result<(), String> {
        let Some(last) = self.last_row().and_then(|row| row.last()).cloned() else { return Ok(()) };
        for _ in 1..times.min(REPEATED) {
            self.cell()?;
            self.words(&last);
        }
        Ok(())
    }

    /// The last cell goes on from the one above it.
    pub(super) fn as_above(&mut self) {
        let above = self.open.last().and_then(|table| {
            let [.., above, row] = &table[..] else { return None };
            above.get(row.len().checked_sub(1)?).cloned()
        });
        self.words(&above.unwrap_or_default());
    }

    /// The last cell goes on from the one before it.
    pub(super) fn as_before(&mut self) {
        let before = self.last_row().and_then(|row| row.get(row.len().checked_sub(2)?).cloned());
        self.words(&before.unwrap_or_default());
    }

    /// Text of the last cell.
    pub(super) fn words(&mut self, words: &str) {
        let words = flat(words);
        let Some(row) = self.last_row() else { return };
        if row.is_empty() {
            row.push(String::new());
        }
        if let Some(cell) = row.last_mut().filter(|_| !words.is_empty()) {
            if !cell.is_empty() {
                cell.push(' ');
            }
            cell.push_str(&words);
        }
    }

    fn last_row(&mut self) -> Option<&mut Vec<String>> {
        let table = self.open.last_mut()?;
        if table.is_empty() {
            table.push(Vec::new());
        }
        table.last_mut()
    }

    /// The innermost table ends.
    pub(super) fn close(&mut self, paper: &mut Paper) {
        let Some(mut table) = self.open.pop() else { return };
        for row in &mut table {
            let filled = row.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
            row.truncate(filled);
        }
        table.retain(|row| !row.is_empty());
        if self.is_open() {
            table.iter().for_each(|row| self.words(&row.join(" ")));
        } else {
            self.cells = 0;
            paper.table(&table);
        }
    }
}
