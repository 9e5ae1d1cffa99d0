//! Spans to rows in the order of reading: columns are read one after the other, the cells of a table row by row.

use super::glyphs::{Span, runs_left};

/// Rows of one height differ by less than this part of their letters' size.
const SAME_ROW: f64 = 0.5;
/// A gutter is at least as wide as this many sizes of the letters.
const GUTTER: f64 = 1.0;
/// Columns of text have at least so many lines, filled to this part, of so many letters; what has not is a table.
const COLUMN_LINES: usize = 4;
const FILLED: f64 = 0.55;
const LETTERS: usize = 18;
/// How deep columns are looked for in columns.
const DEEPEST: usize = 6;

/// What stands at one height of a column, from left to right.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) cells: Vec<Span>,
    /// It begins another column, or what goes across all of them.
    pub(super) begins: bool,
}

impl Row {
    pub(super) fn base(&self) -> f64 {
        self.cells.first().map_or(0.0, |cell| cell.base)
    }

    pub(super) fn size(&self) -> f64 {
        self.cells.iter().map(|cell| cell.size).fold(0.0, f64::max)
    }

    pub(super) fn text(&self) -> String {
        self.cells.iter().map(|cell| cell.text.trim()).collect::<Vec<_>>().join("  ")
    }
}

/// All rows of a page.
pub(super) fn rows(spans: Vec<Span>) -> Vec<Row> {
    let mut rows = Vec::new();
    columns(stacked(spans), 0, &mut rows);
    rows
}

/// Spans to rows by their height, uppermost first, each from left to right.
fn stacked(mut spans: Vec<Span>) -> Vec<Row> {
    spans.sort_by(|a, b| a.base.total_cmp(&b.base).then(a.left.total_cmp(&b.left)));
    let mut rows: Vec<Row> = Vec::new();
    for span in spans {
        match rows.last_mut() {
            Some(row) if (span.base - row.base()).abs() < SAME_ROW * span.size.min(row.size()) => row.cells.push(span),
            _ => rows.push(Row { cells: vec![span], begins: false }),
        }
    }
    for row in &mut rows {
        row.cells.sort_by(|a, b| a.left.total_cmp(&b.left));
        row.cells = joined(std::mem::take(&mut row.cells));
        let left = row.cells.iter().filter(|cell| runs_left(&cell.text)).count();
        if left * 2 > row.cells.len() {
            row.cells.reverse();
        }
    }
    rows
}

/// Spans that touch: a word that was drawn in parts.
fn joined(cells: Vec<Span>) -> Vec<Span> {
    let mut whole: Vec<Span> = Vec::with_capacity(cells.len());
    for cell in cells {
        match whole.last_mut() {
            Some(last) if cell.left - last.right < 0.9 * cell.size.min(last.size) => {
                let space = if cell.left - last.right > 0.1 * cell.size { " " } else { "" };
                last.text = match runs_left(&last.text) && runs_left(&cell.text) {
                    true => format!("{}{space}{}", cell.text.trim_end(), last.text),
                    false => format!("{}{}{}", last.text, if last.text.ends_with(' ') { "" } else { space }, cell.text),
                };
                last.right = last.right.max(cell.right);
            }
            _ => whole.push(cell),
        }
    }
    whole
}

/// Cuts at a gutter where there is one: what goes across it stands before or after both of its sides.
fn columns(rows: Vec<Row>, depth: usize, out: &mut Vec<Row>) {
    let Some(gutter) = (depth < DEEPEST).then(|| gutter(&rows)).flatten() else {
        let from = out.len();
        out.extend(rows);
        if let Some(first) = out.get_mut(from) {
            first.begins = true;
        }
        return;
    };
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for row in rows {
        if row.cells.iter().any(|cell| cell.left < gutter && gutter < cell.right) {
            sides(&mut left, &mut right, depth, out);
            out.push(Row { begins: true, ..row });
            continue;
        }
        let (before, after): (Vec<Span>, Vec<Span>) = row.cells.into_iter().partition(|cell| cell.right <= gutter);
        left.extend(before);
        right.extend(after);
    }
    sides(&mut left, &mut right, depth, out);
}

fn sides(left: &mut Vec<Span>, right: &mut Vec<Span>, depth: usize, out: &mut Vec<Row>) {
    columns(stacked(std::mem::take(left)), depth + 1, out);
    columns(stacked(std::mem::take(right)), depth + 1, out);
}

/// Where columns of running text part: the place that the fewest rows cross while both sides are full of lines.
fn gutter(rows: &[Row]) -> Option<f64> {
    let mut tried: Vec<f64> = Vec::new();
    for row in rows {
        let between = row.cells.windows(2).filter(|pair| pair[1].left - pair[0].right > GUTTER * pair[1].size);
        tried.extend(between.map(|pair| (pair[0].right + pair[1].left) / 2.0));
    }
    tried.sort_by(f64::total_cmp);
    tried.dedup_by(|a, b| (*a - *b).abs() < 2.0);
    // A page of a thousand small cells is a table.
    if tried.len() > 200 {
        return None;
    }
    let crossed = |at: f64| rows.iter().filter(|row| row.cells.iter().any(|c| c.left < at && at < c.right)).count();
    let best = tried.into_iter().map(|at| (crossed(at), at)).min_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    best.filter(|(crossed, at)| crossed * 2 < rows.len() && is_column(rows, *at, true) && is_column(rows, *at, false))
        .map(|(_, at)| at)
}

/// Whether the lines on one side of a place are running text.
fn is_column(rows: &[Row], at: f64, left: bool) -> bool {
    let on_side = |cell: &&Span| if left { cell.right <= at } else { cell.left >= at };
    let lines: Vec<&Span> = rows.iter().flat_map(|row| row.cells.iter().filter(on_side)).collect();
    let widest = lines.iter().map(|line| line.width()).fold(0.0, f64::max);
    let full = lines.iter().filter(|line| line.width() > FILLED * widest && line.text.chars().count() >= LETTERS);
    lines.len() >= COLUMN_LINES && full.count() * 2 > lines.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str, left: f64, base: f64) -> Span {
        Span::new(text.into(), left, left + text.len() as f64 * 5.0, base, 10.0)
    }

    fn read(spans: Vec<Span>) -> Vec<String> {
        rows(spans).iter().map(Row::text).collect()
    }

    #[test]
    fn columns_are_read_one_after_the_other() {
        let mut spans = vec![span("A title that goes across both columns of the page", 50.0, 20.0)];
        for line in 0..5 {
            let base = 40.0 + 12.0 * f64::from(line);
            spans.push(span(&format!("left line number {line} of five"), 50.0, base));
            spans.push(span(&format!("right line number {line} of five"), 250.0, base));
        }
        let read = read(spans);
        assert!(read[0].starts_with("A title"));
        assert!(read[1..6].iter().all(|line| line.starts_with("left")), "{read:?}");
        assert!(read[6..].iter().all(|line| line.starts_with("right")), "{read:?}");
    }

    #[test]
    fn tables_are_read_row_by_row() {
        let mut spans = Vec::new();
        for line in 0..6 {
            let base = 40.0 + 12.0 * f64::from(line);
            spans.extend([span("item", 50.0, base), span("12", 150.0, base), span("3.50", 250.0, base)]);
        }
        assert_eq!(read(spans), ["item  12  3.50"; 6]);
    }

    #[test]
    fn parts_of_a_word_are_joined_whatever_their_order() {
        assert_eq!(read(vec![span("foot", 70.2, 10.0), span("sure", 50.0, 10.0)]), ["surefoot"]);
    }
}
