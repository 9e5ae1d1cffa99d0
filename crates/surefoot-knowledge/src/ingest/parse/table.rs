//! Values between commas, semicolons, tabs or bars: the text is the source itself, its rows under their head.

use surefoot_types::Range;

use super::Parsed;
use crate::passages::{Block, Kind};

pub(super) fn parse(text: String) -> Parsed {
    let head = text.lines().next().map_or(0, str::len);
    let whole = Range { start: 0, end: text.len() };
    let kind = if head > 0 { Kind::Headed(Range { start: 0, end: head }) } else { Kind::Lines };
    Parsed { format: "csv", blocks: vec![Block { range: whole, kind, page: None }], text, ..Parsed::default() }
}
