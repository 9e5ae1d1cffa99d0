//! Words of injection, and the orders in which they make one.

use super::Channel;

/// What a word or phrase does in an injection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// ignore, forget, override
    Drop,
    /// previous, above, your, all: which instructions
    Which,
    /// my, the, old: some instructions, perhaps the caller's own
    These,
    /// instructions, prompt, rules
    Orders,
    /// everything
    All,
    /// everything above, all of the above
    Above,
    /// show, repeat, print
    Show,
    /// system prompt, initial instructions, hidden text
    Secret,
    /// your, the system's
    Your,
    /// new instructions, your new task
    New,
    /// follow, obey: what comes after new instructions
    Follow,
    /// no restrictions, do anything now
    Unbound,
    /// you are now, from now on, pretend
    Become,
    /// jailbreak names and their formulas
    Jailbreak,
    /// signs that separate roles in prompts
    Marker,
    /// do not tell the user
    Conceal,
    /// if you are an AI: text that speaks to whoever reads it by machine
    Machine,
    /// your answer, your response
    Answer,
    /// include, append, translate: what to do with it
    Alter,
}

use Role::{
    Above, All, Alter, Answer, Become, Conceal, Drop, Follow, Jailbreak, Machine, Marker, New, Orders, Secret, Show,
    These, Unbound, Which, Your,
};

/// The roles, by their names in the list of phrases.
const NAMES: [(&str, Role); 19] = [
    ("drop", Drop),
    ("which", Which),
    ("these", These),
    ("orders", Orders),
    ("all", All),
    ("above", Above),
    ("show", Show),
    ("secret", Secret),
    ("your", Your),
    ("new", New),
    ("follow", Follow),
    ("unbound", Unbound),
    ("become", Become),
    ("jailbreak", Jailbreak),
    ("marker", Marker),
    ("conceal", Conceal),
    ("machine", Machine),
    ("answer", Answer),
    ("alter", Alter),
];

/// Phrases with their roles, in lower case: `= role`, then phrases between bars.
const PHRASES: &str = include_str!("phrases.txt");

/// Every phrase with its role.
pub(super) fn phrases() -> impl Iterator<Item = (&'static str, Role)> {
    let mut role = None;
    PHRASES.lines().flat_map(move |line| {
        if let Some(name) = line.strip_prefix("= ") {
            role = NAMES.iter().find(|(known, _)| *known == name).map(|(_, role)| *role);
            return Vec::new();
        }
        let phrases = line.split(" | ").filter(|phrase| !phrase.is_empty());
        role.map(|role| phrases.map(|phrase| (phrase, role)).collect()).unwrap_or_default()
    })
}

/// An order of roles, how sure it makes an injection, where it counts, and what to say.
pub(super) struct Rule {
    pub(super) roles: &'static [Role],
    pub(super) weight: f32,
    /// Only in text that nobody typed: documents and tool results.
    pub(super) foreign: bool,
    pub(super) reason: &'static str,
}

const fn rule(roles: &'static [Role], weight: f32, reason: &'static str) -> Rule {
    Rule { roles, weight, foreign: false, reason }
}

const fn foreign(roles: &'static [Role], weight: f32, reason: &'static str) -> Rule {
    Rule { roles, weight, foreign: true, reason }
}

/// The rules. Each counts once.
pub(super) const RULES: &[Rule] = &[
    rule(&[Drop, Which, Orders], 0.8, "tells to drop instructions"),
    rule(&[Drop, These, Orders], 0.25, "tells to drop instructions"),
    rule(&[Drop, All], 0.45, "tells to drop what came before"),
    rule(&[Drop, Above], 0.6, "tells to drop what came before"),
    rule(&[Which, Orders, Drop], 0.35, "speaks of dropping instructions"),
    rule(&[Show, Secret], 0.55, "asks for the system prompt"),
    rule(&[Show, Your, Secret], 0.2, "asks for the system prompt"),
    rule(&[Show, Above], 0.5, "asks for what came before"),
    rule(&[Drop, New], 0.6, "puts new instructions in the place of old ones"),
    rule(&[New, Follow], 0.5, "brings new instructions"),
    rule(&[Jailbreak], 0.6, "names a jailbreak"),
    rule(&[Jailbreak, Jailbreak], 0.4, "names a jailbreak"),
    rule(&[Become, Unbound], 0.35, "asks for a persona without limits"),
    rule(&[Unbound, Unbound], 0.2, "speaks of missing limits"),
    rule(&[Unbound, Unbound, Unbound], 0.5, "speaks of missing limits"),
    rule(&[Conceal], 0.5, "wants to be hidden from the user"),
    foreign(&[Marker], 0.4, "holds marks of roles"),
    foreign(&[Machine], 0.4, "speaks to the machine that reads it"),
    foreign(&[Alter, Answer], 0.5, "says how to answer"),
    foreign(&[New], 0.3, "brings new instructions"),
];

impl Rule {
    pub(super) fn counts_in(&self, channel: Channel) -> bool {
        !self.foreign || channel != Channel::User
    }
}
