//! Cuts a block that is too long into atoms: the smallest pieces that passages are made of.

use surefoot_types::Range;
use unicode_segmentation::UnicodeSegmentation;

use super::{Block, Kind, Sizes, sentences, trimmed};

/// The atoms of a block, trimmed, in order: the block itself where it fits.
pub(super) fn atoms(text: &str, block: &Block, sizes: Sizes) -> Vec<Range> {
    let length = block.range.end - block.range.start;
    let whole_fits = match block.kind {
        Kind::Prose => length <= sizes.target,
        Kind::Lines | Kind::Headed(_) | Kind::Heading(..) => length <= sizes.most,
    };
    if whole_fits {
        return vec![block.range];
    }
    let Some(body) = block.range.of(text) else { return Vec::new() };
    let pieces = match block.kind {
        Kind::Lines | Kind::Headed(_) => lines(body, sizes.target),
        Kind::Prose | Kind::Heading(..) => sentences(body),
    };
    pieces
        .into_iter()
        .map(|piece| Range { start: block.range.start + piece.start, end: block.range.start + piece.end })
        .flat_map(|piece| fitted(text, piece, sizes.most))
        .collect()
}

/// Lines; those that no blank line parts stay together up to `most` bytes.
fn lines(body: &str, most: usize) -> Vec<Range> {
    let (mut found, mut run, mut at): (Vec<Range>, Vec<Range>, usize) = (Vec::new(), Vec::new(), 0);
    let parted = body.contains("\n\n");
    for line in body.split_inclusive('\n').chain([""]) {
        let range = trimmed(body, Range { start: at, end: at + line.len() });
        at += line.len();
        if let Some(range) = range {
            run.push(range);
            continue;
        }
        match (run.first(), run.last()) {
            (Some(first), Some(last)) if parted && last.end - first.start <= most => {
                found.push(Range { start: first.start, end: last.end });
            }
            _ => found.append(&mut run),
        }
        run.clear();
    }
    found
}

/// A piece cut between words, or inside a word that is too long itself, so that no part exceeds `most`.
fn fitted(text: &str, piece: Range, most: usize) -> Vec<Range> {
    let Some(body) = piece.of(text) else { return Vec::new() };
    if body.len() <= most {
        return vec![piece];
    }
    let words = body.split_word_bound_indices().flat_map(|(at, word)| {
        let graphemes = word.grapheme_indices(true).map(move |(inner, part)| (at + inner, part.len()));
        if word.len() <= most { vec![(at, word.len())] } else { graphemes.collect() }
    });
    let mut parts: Vec<Range> = Vec::new();
    for (at, length) in words {
        let end = piece.start + at + length;
        match parts.last_mut() {
            Some(open) if end - open.start <= most => open.end = end,
            _ => parts.push(Range { start: piece.start + at, end }),
        }
    }
    parts.into_iter().filter_map(|part| trimmed(text, part)).collect()
}
