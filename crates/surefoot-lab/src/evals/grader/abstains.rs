//! The grader of silence: abstains.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::{Finding, Found, Given};

/// How models say that they do not know, in small letters and without contractions. Looked for in the
/// opening alone: an answer that ends with "the documents do not say more" is an answer.
const WORDS: &str = r"(?x)
      \b(i|we)\ do\ not\ (know | have\ (enough|sufficient|any|the|that)\b)
    | \b(i|we)(\ am|\ are|\ was|\ were)?\ (cannot|could\ not|unable\ to|not\ able\ to|did\ not)
        \ (answer|find|determine|locate)\b
    | \b(documents?|documentation|docs|context|passages?|sources?|excerpts?|texts?|information)
        (\ (provided|given|above|available))?\ (do|does|did)\ not\ (\w+\ )?
        (answer|say|contain|mention|cover|include|provide|specify|address|state|describe)\b
    | \b(not\ enough|insufficient|no\ relevant)\ information\b
    | ^(there\ is\ )?no\ (answer|information)\b
    | \b(cannot|can\ not)\ be\ (answered|determined)\b
    | \b(is|are)\ not\ (mentioned|covered|specified|stated|answered|described)
        \ (in|by)\ the\ (\w+\ )?(documents?|documentation|docs|context|passages?|sources?|excerpts?|texts?)\b
";

static ABSTAINING: LazyLock<Regex> = LazyLock::new(|| Regex::new(WORDS).expect("the pattern is tested"));

/// Whether an answer's words say that it does not know. It is read from the first sentence, an
/// apology before it aside, in English; where the answer's maker knows better, ask it instead.
pub fn abstains_in_words(text: &str) -> bool {
    let plain = text.to_lowercase().replace('’', "'").replace("can't", "cannot").replace("n't", " not");
    let plain =
        plain.split_whitespace().collect::<Vec<_>>().join(" ").replace("i'm ", "i am ").replace("we're ", "we are ");
    ABSTAINING.is_match(opening(&plain))
}

/// The first sentence; with the second if the first is an apology.
fn opening(text: &str) -> &str {
    let end_of_sentence = |from: usize| text[from..].find(['.', '!', '?']).map_or(text.len(), |at| from + at + 1);
    let first = end_of_sentence(0);
    let apology = ["sorry", "i am sorry", "i apologize", "i apologise", "unfortunately"];
    let only_that = apology.contains(&text[..first].trim_end_matches(['.', '!', '?']));
    if only_that { &text[..end_of_sentence(first)] } else { &text[..first] }
}

/// Whether a case can be answered; CSV has its truth values as text.
fn answerable(expected: &Value) -> Result<bool, String> {
    match expected {
        Value::Bool(answerable) => Ok(*answerable),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err("whether a case is answerable is true or false".into()),
    }
}

pub(super) fn fits(expected: &Value) -> Result<(), String> {
    answerable(expected).map(|_| ())
}

pub(super) fn as_expected(given: Given<'_>) -> Found {
    let answerable = answerable(given.expected)?;
    let abstained = given.asked.abstained.unwrap_or_else(|| abstains_in_words(given.said()));
    let fact = match (abstained, answerable) {
        (true, false) => "the answer abstains, and the case cannot be answered",
        (true, true) => "the answer abstains, but the case can be answered",
        (false, true) => "the case can be answered, and the answer does not abstain",
        (false, false) => "the case cannot be answered, but the answer does not abstain",
    };
    Ok(Finding::of(abstained != answerable, fact))
}
