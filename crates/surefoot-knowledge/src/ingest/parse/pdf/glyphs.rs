//! What a page draws, joined to spans: glyphs that follow one another on one line without a wide gap.

use pdf_extract::{MediaBox, OutputDev, OutputError, Transform};

/// Gaps are told in sizes of the letters. Wider than this is a space between words,
const SPACE: f64 = 0.12;
/// wider than this the beginning of another column or cell.
const GAP: f64 = 1.0;
/// Lines of one height differ by less than this.
const SAME_LINE: f64 = 0.4;
/// Most glyphs of a page.
const GLYPHS: usize = 2_000_000;

/// A run of text on one line. Places are in points from the upper left.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Span {
    pub(super) text: String,
    pub(super) left: f64,
    pub(super) right: f64,
    /// The line that the letters stand on.
    pub(super) base: f64,
    pub(super) size: f64,
    /// Its letters run to the left and were drawn from the left: their order is that of the eye, not of the reader.
    visual: bool,
}

impl Span {
    /// A span with this text, from here to there.
    pub(super) fn new(text: String, left: f64, right: f64, base: f64, size: f64) -> Self {
        Self { text, left, right, base, size, visual: false }
    }

    /// Letters that run to the left in the order of reading: all turned round, but for what runs to the right.
    fn read(mut self) -> Self {
        if !std::mem::take(&mut self.visual) {
            return self;
        }
        let turned: Vec<char> = self.text.chars().rev().collect();
        self.text.clear();
        let runs_right = |c: char| c.is_alphanumeric() && !runs_left(c.encode_utf8(&mut [0; 4]));
        let mut at = 0;
        while at < turned.len() {
            let run = turned[at..].iter().take_while(|c| runs_right(**c) || matches!(**c, '.' | ',' | ':' | '/' | '-'));
            let run = if runs_right(turned[at]) { run.count() } else { 0 };
            let run = (0..=run).rev().find(|end| *end == 0 || runs_right(turned[at + end - 1])).unwrap_or(0);
            self.text.extend(turned[at..at + run].iter().rev());
            self.text.extend(turned.get(at + run).filter(|_| run == 0));
            at += run.max(1);
        }
        self
    }

    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }
}

/// Takes what a page draws.
#[derive(Default)]
pub(super) struct Glyphs {
    spans: Vec<Span>,
    /// Text that stands on its side comes after the text that does not.
    turned: Vec<Span>,
    glyphs: usize,
}

impl Glyphs {
    pub(super) fn done(mut self) -> Vec<Span> {
        // A page that lies on its side is read as it lies.
        if self.turned.len() > self.spans.len() {
            std::mem::swap(&mut self.spans, &mut self.turned);
        }
        let lowest = self.spans.iter().map(|span| span.base).fold(0.0, f64::max);
        let left = self.turned.iter().map(|span| span.base).fold(f64::INFINITY, f64::min);
        self.spans.extend(self.turned.into_iter().map(|span| Span { base: lowest + 72.0 + span.base - left, ..span }));
        self.spans.retain(|span| !span.text.trim().is_empty());
        self.spans.into_iter().map(Span::read).collect()
    }
}

/// Letters of Hebrew, Arabic and their like, which run to the left.
pub(super) fn runs_left(text: &str) -> bool {
    text.chars().any(|c| matches!(u32::from(c), 0x590..=0x8ff | 0xfb1d..=0xfdff | 0xfe70..=0xfeff))
}

/// Whether a glyph that begins at `left` goes on with a span, and with a space between.
fn joins(span: &Span, left: f64, base: f64, size: f64) -> Option<bool> {
    let size = size.min(span.size).max(0.1);
    let (gap, drop) = ((left - span.right) / size, (base - span.base).abs() / size);
    (drop < SAME_LINE && (-SAME_LINE..GAP).contains(&gap)).then_some(gap > SPACE)
}

/// The same for a glyph that ends at `right`, before a span that runs to the left.
fn joins_left(span: &Span, right: f64, base: f64, size: f64) -> Option<bool> {
    let size = size.min(span.size).max(0.1);
    let (gap, drop) = ((span.left - right) / size, (base - span.base).abs() / size);
    (drop < SAME_LINE && (-SAME_LINE..GAP).contains(&gap)).then_some(gap > SPACE)
}

impl OutputDev for Glyphs {
    fn begin_page(&mut self, _: u32, _: &MediaBox, _: Option<(f64, f64, f64, f64)>) -> Result<(), OutputError> {
        Ok(())
    }

    fn end_page(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn output_character(
        &mut self,
        at: &Transform,
        width: f64,
        _: f64,
        font_size: f64,
        character: &str,
    ) -> Result<(), OutputError> {
        self.glyphs += 1;
        let across = (font_size * at.m11.hypot(at.m12)).abs();
        let size = (font_size * at.m21.hypot(at.m22)).abs();
        let finite = [across, size, at.m31, at.m32, width].iter().all(|number| number.is_finite());
        if self.glyphs > GLYPHS || !finite || size < 0.5 {
            return Ok(());
        }
        // Which way the line runs: to the right, or up or down the page.
        let (spans, left, base) = match (at.m12.abs() > at.m11.abs(), at.m12 > 0.0) {
            (false, _) => (&mut self.spans, at.m31, -at.m32),
            (true, true) => (&mut self.turned, at.m32, at.m31),
            (true, false) => (&mut self.turned, -at.m32, -at.m31),
        };
        let right = left + width * across;
        let text = character.replace(['\0', '\u{c}', '\u{ad}'], " ");
        let blank = text.trim().is_empty();
        if let Some(last) = spans.last_mut()
            && let Some(space) = joins(last, left, base, size)
        {
            if space && !blank && !last.text.ends_with(' ') {
                last.text.push(' ');
            }
            if runs_left(&text) {
                // A glyph of several letters has them in the order of reading; it is turned round with the rest.
                last.visual = true;
                last.text.extend(text.chars().rev());
            } else {
                last.text.push_str(&text);
            }
            last.right = last.right.max(right);
        } else if let Some(last) = spans.last_mut()
            && runs_left(&last.text)
            && let Some(space) = joins_left(last, right, base, size)
        {
            last.text.push_str(if space && !blank { " " } else { "" });
            last.text.push_str(&text);
            last.left = last.left.min(left);
        } else if !blank {
            spans.push(Span::new(text, left, right, base, size));
        }
        Ok(())
    }

    fn begin_word(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn end_word(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), OutputError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_run_to_the_left_are_read_from_the_right() {
        for (drawn, read) in [("םולש", "שלום"), ("2026 ,Python םולש", "שלום Python, 2026")] {
            let span = Span { visual: true, ..Span::new(drawn.into(), 0.0, 1.0, 0.0, 1.0) };
            assert_eq!(span.read().text, read);
        }
    }
}
