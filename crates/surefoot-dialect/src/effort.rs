//! How hard a model is to think: a word in one dialect, tokens in another.

use surefoot_types::conversation::{Effort, Reasoning, Thinking};

/// The words, and the tokens that each is about.
const WORDS: [(Effort, &str, u64); 6] = [
    (Effort::Minimal, "minimal", 1024),
    (Effort::Low, "low", 2048),
    (Effort::Medium, "medium", 8192),
    (Effort::High, "high", 24_576),
    (Effort::Xhigh, "xhigh", 32_768),
    (Effort::Max, "max", 65_536),
];

/// The effort of this word.
pub(crate) fn read(word: &str) -> Option<Effort> {
    WORDS.iter().find(|(_, name, _)| *name == word).map(|(effort, ..)| *effort)
}

/// The word for an effort.
pub(crate) fn word(effort: Effort) -> &'static str {
    WORDS.iter().find(|(it, ..)| *it == effort).map_or("medium", |(_, name, _)| name)
}

/// The effort that was asked for, in words or in tokens.
pub(crate) fn effort(reasoning: &Reasoning) -> Option<Effort> {
    let of_budget = |budget| WORDS.iter().find(|(.., tokens)| *tokens >= budget).map_or(Effort::Max, |(it, ..)| *it);
    reasoning.effort.or(match reasoning.thinking {
        Some(Thinking::Budget(tokens)) => Some(of_budget(tokens)),
        _ => None,
    })
}

/// The tokens that were asked for, in tokens or in words; none where nothing says how many.
pub(crate) fn budget(reasoning: &Reasoning) -> Option<u64> {
    match (reasoning.thinking, reasoning.effort) {
        (Some(Thinking::Budget(tokens)), _) => Some(tokens),
        (_, Some(effort)) => WORDS.iter().find(|(it, ..)| *it == effort).map(|(.., tokens)| *tokens),
        _ => None,
    }
}

/// Whether anything is asked of the reasoning but to leave it out.
pub(crate) fn is_wanted(reasoning: &Reasoning) -> bool {
    reasoning.thinking != Some(Thinking::Off) && (reasoning.effort.is_some() || reasoning.thinking.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_tokens_meet() {
        for (it, name, tokens) in WORDS {
            assert_eq!(read(name), Some(it));
            assert_eq!(word(it), name);
            let by_word = Reasoning { effort: Some(it), ..Reasoning::default() };
            let by_tokens = Reasoning { thinking: Some(Thinking::Budget(tokens)), ..Reasoning::default() };
            assert_eq!((budget(&by_word), effort(&by_tokens)), (Some(tokens), Some(it)));
        }
        let most = Reasoning { thinking: Some(Thinking::Budget(u64::MAX)), ..Reasoning::default() };
        assert_eq!((effort(&most), read("none")), (Some(Effort::Max), None));
    }
}
