//! Secrets by the name before them: `API_KEY=…`, `"password": "…"`, `postgres://user:…@host`.

use std::{ops::Range, sync::LazyLock};

use aho_corasick::AhoCorasick;

use super::{Finding, chance};

/// Parts of names that announce a secret. The first ones announce passwords, which people choose.
const NAMES: [&str; 16] = [
    "passw",
    "pwd",
    "passphrase",
    "passcode",
    "kennwort",
    "contraseña",
    "mot de passe",
    "key",
    "token",
    "secret",
    "credential",
    "auth",
    "bearer",
    "api",
    "schlüssel",
    "signature",
];
const PASSWORDS: usize = 7;

/// Parts of names that say that it is none: counts, places, public halves, hashes.
const HARMLESS: [&str; 27] = [
    "public",
    "count",
    "max",
    "primary",
    "foreign",
    "cache",
    "partition",
    "sort",
    "idempot",
    "sha",
    "hash",
    "checksum",
    "fingerprint",
    "trace",
    "span",
    "page",
    "next",
    "author",
    "keyword",
    "monkey",
    "tokeniz",
    "limit",
    "known_hosts",
    "keyboard",
    "csrf",
    "xsrf",
    "authenticity",
];

/// How far a value may stand behind its name.
const REACH: usize = 72;
/// Most bytes of a value, and of a link. What is longer is data.
const LONGEST: usize = 512;

static FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder().ascii_case_insensitive(true).build(NAMES).expect("the names are constant and tested")
});

/// Secrets behind a name, and passwords in links and commands.
pub(super) fn find(text: &str, found: &mut Vec<Finding>) {
    let mut done = 0;
    for name in FINDER.find_iter(text).filter(|_| text.len() > 8) {
        if name.end() < done || is_harmless(text, &name.range()) {
            continue;
        }
        let password = name.pattern().as_usize() < PASSWORDS;
        if let Some(value) = value_after(text, name.end(), password) {
            done = value.end;
            found.push(Finding {
                kind: if password { "password" } else { "named secret" },
                start: value.start,
                end: value.end,
            });
        }
    }
    in_links(text, found);
    in_commands(text, found);
}

/// Whether the whole name says that it is no secret.
fn is_harmless(text: &str, part: &Range<usize>) -> bool {
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'-';
    let before = text.as_bytes()[..part.start].iter().rev().take(32).take_while(|byte| inside(byte)).count();
    let after = text.as_bytes()[part.end..].iter().take(32).take_while(|byte| inside(byte)).count();
    // Both ends stand beside ASCII, so on character borders.
    let name = text[part.start - before..part.end + after].to_ascii_lowercase();
    let ends = ["id", "name", "version", "size", "length", "type", "file", "path", "url", "format", "alg", "algorithm"];
    ends.iter().any(|end| name.ends_with(end))
        || HARMLESS.iter().any(|part| name.contains(part)) && !name.contains("authorization")
        || text[..part.start - before].ends_with("public ")
}

/// The value that a name at `from` announces: on its line, behind a sign that assigns.
fn value_after(text: &str, from: usize, password: bool) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = from;
    let end = bytes.len().min(from + REACH);
    while at < end {
        match bytes[at] {
            b'\n' | b'(' => return None,
            b'=' | b':' | b',' | b'>' | b'|' => {
                if let Some(value) = value_at(text, at + 1).filter(|value| is_secret(&text[value.clone()], password)) {
                    return Some(value);
                }
                at += 1;
            }
            b' ' => {
                let said = ["is ", "was ", "ist ", "est ", "es ", "as "]
                    .iter()
                    .find(|word| text[at + 1..].starts_with(**word));
                if let Some(word) = said
                    && let Some(value) =
                        value_at(text, at + 1 + word.len()).filter(|value| is_secret(&text[value.clone()], password))
                {
                    return Some(value);
                }
                // `Bearer eyJ…`
                if at == from
                    && let Some(value) = value_at(text, at + 1).filter(|value| chance::is_random(&text[value.clone()]))
                {
                    return Some(value);
                }
                at += 1;
            }
            _ => at += 1,
        }
        while !text.is_char_boundary(at) {
            at += 1;
        }
    }
    None
}

fn is_secret(value: &str, password: bool) -> bool {
    if password { chance::is_password(value) || chance::is_random(value) } else { chance::is_random(value) }
}

/// The word at `from`, without quotes, spaces and the scheme of an `Authorization` header before it.
fn value_at(text: &str, from: usize) -> Option<Range<usize>> {
    let limit = text.floor_char_boundary(from + LONGEST);
    let mut rest = text.get(from..limit)?;
    loop {
        let bare = rest.trim_start_matches([' ', '\t', '"', '\'', '`', '=', '>', ':', '[', '\\']);
        let scheme = ["Bearer ", "bearer ", "Basic ", "basic ", "Token ", "token "]
            .iter()
            .find_map(|scheme| bare.strip_prefix(scheme));
        match scheme {
            Some(inside) => rest = inside,
            None => {
                rest = bare;
                break;
            }
        }
    }
    let ends = |char: char| char.is_whitespace() || "\"'`,;)]}<>\\".contains(char);
    let start = limit - rest.len();
    let length = rest.find(ends).or_else(|| (limit == text.len()).then_some(rest.len()))?;
    let word = rest[..length].trim_end_matches(['.', ':', '!', '?']);
    (!word.is_empty()).then(|| start..start + word.len())
}

/// `scheme://user:password@host`.
fn in_links(text: &str, found: &mut Vec<Finding>) {
    for at in memchr::memmem::find_iter(text.as_bytes(), "://") {
        let rest = &text[at + 3..text.floor_char_boundary(at + 3 + LONGEST)];
        let end = rest.find(|char: char| char.is_whitespace() || "\"'`<>".contains(char)).unwrap_or(rest.len());
        let authority = &rest[..end];
        let Some((login, _)) = authority.rsplit_once('@') else { continue };
        let Some((user, password)) = login.split_once(':') else { continue };
        let plain = password.ends_with("password")
            || ["", "pass", "password", "passwd", "pwd", "secret", "user", user].contains(&password);
        if user.contains('/') || plain || password.contains('/') || is_reference(password) {
            continue;
        }
        let start = at + 3 + user.len() + 1;
        found.push(Finding { kind: "password in a link", start, end: start + password.len() });
    }
}

/// `curl -u user:password`.
fn in_commands(text: &str, found: &mut Vec<Finding>) {
    if memchr::memmem::find(text.as_bytes(), b"curl").is_none() {
        return;
    }
    for flag in [" -u ", " --user ", " --user=", " -u"] {
        for at in memchr::memmem::find_iter(text.as_bytes(), flag) {
            let Some(login) = value_at(text, at + flag.len()) else { continue };
            if let Some((user, password)) = text[login.clone()].split_once(':')
                && !is_reference(user)
                && !is_reference(password)
                && chance::is_password(password)
            {
                found.push(Finding { kind: "password", start: login.start + user.len() + 1, end: login.end });
            }
        }
    }
}

/// `$PASSWORD`, `{password}`, `<password>`: kept elsewhere.
fn is_reference(word: &str) -> bool {
    word.starts_with(['$', '{', '<', '%', '*', '.', '[']) || word.contains("{{") || word.len() < 3
}
