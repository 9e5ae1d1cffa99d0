//! Several answers, of which the one that most agree on is taken.

use serde_json::Value;
use surefoot_types::{Fault, conversation::words};

use super::{
    Asking, Chosen,
    best_of::{fitting, one},
};
use crate::{accounts::Hold, project::Vote, record::Tale, verify::Shape};

impl Asking<'_> {
    /// Asks several times at once and counts. Of ballots with equally many voices the one that came first is taken,
    /// and the tie is told.
    pub(super) async fn vote(
        &self,
        vote: &Vote,
        shape: Option<&Shape>,
        tale: &mut Tale,
        hold: &mut Hold,
    ) -> Result<Chosen, Fault> {
        let drafts = fitting(self.drafts(vote.answers, tale, hold).await?, shape);
        let ballots: Vec<Option<String>> =
            drafts.iter().map(|draft| ballot(vote.field.as_deref(), &words(&draft.whole.answer.parts))).collect();
        let Count { winner, voices, tied } = count(&ballots);
        let all = vote.answers;
        let how = match (voices, tied) {
            (0, _) => format!("vote: none of {all} answers can be counted; the first is taken"),
            (_, 0) => format!("vote: {voices} of {all} agree"),
            _ => format!("vote: a tie, {voices} of {all} and as many for {tied} more; the first is taken"),
        };
        Ok(one(drafts, winner, how))
    }
}

/// What an answer votes for; `None` where it lacks the field.
fn ballot(field: Option<&str>, text: &str) -> Option<String> {
    let Some(field) = field else {
        let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
        return Some(plain.trim_end_matches(['.', '!']).to_lowercase());
    };
    let value: Value = serde_json::from_str(text).ok()?;
    let found = field.split('.').try_fold(&value, |value, name| value.get(name))?;
    match found {
        Value::String(text) => Some(text.trim().to_lowercase()),
        other => Some(other.to_string()),
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Count {
    /// The first answer of those with most voices.
    winner: usize,
    voices: usize,
    /// How many other ballots have as many.
    tied: usize,
}

fn count(ballots: &[Option<String>]) -> Count {
    let mut counted: Vec<(&str, usize, usize)> = Vec::new();
    for (at, ballot) in ballots.iter().enumerate() {
        let Some(ballot) = ballot else { continue };
        match counted.iter_mut().find(|(other, ..)| other == ballot) {
            Some((_, _, voices)) => *voices += 1,
            None => counted.push((ballot, at, 1)),
        }
    }
    let voices = counted.iter().map(|(.., voices)| *voices).max().unwrap_or_default();
    let mut most = counted.iter().filter(|(.., many)| *many == voices);
    let winner = most.next().map_or(0, |(_, at, _)| *at);
    Count { winner, voices, tied: most.count() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_votes_for() {
        for (field, text, expected) in [
            (None, " Yes,\n it is. ", Some("yes, it is")),
            (Some("label"), r#"{"label": "Bug "}"#, Some("bug")),
            (Some("a.b"), r#"{"a": {"b": [1, 2]}}"#, Some("[1,2]")),
            (Some("label"), r#"{"other": 1}"#, None),
            (Some("label"), "no JSON", None),
        ] {
            assert_eq!(ballot(field, text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn voices_are_counted_and_ties_are_told() {
        for (ballots, winner, voices, tied) in [
            (&["a", "b", "b"][..], 1, 2, 0),
            (&["a", "b"], 0, 1, 1),
            (&["", "b", "a", "a", "b", "c"], 1, 2, 1),
            (&["", ""], 0, 0, 0),
            (&["a"], 0, 1, 0),
        ] {
            let ballots: Vec<Option<String>> =
                ballots.iter().map(|b| (!b.is_empty()).then(|| (*b).to_owned())).collect();
            assert_eq!(count(&ballots), Count { winner, voices, tied }, "{ballots:?}");
        }
    }
}
