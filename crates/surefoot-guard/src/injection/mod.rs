//! A score for text that tries to instruct the model: by words in order, after making the text plain.
//!
//! A score, not a verdict: what is said plainly and new is not found this way. Where text comes from decides
//! more than what it says.

mod normal;
mod rules;

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use self::rules::{RULES, Role, Rule};

/// Where a text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// A caller's own message.
    User,
    /// A passage or a file.
    Document,
    /// What a tool gave back.
    Tool,
}

/// How much a text looks like an injection, and why.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Suspicion {
    /// From 0 to 1.
    pub score: f32,
    /// What speaks for it, in words for a trace.
    pub reasons: Vec<&'static str>,
}

impl Suspicion {
    fn add(&mut self, weight: f32, reason: &'static str) {
        self.score = 1.0 - (1.0 - self.score) * (1.0 - weight);
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }
}

/// How far apart two words of a rule may stand, in bytes.
const APART: usize = 48;

struct Finder {
    words: AhoCorasick,
    roles: Vec<Vec<Role>>,
}

static FINDER: LazyLock<Finder> = LazyLock::new(|| {
    let mut known: Vec<(String, Vec<Role>)> = Vec::new();
    for (phrase, role) in rules::phrases() {
        // Made plain as texts are: in Cyrillic, some letters become the Latin ones that they look like.
        let phrase = normal::plain(phrase).text;
        match known.iter_mut().find(|(other, _)| *other == phrase) {
            Some((_, roles)) => roles.push(role),
            None => known.push((phrase, vec![role])),
        }
    }
    let (words, roles): (Vec<String>, Vec<Vec<Role>>) = known.into_iter().unzip();
    let words = AhoCorasick::builder().match_kind(MatchKind::Standard).build(words);
    Finder { words: words.expect("the phrases are constant and tested"), roles }
});

/// A phrase in a text.
#[derive(Debug, Clone, Copy)]
struct Hit {
    start: usize,
    end: usize,
    role: Role,
}

/// How much `text` looks like an injection.
pub fn score(text: &str, channel: Channel) -> Suspicion {
    let plain = normal::plain(text);
    let mut suspicion = Suspicion::default();
    if plain.invisible >= 8 {
        suspicion.add(0.5, "holds signs that nobody sees");
    }
    if plain.mixed >= 2 {
        suspicion.add(0.4, "mixes alphabets within words");
    }
    apply(&plain.text, channel, &mut suspicion);
    for inside in normal::decoded(text) {
        let mut hidden = Suspicion::default();
        apply(&normal::plain(&inside).text, channel, &mut hidden);
        if hidden.score >= 0.3 {
            suspicion.add(hidden.score, "hides instructions in an encoding");
        }
    }
    suspicion
}

fn apply(plain: &str, channel: Channel, suspicion: &mut Suspicion) {
    let hits = hits(plain);
    for rule in RULES.iter().filter(|rule| rule.counts_in(channel) && matches(rule, &hits)) {
        suspicion.add(rule.weight, rule.reason);
    }
}

/// The phrases of a text that stand by themselves, in order.
fn hits(plain: &str) -> Vec<Hit> {
    let bytes = plain.as_bytes();
    let letter = |at: Option<&u8>| at.is_some_and(u8::is_ascii_alphanumeric);
    let mut hits = Vec::new();
    for word in FINDER.words.find_overlapping_iter(plain) {
        let (start, end) = (word.start(), word.end());
        let begins =
            !bytes[start].is_ascii_alphanumeric() || !letter(start.checked_sub(1).and_then(|at| bytes.get(at)));
        let ends = !bytes[end - 1].is_ascii_alphanumeric() || !letter(bytes.get(end));
        if begins && ends {
            hits.extend(FINDER.roles[word.pattern().as_usize()].iter().map(|&role| Hit { start, end, role }));
        }
    }
    hits.sort_by_key(|hit| hit.start);
    hits
}

/// Whether the rule's roles stand in order, each close behind the last.
fn matches(rule: &Rule, hits: &[Hit]) -> bool {
    // Ends of what of the rule is matched so far, by how many of its roles.
    let mut ends: Vec<Option<usize>> = vec![None; rule.roles.len()];
    // Repeated roles speak of a whole text, not of one sentence.
    let apart = if rule.roles.windows(2).any(|pair| pair[0] == pair[1]) { usize::MAX } else { APART };
    for hit in hits {
        for at in (0..rule.roles.len()).rev() {
            let follows = at == 0 || ends[at - 1].is_some_and(|end| hit.start >= end && hit.start - end <= apart);
            if rule.roles[at] == hit.role && follows {
                ends[at] = Some(hit.end);
            }
        }
        if ends[rule.roles.len() - 1].is_some() {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests;
