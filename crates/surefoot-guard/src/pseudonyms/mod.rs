//! Personal data out and back in: a pseudonym for each value, the same one throughout a conversation.

mod json;
mod marks;
mod restorer;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::Range,
    sync::Arc,
};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

pub use self::restorer::Restorer;
use self::{json::View, marks::Reading};
use crate::personal::Detector;

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Text for people.
    Text,
    /// JSON, whole or in pieces: the arguments of a tool call.
    Json,
}

impl Form {
    /// A real value as it stands in a text of this form.
    fn written(self, value: &str) -> Cow<'_, str> {
        match self {
            Self::Text => Cow::Borrowed(value),
            Self::Json => Cow::Owned(json::escape(value)),
        }
    }
}

/// The name of pseudonyms for text that looked like a pseudonym from the start.
const LITERAL: &str = "LITERAL";
/// Values of at least so many bytes are replaced wherever they stand, not only where they were found.
const LONG: usize = 5;

/// The pseudonyms of one conversation. What it shows of itself holds no value.
pub struct Vault {
    detector: Arc<Detector>,
    /// Names that a pseudonym may have.
    names: BTreeSet<String>,
    values: BTreeMap<(String, u32), String>,
    /// The other way round.
    numbers: BTreeMap<(String, String), u32>,
}

/// A place to be replaced, and the name of its pseudonym.
type Place = (Range<usize>, String);

impl Vault {
    /// An empty vault for what a detector finds.
    pub fn new(detector: Arc<Detector>) -> Self {
        let names = detector.kinds().map(marks::name_of).chain([LITERAL.to_owned()]).collect();
        Self { detector, names, values: BTreeMap::new(), numbers: BTreeMap::new() }
    }

    /// A vault as it was kept: the pairs of [`Vault::pairs`].
    pub fn with_pairs(detector: Arc<Detector>, pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut vault = Self::new(detector);
        for (mark, value) in pairs {
            let inside = mark.trim_start_matches('<').trim_end_matches('>');
            if let Some((name, number)) = inside.rsplit_once('_')
                && let Ok(number) = number.parse()
            {
                vault.names.insert(name.to_owned());
                vault.numbers.insert((name.to_owned(), value.clone()), number);
                vault.values.insert((name.to_owned(), number), value);
            }
        }
        vault
    }

    /// Every pseudonym with its real value, to be kept encrypted until the conversation's next request.
    pub fn pairs(&self) -> impl Iterator<Item = (String, &str)> {
        self.values.iter().map(|((name, number), value)| (marks::write(name, *number), value.as_str()))
    }

    /// Whether it has no pseudonym yet, so that nothing needs to be put back.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The text with pseudonyms in the place of personal data.
    pub fn mask(&mut self, text: &str) -> String {
        let places = self.places(text);
        let mut masked = String::with_capacity(text.len());
        let mut done = 0;
        for (range, name) in places {
            masked.push_str(&text[done..range.start]);
            masked.push_str(&self.pseudonym(name, &text[range.clone()]));
            done = range.end;
        }
        masked.push_str(&text[done..]);
        masked
    }

    /// JSON with pseudonyms in the place of personal data, by what its strings mean. A number becomes a
    /// string, since a pseudonym is none.
    pub fn mask_json(&mut self, json: &str) -> String {
        let view = View::new(json);
        let places = self.places(&view.text);
        let sources: Vec<Range<usize>> = places.iter().map(|(range, _)| view.source(range)).collect();
        let inside = json::inside_strings(json, sources.iter().map(|range| range.start));
        let mut masked = String::with_capacity(json.len());
        let mut done = 0;
        for (((range, name), source), inside) in places.into_iter().zip(sources).zip(inside) {
            masked.push_str(&json[done..source.start]);
            let pseudonym = self.pseudonym(name, &view.text[range]);
            let quote = if inside { "" } else { "\"" };
            masked.extend([quote, &pseudonym, quote]);
            done = source.end;
        }
        masked.push_str(&json[done..]);
        masked
    }

    /// The text with real values in the place of pseudonyms.
    pub fn restore(&self, text: &str, form: Form) -> String {
        let (mut restored, clear) = self.restore_clear(text, form);
        restored.push_str(&text[clear..]);
        restored
    }

    /// What is to be replaced, in order and apart: what the detector finds, values known from before (and
    /// found elsewhere in this text) wherever they stand, and what looks like a pseudonym.
    fn places(&self, text: &str) -> Vec<Place> {
        let found = self.detector.find(text);
        let mut places: Vec<Place> =
            found.iter().map(|finding| (finding.range.clone(), marks::name_of(finding.kind))).collect();
        let mut known: BTreeMap<&str, &str> =
            self.values.iter().map(|((name, _), value)| (&**value, &**name)).collect();
        let new: Vec<(String, String)> =
            places.iter().map(|(range, name)| (text[range.clone()].to_owned(), name.clone())).collect();
        known.extend(new.iter().map(|(value, name)| (&**value, &**name)));
        known.retain(|value, _| value.len() >= LONG);
        if !known.is_empty() {
            let names: Vec<&str> = known.values().copied().collect();
            // Made for one text, so the kind that is made fastest.
            let values = AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .kind(Some(AhoCorasickKind::NoncontiguousNFA))
                .build(known.keys());
            for value in values.iter().flat_map(|values| values.find_iter(text)) {
                places.push((value.range(), names[value.pattern().as_usize()].to_owned()));
            }
        }
        places.extend(self.literals(text));
        merge(places)
    }

    /// What looks like a pseudonym in a text that has none yet.
    fn literals(&self, text: &str) -> Vec<Place> {
        let mut places = Vec::new();
        let mut from = 0;
        while let Some(at) = marks::next_bracket(text, from) {
            from = at + 1;
            if let Reading::Mark { length, .. } = marks::read(&text[at..], &self.names) {
                places.push((at..at + length, LITERAL.to_owned()));
                from = at + length;
            }
        }
        places
    }

    /// The pseudonym of a value: the one it has, or the next number.
    fn pseudonym(&mut self, name: String, value: &str) -> String {
        let entry = (name, value.to_owned());
        if let Some(number) = self.numbers.get(&entry) {
            return marks::write(&entry.0, *number);
        }
        let range = (entry.0.clone(), 0)..=(entry.0.clone(), u32::MAX);
        let number = self.values.range(range).next_back().map_or(1, |((_, last), _)| last + 1);
        let pseudonym = marks::write(&entry.0, number);
        self.values.insert((entry.0.clone(), number), entry.1.clone());
        self.numbers.insert(entry, number);
        pseudonym
    }
}

/// Places that overlap become one, so that no part of either stays; the longest names it.
fn merge(mut places: Vec<Place>) -> Vec<Place> {
    places.sort_by(|(a, _), (b, _)| a.start.cmp(&b.start).then(b.end.cmp(&a.end)));
    let mut merged: Vec<Place> = Vec::with_capacity(places.len());
    for (range, name) in places {
        match merged.last_mut() {
            Some((last, kept)) if range.start < last.end => {
                if range.len() > last.len() {
                    *kept = name;
                }
                last.end = last.end.max(range.end);
            }
            _ => merged.push((range, name)),
        }
    }
    merged
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vault({} values)", self.values.len())
    }
}

#[cfg(test)]
mod tests;
