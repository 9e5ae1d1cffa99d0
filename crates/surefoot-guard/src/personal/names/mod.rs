//! Names of people and places, by lists of names, titles and turns of phrase. In English; a few turns of others.
//!
//! It finds what a careful reader finds who does not know the people: somebody whose given name is common, who is
//! introduced, or who has a title. The lists are made by `scripts/name_lists.py`.

mod cues;

use std::{collections::HashSet, ops::Range, sync::LazyLock};

use super::{
    forms::{Kind, kind},
    scan::Scan,
};

pub(super) const PERSON: &str = "PERSON";
pub(super) const LOCATION: &str = "LOCATION";

pub(super) const KINDS: &[Kind] = &[kind(PERSON, &[], &[]), kind(LOCATION, &[], &[])];

/// The lists, in lower case.
struct Lists {
    given: HashSet<&'static str>,
    places: HashSet<&'static str>,
    /// Words that begin sentences, name offices and organisations, or are no names otherwise.
    common: HashSet<&'static str>,
    /// Given names, and places, that are words too: alone they count for nothing.
    ambiguous: HashSet<&'static str>,
    ambiguous_places: HashSet<&'static str>,
}

static LISTS: LazyLock<Lists> = LazyLock::new(|| {
    let section = |name: &str| {
        let words = include_str!("words.txt").split("= ").find_map(|part| part.strip_prefix(name));
        words.unwrap_or_default()
    };
    let aliases = section("aliases").lines().filter(|alias| !alias.is_empty());
    Lists {
        given: include_str!("given.txt").lines().collect(),
        places: include_str!("places.txt").lines().chain(aliases).collect(),
        common: section("common").split_whitespace().collect(),
        ambiguous: section("ambiguous").split_whitespace().collect(),
        ambiguous_places: section("places").split_whitespace().collect(),
    }
});

/// A word: letters, with hyphens and apostrophes inside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    start: usize,
    end: usize,
    shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Lower,
    /// `Name`, `O'Neill`, `McCoy`, `J`
    Name,
    /// `NAME`
    Capitals,
    /// `javaScript`, `user_Name`, `path/Name`: code.
    Other,
}

/// Names of people and places in a text.
pub(super) fn names(scan: &mut Scan<'_>) {
    let text = scan.text;
    let words = words(text);
    let mut people: HashSet<&str> = HashSet::new();
    let mut alone: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    let mut buffer = Buffer::default();
    while at < words.len() {
        if !matches!(words[at].shape, Shape::Name | Shape::Capitals) {
            at += 1;
            continue;
        }
        let end = run_end(text, &words, at);
        match judge(text, &words, at..end, &mut buffer) {
            Some((kind, range, score)) => {
                if kind == PERSON && score >= 0.6 {
                    people.extend(text[range.clone()].split(' ').filter(|word| word.len() > 3));
                }
                scan.keep(kind, range, score);
            }
            None => alone.extend(words[at..end].iter().map(|word| word.start..word.end)),
        }
        at = end;
    }
    // Somebody named in full is meant by one of the names, too.
    for range in alone.into_iter().filter(|range| people.contains(&text[range.clone()])) {
        scan.keep(PERSON, range, 0.6);
    }
}

/// Lower case without a new string for every word.
#[derive(Default)]
struct Buffer(String);

impl Buffer {
    fn lower(&mut self, text: &str) -> &str {
        self.0.clear();
        if text.is_ascii() {
            self.0.push_str(text);
            self.0.make_ascii_lowercase();
        } else {
            self.0.extend(text.chars().flat_map(char::to_lowercase));
        }
        &self.0
    }
}

fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::with_capacity(text.len() / 5);
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let start = at;
        at += first.len_utf8();
        if !first.is_alphabetic() {
            continue;
        }
        let capital = first.is_uppercase();
        at = word_end(text, start, at, capital);
        let shape = if capital { shape(text, start, at) } else { Shape::Lower };
        words.push(Word { start, end: at, shape });
    }
    words
}

/// Where a word ends. Names go on behind an apostrophe or a hyphen before another capital.
fn word_end(text: &str, start: usize, mut at: usize, capital: bool) -> usize {
    loop {
        let rest = &text[at..];
        let goes_on = |char: char| char.is_alphanumeric() || char == '_';
        let Some(char) = rest.chars().next() else { return at };
        let joins = capital
            && matches!(char, '\'' | '’' | '-')
            && at > start
            && rest[char.len_utf8()..].starts_with(char::is_uppercase);
        if !goes_on(char) && !joins {
            return at;
        }
        at += char.len_utf8();
    }
}

