//! The audit log: who did what to this Surefoot, in a chain of hashes. An event that is changed, moved or
//! taken out of the middle breaks the chain; the end is held by whoever noted the last hash.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is to be noted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditDraft {
    /// When.
    pub at: Timestamp,
    /// Who: a key's name, or `cli`.
    pub actor: String,
    /// What was done: `key.create`, `user.erase`, …
    pub action: String,
    /// To what: a key's name, for instance. Never personal data.
    pub subject: String,
    /// Whatever else there is to say.
    #[serde(default)]
    pub detail: Value,
}

/// A link of the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// Its number, from 1, without gaps.
    pub number: u64,
    /// What was noted.
    #[serde(flatten)]
    pub draft: AuditDraft,
    /// BLAKE3 over the hash before, the number and the draft, in hex.
    pub hash: String,
}

/// Where an event does not follow from the one before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the audit log was changed at or before event {number}: {why}")]
pub struct Broken {
    /// The first event that does not fit.
    pub number: u64,
    /// In what way.
    pub why: &'static str,
}

impl AuditEvent {
    /// The event that follows `before` (the last one's number and hash; 0 and an empty text at the start).
    pub fn after(before: (u64, &str), draft: AuditDraft) -> Self {
        let number = before.0 + 1;
        let hash = hash(before.1, number, &draft);
        Self { number, draft, hash }
    }
}

/// Follows a chain, page by page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Follower {
    /// The number and the hash of the last event that follows from the one before it.
    pub good: (u64, String),
    /// The number of the last event that was seen.
    pub last: u64,
    /// Why the chain does not hold: the first reason.
    pub broken: Option<String>,
    /// Whether an event did not follow: nothing after it is looked at.
    stopped: bool,
    /// An event that was noted before, and is to be met: by number, by hash or by both.
    noted: Option<(Option<u64>, String)>,
}

impl Follower {
    /// Begins, and expects to meet the event of this hash, at this number where one was noted too.
    pub fn new(noted: Option<(Option<u64>, String)>) -> Self {
        Self { noted, ..Self::default() }
    }

    /// Follows the next page.
    pub fn take(&mut self, events: &[AuditEvent]) {
        for event in events {
            self.last = event.number;
            if !self.stopped {
                match verify((self.good.0, self.good.1.clone()), [event]) {
                    Ok(good) => self.good = good,
                    Err(broken) => {
                        self.stopped = true;
                        self.breaks(broken.to_string());
                    }
                }
            }
            self.meet(event);
        }
    }

    fn meet(&mut self, event: &AuditEvent) {
        let Some((number, hash)) = &self.noted else { return };
        match number {
            Some(number) if *number != event.number => {}
            Some(number) if event.hash != *hash => {
                self.breaks(format!("event {number} is not the one that was noted"));
                self.noted = None;
            }
            _ if event.hash == *hash => self.noted = None,
            _ => {}
        }
    }

    /// There are no more.
    pub fn end(&mut self) {
        match self.noted.take() {
            Some((Some(number), _)) => self.breaks(format!("the log ends before event {number}, which was noted")),
            Some((None, _)) => self.breaks(
                "the expected hash is not in the log: events were cut off its end, or all of it was written anew"
                    .into(),
            ),
            None => {}
        }
    }

    /// The first reason stands.
    fn breaks(&mut self, why: String) {
        self.broken.get_or_insert(why);
    }
}

/// Follows the chain through `events` from `before`, and gives the last number and hash.
///
/// # Errors
/// The first event that does not fit.
pub fn verify<'a>(
    before: (u64, String),
    events: impl IntoIterator<Item = &'a AuditEvent>,
) -> Result<(u64, String), Broken> {
    let (mut number, mut last) = before;
    for event in events {
        number += 1;
        if event.number != number {
            return Err(Broken { number, why: "an event is missing or out of its place" });
        }
        if event.hash != hash(&last, number, &event.draft) {
            return Err(Broken { number, why: "its content does not fit its hash" });
        }
        last.clone_from(&event.hash);
    }
    Ok((number, last))
}

fn hash(before: &str, number: u64, draft: &AuditDraft) -> String {
    let told = serde_json::to_vec(&(before, number, draft)).unwrap_or_default();
    blake3::hash(&told).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain() -> Vec<AuditEvent> {
        let mut events: Vec<AuditEvent> = Vec::new();
        for n in 1..=4 {
            let draft = AuditDraft {
                at: Timestamp::from_second(n).unwrap(),
                actor: "cli".into(),
                action: "key.create".into(),
                subject: format!("app-{n}"),
                detail: Value::Null,
            };
            let before = events.last().map_or((0, String::new()), |last| (last.number, last.hash.clone()));
            events.push(AuditEvent::after((before.0, &before.1), draft));
        }
        events
    }

    #[test]
    fn a_follower_tells_what_breaks_and_what_was_lost() {
        let good = chain();
        let mut edited = chain();
        edited[2].draft.subject = "other".into();
        let hash = |n: usize| good[n - 1].hash.clone();
        for (events, noted, number, broken) in [
            (&good[..], None, 4, None),
            (&good, Some((None, hash(2))), 4, None),
            (&good, Some((Some(2), hash(2))), 4, None),
            (&good, Some((Some(2), hash(3))), 4, Some("event 2 is not the one that was noted")),
            (&good[..2], Some((Some(3), hash(3))), 2, Some("the log ends before event 3, which was noted")),
            (&good[..2], Some((None, hash(3))), 2, Some("the expected hash is not in the log")),
            (&edited, Some((None, hash(1))), 2, Some("changed at or before event 3: its content")),
        ] {
            let mut follower = Follower::new(noted);
            events.chunks(3).for_each(|page| follower.take(page));
            follower.end();
            assert_eq!((follower.good.0, follower.last), (number, events.len() as u64));
            let told = follower.broken.as_deref();
            assert!(told.is_some() == broken.is_some(), "{told:?}");
            assert!(told.zip(broken).is_none_or(|(told, broken)| told.contains(broken)), "{told:?}");
        }
    }

    #[test]
    fn every_edit_is_found() {
        let good = chain();
        assert_eq!(verify((0, String::new()), &good), Ok((4, good[3].hash.clone())));
        let broken = |edit: &dyn Fn(&mut Vec<AuditEvent>)| {
            let mut events = chain();
            edit(&mut events);
            verify((0, String::new()), &events).unwrap_err().number
        };
        assert_eq!(broken(&|events| events[1].draft.subject = "other".into()), 2);
        assert_eq!(broken(&|events| events[2].draft.at = Timestamp::UNIX_EPOCH), 3);
        assert_eq!(broken(&|events| drop(events.remove(1))), 2);
        assert_eq!(broken(&|events| events.swap(1, 2)), 2);
    }
}
