//! Excel: each sheet a table under its name. Cells are read one by one, so that a sheet that claims a million
//! columns costs what is written in it.

use std::io::Cursor;

use calamine::{DataRef, ExcelDateTime, Reader, Xlsx};

use super::{Parsed, archive::Archive, docx::core_properties, paper::Paper};

/// Most cells that are read.
const CELLS: usize = 4_000_000;
/// Columns beyond this one are left out.
const COLUMNS: u32 = 1_000;

pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, String> {
    let mut archive = Archive::open(bytes, "Excel workbook")?;
    archive.check()?;
    let mut paper = Paper::default();
    if let Some(core) = Archive::open(bytes, "Excel workbook")?.xml("docProps/core.xml")? {
        core_properties(&core, &mut paper)?;
    }
    let broken = |error: calamine::XlsxError| format!("it cannot be read as an Excel workbook: {error}");
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(broken)?;
    let mut cells = 0;
    for name in book.sheet_names() {
        paper.heading(1, &name);
        // A sheet that is a chart has no cells.
        if let Ok(mut reader) = book.worksheet_cells_reader(&name) {
            let mut rows: Vec<(u32, Vec<String>)> = Vec::new();
            while let Some(cell) = reader.next_cell().map_err(broken)? {
                cells += 1;
                if cells > CELLS {
                    return Err(format!("it has more than {CELLS} cells"));
                }
                place(&mut rows, cell.get_position(), shown(cell.get_value()));
            }
            paper.table(&rows.into_iter().map(|(_, row)| row).collect::<Vec<_>>());
        }
    }
    Ok(paper.done("xlsx"))
}

/// Puts a cell into its row; rows come in order.
fn place(rows: &mut Vec<(u32, Vec<String>)>, (row, column): (u32, u32), words: String) {
    if words.is_empty() || column >= COLUMNS {
        return;
    }
    if rows.last().is_none_or(|(last, _)| *last != row) {
        rows.push((row, Vec::new()));
    }
    if let Some((_, cells)) = rows.last_mut() {
        let column = column as usize;
        if cells.len() <= column {
            cells.resize(column + 1, String::new());
        }
        cells[column] = words;
    }
}

fn shown(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(truth) => truth.to_string(),
        DataRef::DateTime(when) => moment(when),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    }
}

fn moment(when: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = when.to_ymd_hms_milli();
    if when.is_duration() {
        let minutes = (when.as_f64() * 1440.0).round() as i64;
        return format!("{}:{:02}", minutes / 60, minutes % 60);
    }
    match (when.as_f64() < 1.0, hour, minute, second) {
        (true, ..) => format!("{hour:02}:{minute:02}:{second:02}"),
        (_, 0, 0, 0) => format!("{year:04}-{month:02}-{day:02}"),
        _ => format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"),
    }
}