/// The shape of a word that begins with a capital.
fn shape(text: &str, start: usize, end: usize) -> Shape {
    let word = &text[start..end];
    let (before, after) = (&text[..start], &text[end..]);
    // `a.Name`, `path/Name`, `Name(`, `Name::new`, `Name.parse`
    let led = before.ends_with(['.', '_', '@', '/', '\\', '$', '#', ':'])
        && before.chars().rev().nth(1).is_some_and(|char| !char.is_whitespace());
    let followed = after.starts_with(['(', '_', '@', '=', '\\'])
        || after.starts_with("::")
        || after.strip_prefix('.').is_some_and(|after| after.starts_with(char::is_lowercase));
    if led || followed || word.contains(|char: char| char.is_numeric() || char == '_') {
        return Shape::Other;
    }
    let letters = || word.chars().filter(|char| char.is_alphabetic());
    if word.len() > first_length(word) && letters().all(char::is_uppercase) {
        return Shape::Capitals;
    }
    // Capitals within a part are code, but for `Mc` and its like.
    let parts = word.split(['\'', '’', '-']);
    let plain = |part: &str| {
        let rest = ["Mc", "Mac", "De", "Di", "Van", "Le", "La"]
            .iter()
            .find_map(|scots| part.strip_prefix(scots))
            .unwrap_or(part);
        !rest.chars().skip(1).any(char::is_uppercase)
    };
    if parts.into_iter().all(plain) { Shape::Name } else { Shape::Other }
}

fn first_length(word: &str) -> usize {
    word.chars().next().map_or(0, char::len_utf8)
}

/// Where the run of names that begins at `at` ends: words one space apart, initials with their dots, and small
/// words (`de la`) between.
fn run_end(text: &str, words: &[Word], at: usize) -> usize {
    const SMALL: [&str; 14] =
        ["de", "la", "del", "van", "von", "der", "den", "bin", "al", "el", "di", "da", "dos", "du"];
    let name = |at: usize| words.get(at).is_some_and(|word| matches!(word.shape, Shape::Name | Shape::Capitals));
    let between = |left: usize| words.get(left + 1).map_or("", |next| &text[words[left].end..next.start]);
    let mut end = at + 1;
    loop {
        let last = words[end - 1];
        let short = text[last.start..last.end].chars().count() == 1 || cues::is_title(&text[last.start..last.end]);
        let joined = |gap: &str| gap == " " || gap == ". " && short || gap == "." && short;
        let mut next = end;
        while next < words.len()
            && next - end < 2
            && joined(between(next - 1))
            && SMALL.contains(&&text[words[next].start..words[next].end])
        {
            next += 1;
        }
        if next < words.len() && name(next) && joined(between(next - 1)) {
            end = next + 1;
        } else {
            return end;
        }
    }
}

/// What a run of capitalised words is.
fn judge(
    text: &str,
    words: &[Word],
    run: Range<usize>,
    buffer: &mut Buffer,
) -> Option<(&'static str, Range<usize>, f32)> {
    let lists = &*LISTS;
    let word = |at: usize| &text[words[at].start..words[at].end];
    let span = |from: usize| words[from].start..words[run.end - 1].end;
    if lists.places.contains(buffer.lower(&text[span(run.start)])) && run.len() > 1 {
        return Some((LOCATION, span(run.start), 0.7));
    }
    // Titles, and words that begin a sentence or say what follows.
    let mut first = run.start;
    let mut title = false;
    while first < run.end && (cues::is_title(word(first)) || lists.common.contains(buffer.lower(word(first)))) {
        title |= cues::is_title(word(first));
        first += 1;
    }
    if first == run.end {
        return None;
    }
    let (range, length) = (span(first), run.end - first);
    let before = &text[..words[first].start];
    if title && length <= 4 {
        return Some((PERSON, range, 0.95));
    }
    let given = lists.given.contains(buffer.lower(word(first)));
    let situated = cues::places(before);
    let known = lists.places.contains(buffer.lower(&text[range.clone()]));
    if known && (length > 1 || situated || !given && !lists.ambiguous_places.contains(buffer.lower(word(first)))) {
        return Some((LOCATION, range, 0.7));
    }
    if length <= 4 && cues::introduces(before) {
        return Some((PERSON, range, if given { 0.95 } else { 0.8 }));
    }
    let ambiguous = given && lists.ambiguous.contains(buffer.lower(word(first)));
    let capitals = words[first].shape == Shape::Capitals;
    let organisation = (first + 1..run.end).any(|at| lists.common.contains(buffer.lower(word(at))));
    let initial = length > 1 && word(first).chars().count() == 1 && text[words[first].end..].starts_with('.');
    match length {
        2..=4 if given && !organisation && !(capitals && ambiguous) => {
            Some((PERSON, range, if ambiguous { 0.6 } else { 0.9 }))
        }
        2..=4 if initial && !organisation => Some((PERSON, range, 0.6)),
        1 if given && !ambiguous && !capitals => Some((PERSON, range, 0.6)),
        1..=3 if situated && !capitals && !organisation => Some((LOCATION, range, 0.6)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
