//! A provider's words, made fit to show: one line, not long, and nothing that looks like a key.

/// The most characters that are shown.
const MOST: usize = 500;

/// `words` on one line, shortened, with `[redacted]` in place of what looks like a key.
pub(super) fn shown(words: &str) -> String {
    let mut out = String::with_capacity(words.len().min(MOST) + 16);
    let mut after_bearer = false;
    for word in words.split_whitespace() {
        if out.chars().count() >= MOST {
            out.push_str(" …");
            break;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        if after_bearer {
            out.push_str("[redacted]");
        } else {
            put(word, &mut out);
        }
        after_bearer = word.eq_ignore_ascii_case("bearer");
    }
    out
}

/// Puts one word, looking at each run of characters that a key could be made of.
fn put(word: &str, out: &mut String) {
    let in_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*');
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let run = rest.find(|c| !in_key(c)).unwrap_or(rest.len());
        if run == 0 {
            out.extend(Some(first).filter(|c| !c.is_control()));
            rest = &rest[first.len_utf8()..];
        } else {
            out.push_str(if looks_like_a_key(&rest[..run]) { "[redacted]" } else { &rest[..run] });
            rest = &rest[run..];
        }
    }
}

/// Known prefixes, masked keys, and long runs of mixed letters and digits. Model names, whose
/// pieces are short, are none of these.
fn looks_like_a_key(run: &str) -> bool {
    const PREFIXES: [&str; 12] =
        ["sk-", "sk_", "pk-", "rk_", "gsk_", "xai-", "AIza", "hf_", "r8_", "ghp_", "AKIA", "eyJ"];
    let opaque = |piece: &str| {
        piece.len() >= 20 && piece.bytes().any(|b| b.is_ascii_digit()) && piece.bytes().any(|b| b.is_ascii_alphabetic())
    };
    run.len() >= 8
        && (PREFIXES.iter().any(|prefix| run.starts_with(prefix))
            || run.contains("***")
            || run.split(['-', '_', '*']).any(opaque))
}
