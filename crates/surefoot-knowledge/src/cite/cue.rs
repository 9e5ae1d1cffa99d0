//! What kind of thing a question asks for, and whether a sentence holds one. English questions only; for others
//! every sentence is alike.

use std::collections::BTreeSet;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Time,
    Number,
    Person,
    Place,
    Reason,
    Other,
}

const REASONS: &[&str] =
    &["because", "due", "since", "reason", "caused", "causes", "therefore", "order", "allows", "so"];
const MONTHS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const PLACE_WORDS: &[&str] = &["in", "at", "near", "from", "on", "located", "between", "to"];

impl Asked {
    pub(super) fn of(question: &str) -> Self {
        let lower = question.to_lowercase();
        let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let at = words.iter().position(|word| {
            matches!(*word, "who" | "whom" | "whose" | "when" | "where" | "why" | "how" | "what" | "which")
        });
        let Some(at) = at else { return Self::Other };
        let next = words.get(at + 1).copied().unwrap_or_default();
        match (words[at], next) {
            ("who" | "whom" | "whose", _) => Self::Person,
            ("when", _) | ("what" | "which", "year" | "date" | "day" | "month" | "time" | "century" | "decade") => {
                Self::Time
            }
            ("where", _) | ("what" | "which", "city" | "country" | "state" | "town" | "place" | "location") => {
                Self::Place
            }
            ("why", _) => Self::Reason,
            (
                "how",
                "many" | "much" | "long" | "old" | "far" | "often" | "tall" | "big" | "large" | "fast" | "high",
            )
            | ("what" | "which", "percentage" | "percent" | "number" | "amount") => Self::Number,
            _ => Self::Other,
        }
    }

    /// Whether a sentence holds what is asked for, beyond what the question says itself: 0 to 1, one half for
    /// questions that ask for nothing in particular.
    pub(super) fn held_by(self, sentence: &str, asked: &BTreeSet<String>) -> f32 {
        let words = || sentence.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let fresh = |word: &&str| !asked.contains(&word.to_lowercase());
        let digits = |word: &str| word.bytes().any(|byte| byte.is_ascii_digit());
        let capital = |word: &str| word.starts_with(char::is_uppercase);
        let held = match self {
            Self::Other => return 0.5,
            Self::Number => words().filter(fresh).any(digits),
            Self::Time => words().filter(fresh).any(|word| {
                word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit())
                    || MONTHS.contains(&word.to_lowercase().as_str()) && capital(word)
            }),
            Self::Person => words().skip(1).filter(fresh).any(capital),
            Self::Place => words().zip(words().skip(1)).any(|(word, next)| {
                PLACE_WORDS.contains(&word.to_lowercase().as_str()) && capital(next) && fresh(&next)
            }),
            Self::Reason => words().any(|word| REASONS.contains(&word.to_lowercase().as_str())),
        };
        if held { 1.0 } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_and_what_answers_them() {
        let cases = [
            ("When was it built?", Asked::Time, "It was built in 1889.", "It was built of iron."),
            ("How many steps are there?", Asked::Number, "There are 300 steps.", "There are many."),
            ("who designed the tower", Asked::Person, "It was designed by Stephen Sauvestre.", "It was designed well."),
            ("Where does it stand?", Asked::Place, "It stands in Paris.", "It stands firmly."),
            ("Why was it kept?", Asked::Reason, "It was kept because of radio.", "It was kept."),
        ];
        for (question, asked, yes, no) in cases {
            assert_eq!(Asked::of(question), asked);
            assert_eq!((asked.held_by(yes, &BTreeSet::new()), asked.held_by(no, &BTreeSet::new())), (1.0, 0.0));
        }
        assert_eq!(Asked::of("Explain the tower"), Asked::Other);
    }
}
