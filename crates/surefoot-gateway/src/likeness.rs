//! Whether two questions ask the same: how near their vectors are, and whether what a vector blurs agrees: numbers,
//! negations and names.

use std::collections::BTreeSet;

/// Words that turn a question round.
const NEGATIONS: [&str; 14] = [
    "not", "no", "never", "without", "cannot", "none", "neither", "nor", "except", "nobody", "nothing", "nicht",
    "kein", "keine",
];
/// Words of which one takes the other's place in a question that asks for the opposite.
const OPPOSITES: [(&str, &str); 11] = [
    ("before", "after"),
    ("minimum", "maximum"),
    ("least", "most"),
    ("enable", "disable"),
    ("start", "stop"),
    ("open", "close"),
    ("add", "remove"),
    ("allow", "deny"),
    ("increase", "decrease"),
    ("import", "export"),
    ("buy", "sell"),
];

/// The cosine of two vectors; 0 where there is none.
pub fn cosine(one: &[f32], other: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let norms = dot(one, one).sqrt() * dot(other, other).sqrt();
    if norms > 0.0 && one.len() == other.len() { dot(one, other) / norms } else { 0.0 }
}

/// Whether two questions agree in what must not differ: the numbers in them, negations, opposites, and names.
pub fn facts_agree(one: &str, other: &str) -> bool {
    Facts::of(one) == Facts::of(other)
}

/// What of a question must not differ.
#[derive(Debug, PartialEq, Eq)]
struct Facts {
    numbers: BTreeSet<String>,
    negations: usize,
    opposites: BTreeSet<String>,
    names: BTreeSet<String>,
}

impl Facts {
    fn of(text: &str) -> Self {
        let mut facts =
            Self { numbers: BTreeSet::new(), negations: 0, opposites: BTreeSet::new(), names: BTreeSet::new() };
        let mut begins = true;
        for token in text.split_whitespace() {
            let word = token.trim_matches(|c: char| !c.is_alphanumeric());
            let lower = word.to_lowercase().replace('’', "'");
            if word.chars().any(|c| c.is_ascii_digit()) {
                facts.numbers.insert(lower.clone());
            }
            facts.negations += usize::from(NEGATIONS.contains(&lower.as_str()) || lower.ends_with("n't"));
            if OPPOSITES.iter().any(|(one, other)| [*one, *other].contains(&lower.as_str())) {
                facts.opposites.insert(lower.clone());
            }
            // A capital at the beginning of a sentence says nothing, unless the word goes on in capitals.
            let mut letters = word.chars();
            let capital = letters.next().is_some_and(char::is_uppercase);
            let inside = letters.any(char::is_uppercase);
            if (capital && !begins && word.chars().count() > 1) || inside {
                facts.names.insert(lower.strip_suffix("'s").unwrap_or(&lower).to_owned());
            }
            begins = token.ends_with(['.', '?', '!', ':']);
        }
        facts
    }
}

/// Questions made of `question` that ask for something else, with the kind of the difference: another number, a
/// negation, another name (out of `names`).
pub fn altered(question: &str, names: &[String]) -> Vec<(&'static str, String)> {
    let mut made = Vec::new();
    let words: Vec<&str> = question.split(' ').collect();
    let with = |at: usize, word: String| {
        words.iter().enumerate().map(|(n, old)| if n == at { word.as_str() } else { old }).collect::<Vec<_>>().join(" ")
    };
    let digit = words.iter().position(|word| word.chars().any(|c| c.is_ascii_digit()));
    if let Some(at) = digit {
        let other = words[at].chars().map(|c| c.to_digit(10).map_or(c, |n| char::from(b'0' + ((n + 1) % 10) as u8)));
        made.push(("number", with(at, other.collect())));
    }
    let verbs = ["is", "are", "can", "do", "does", "may", "should", "will", "must", "has", "have"];
    if let Some(at) = words.iter().position(|word| verbs.contains(&word.to_lowercase().as_str())) {
        let at = if at == 0 && words.len() > 2 { 1 } else { at };
        made.push(("negation", with(at, format!("{} not", words[at]))));
    }
    let own = question_names(question);
    if let (Some(name), Some(other)) = (own.first(), names.iter().find(|name| !own.contains(name))) {
        made.push(("name", question.replacen(name.as_str(), other, 1)));
    }
    made
}

/// The names in a question, as they are written.
pub fn question_names(question: &str) -> Vec<String> {
    let facts = Facts::of(question);
    let words = question.split_whitespace().map(|token| token.trim_matches(|c: char| !c.is_alphanumeric()));
    words.filter(|word| facts.names.contains(&word.to_lowercase())).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_vector_blurs_is_told_apart() {
        for (one, other, agree) in [
            ("How long is the warranty?", "What is the warranty's length?", true),
            ("Is the ferry on time?", "is the ferry on time", true),
            ("Can I return it within 30 days?", "Can I return it within 14 days?", false),
            ("Can I pay by card?", "Can I not pay by card?", false),
            ("Why can't I log in?", "Why can I log in?", false),
            ("Where is the office in Bremen?", "Where is the office in Berlin?", false),
            ("Who is Ana Ortiz?", "Who is Ana Oritz?", false),
            ("What happens before the release?", "What happens after the release?", false),
            ("How do I import a file?", "How do I export a file?", false),
        ] {
            assert_eq!(facts_agree(one, other), agree, "{one} / {other}");
        }
    }

    #[test]
    fn questions_that_ask_for_something_else_are_made() {
        let made = altered("Can Ana return it within 30 days?", &["Ana".into(), "Bob".into()]);
        assert_eq!(
            made,
            [
                ("number", "Can Ana return it within 41 days?".to_owned()),
                ("negation", "Can Ana not return it within 30 days?".to_owned()),
                ("name", "Can Bob return it within 30 days?".to_owned()),
            ]
        );
        assert_eq!(altered("Warum?", &[]), []);
    }

    #[test]
    fn nearness() {
        assert!((cosine(&[1.0, 0.0], &[2.0, 0.0]) - 1.0).abs() < 1e-9);
        assert_eq!((cosine(&[1.0], &[0.0]), cosine(&[1.0], &[1.0, 2.0])), (0.0, 0.0));
    }
}
