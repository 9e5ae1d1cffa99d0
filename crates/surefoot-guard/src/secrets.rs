//! Finds keys and tokens by their structure, and masks them.
//!
//! Only formats that say what they are (a vendor's prefix, a PEM header, a JWT) count, so that
//! hashes, ids and long words are left alone.

use std::sync::LazyLock;

use regex::Regex;

/// A secret's place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// What it is: `openai key`, `private key`.
    pub kind: &'static str,
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

/// What stands in a secret's place.
const MASK: &str = "[secret]";

/// Kinds with their patterns. Each begins with a literal, so that ordinary text costs little.
const PATTERNS: [(&str, &str); 12] = [
    ("anthropic key", r"\bsk-ant-[A-Za-z0-9_-]{20,}"),
    ("openai key", r"\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,}"),
    ("surefoot key", r"\bsf-[a-z0-9]{26,}\b"),
    ("aws access key", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
    ("github token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})"),
    ("gitlab token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    ("slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("google api key", r"\bAIza[A-Za-z0-9_-]{35}"),
    ("stripe key", r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{20,}"),
    ("npm token", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("json web token", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    ("private key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)"),
];

/// One pattern with a group for each kind: a single pass over the text.
static FINDER: LazyLock<Regex> = LazyLock::new(|| {
    let groups: Vec<String> = PATTERNS.iter().map(|(_, pattern)| format!("({pattern})")).collect();
    Regex::new(&groups.join("|")).expect("the patterns are constant and tested")
});

/// The secrets in `text`, in order, none overlapping.
pub fn find(text: &str) -> Vec<Finding> {
    FINDER
        .captures_iter(text)
        .filter_map(|captures| {
            let whole = captures.get(0)?;
            let group = (1..captures.len()).find(|&group| captures.get(group).is_some())?;
            Some(Finding { kind: PATTERNS[group - 1].0, start: whole.start(), end: whole.end() })
        })
        .collect()
}

/// Puts `[secret]` in the place of each secret. Text without one is not copied.
pub fn mask_in_place(text: &mut String) {
    for finding in find(text).into_iter().rev() {
        text.replace_range(finding.start..finding.end, MASK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test keys are put together here, so that scanners of this repository find none in it.
    fn example(prefix: &str, length: usize) -> String {
        prefix.to_owned() + &"A2b3C4d5E6f7".repeat(20)[..length]
    }

    #[test]
    fn finds_what_says_what_it_is() {
        for (kind, secret) in [
            ("openai key", example("sk-proj-", 40)),
            ("anthropic key", example("sk-ant-", 40)),
            ("github token", example("ghp_", 36)),
            ("google api key", example("AIza", 35)),
            ("aws access key", format!("AKIA{}", "ABCDEFGH234567AB")),
            ("private key", format!("-----BEGIN {0} KEY-----\nabc\n-----END {0} KEY-----", "PRIVATE")),
        ] {
            let text = format!("my key is {secret}, keep it");
            let found = find(&text);
            assert_eq!(found.len(), 1, "{kind}");
            assert_eq!(found[0].kind, kind);
            assert_eq!(&text[found[0].start..found[0].end], secret);
            let mut masked = text;
            mask_in_place(&mut masked);
            assert_eq!(masked, "my key is [secret], keep it");
        }
    }

    #[test]
    fn leaves_ordinary_text_alone() {
        for text in [
            "",
            "the task-force risk-averse desk-research plan",
            "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "set OPENAI_API_KEY=sk-… in the environment",
            "key = \"env:OPENAI_API_KEY\"",
        ] {
            assert_eq!(find(text), [], "{text}");
        }
    }
}
