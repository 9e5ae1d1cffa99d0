//! Finds the marks that cite in an answer, so that the page can make links of them. All else stays plain text:
//! nothing that a model says becomes HTML.

use surefoot_types::Citation;

/// Part of an answer, as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Words.
    Text(String),
    /// A number that cites.
    Mark {
        /// The number.
        number: u32,
        /// Whether every citation of that number holds.
        holds: bool,
    },
}

/// An answer in pieces, in order. A number is a mark only where a checked citation bears it.
pub(crate) fn pieces(text: &str, citations: &[Citation]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, inside, after)) = next(rest) {
        push(&mut pieces, before);
        within(&mut pieces, inside, citations);
        rest = after;
    }
    push(&mut pieces, rest);
    pieces
}

/// The next pair of brackets with nothing but numbers in it: the text up to and with its opening
/// bracket, what is inside, and the rest from its closing bracket on.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let mut at = 0;
    while let Some(open) = text[at..].find(['[', '【', '［']) {
        let bracket = text[at + open..].chars().next().map_or(1, char::len_utf8);
        at += open + bracket;
        let inside = text[at..].find(|c: char| !is_inside(c)).map_or(&text[at..], |end| &text[at..at + end]);
        let after = &text[at + inside.len()..];
        // `[1](https://…)` is a link, as models write them.
        if after.starts_with([']', '】', '］']) && !after.starts_with("](") {
            return Some((&text[..at], inside, after));
        }
    }
    None
}

fn is_inside(c: char) -> bool {
    c.is_ascii_digit() || " ,;-^–，、".contains(c)
}

fn within(pieces: &mut Vec<Piece>, inside: &str, citations: &[Citation]) {
    let mut rest = inside;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
        let (digits, after) = from.split_at(end);
        push(pieces, before);
        match digits.parse().ok().and_then(|number| mark(number, citations)) {
            Some(mark) => pieces.push(mark),
            None => push(pieces, digits),
        }
        rest = after;
    }
    push(pieces, rest);
}

fn mark(number: u32, citations: &[Citation]) -> Option<Piece> {
    let mut with_it = citations.iter().filter(|citation| citation.mark == number).peekable();
    with_it.peek()?;
    Some(Piece::Mark { number, holds: with_it.all(Citation::holds) })
}

fn push(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Text(before)) => before.push_str(text),
        _ => pieces.push(Piece::Text(text.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use surefoot_types::Support;

    use super::*;

    fn citation(mark: u32, support: Support) -> Citation {
        Citation {
            mark,
            document: "a.md".into(),
            document_id: None,
            title: String::new(),
            heading_path: Vec::new(),
            start: 0,
            end: 1,
            page: None,
            quote: String::new(),
            sentence: String::new(),
            support,
            score: 1.0,
        }
    }

    /// The pieces in short: `<1>` for a mark that holds, `<!1>` for one that does not.
    fn told(text: &str) -> String {
        let citations =
            [citation(1, Support::Quoted), citation(2, Support::Supported), citation(2, Support::Unsupported)];
        let short = |piece| match piece {
            Piece::Text(text) => text,
            Piece::Mark { number, holds } => format!("<{}{number}>", if holds { "" } else { "!" }),
        };
        pieces(text, &citations).into_iter().map(short).collect()
    }

    #[test]
    fn marks_become_links_and_all_else_stays_text() {
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("So [1].", "So [<1>]."),
            ("So [1][2].", "So [<1>][<!2>]."),
            ("So [1, 2] and 【1】.", "So [<1>, <!2>] and 【<1>】."),
            ("a footnote[^1]", "a footnote[^<1>]"),
            ("nobody checked [3]", "nobody checked [3]"),
            ("a link [1](https://x) stays", "a link [1](https://x) stays"),
            ("[x] [] [1.5] [[1]] [1", "[x] [] [1.5] [[<1>]] [1"),
            ("[99999999999999999999]", "[99999999999999999999]"),
            ("ö［1］ü", "ö［<1>］ü"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn text_between_marks_is_one_piece() {
        assert_eq!(pieces("a [3] b", &[]), [Piece::Text("a [3] b".into())]);
    }
}
