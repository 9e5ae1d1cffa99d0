//! `robots.txt` (RFC 9309): what a site asks programs to leave alone, and how long to wait between pages.

use std::time::Duration;

/// The name that a site may speak to.
pub(super) const NAME: &str = "surefoot";
/// What lies beyond this is not read, as the standard has it.
const LONGEST: usize = 512 << 10;
/// A site may not make it wait longer.
const LONGEST_DELAY: f64 = 10.0;

/// What a site asks.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Robots {
    /// Patterns of paths and whether they are allowed.
    rules: Vec<(String, bool)>,
    pub(super) delay: Option<Duration>,
    /// Nothing may be read.
    closed: bool,
}

impl Robots {
    /// Of a site that cannot say: nothing may be read.
    pub(super) fn closed() -> Self {
        Self { closed: true, ..Self::default() }
    }

    /// Reads the file: the group that names this program, or else the one for all.
    pub(super) fn read(text: &str) -> Self {
        let end = (0..=text.len().min(LONGEST)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let (mut ours, mut all) = (None::<Self>, Self::default());
        let (mut names, mut naming): (Vec<String>, bool) = (Vec::new(), false);
        for line in text[..end].lines() {
            let line = line.split('#').next().unwrap_or_default();
            let Some((field, value)) = line.split_once(':') else { continue };
            let (field, value) = (field.trim().to_lowercase(), value.trim());
            if field == "user-agent" {
                if !naming {
                    names.clear();
                }
                names.push(value.to_lowercase());
                naming = true;
                if value.eq_ignore_ascii_case(NAME) {
                    ours.get_or_insert_default();
                }
                continue;
            }
            naming = false;
            for name in &names {
                match (name.as_str(), &mut ours) {
                    (NAME, Some(ours)) => ours.add(&field, value),
                    ("*", _) => all.add(&field, value),
                    _ => {}
                }
            }
        }
        ours.unwrap_or(all)
    }

    fn add(&mut self, field: &str, value: &str) {
        match field {
            "allow" | "disallow" if !value.is_empty() => self.rules.push((value.to_owned(), field == "allow")),
            "crawl-delay" => {
                let seconds = value.parse::<f64>().ok().filter(|seconds| *seconds >= 0.0);
                self.delay = seconds.map(|seconds| Duration::from_secs_f64(seconds.min(LONGEST_DELAY)));
            }
            _ => {}
        }
    }

    /// Whether a path (with its query) may be read: the longest pattern decides, and of two alike the kinder one.
    pub(super) fn allow(&self, path: &str) -> bool {
        if self.closed {
            return false;
        }
        let fitting = self.rules.iter().filter(|(pattern, _)| fits(pattern, path));
        fitting.max_by_key(|(pattern, allowed)| (pattern.len(), *allowed)).is_none_or(|(_, allowed)| *allowed)
    }
}

/// Whether a path begins as a pattern says: `*` is anything, `$` at the end the end.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, whole) = pattern.strip_suffix('$').map_or((pattern, false), |pattern| (pattern, true));
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = path.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    for (at, part) in parts.iter().enumerate() {
        if whole && at + 1 == parts.len() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(found) => rest = &rest[found + part.len()..],
            None => return false,
        }
    }
    !whole || rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_by_example() {
        let general = "User-agent: *\nDisallow: /private/\nAllow: /private/open\nDisallow: /*.pdf$\nCrawl-delay: 99\n";
        let named = format!("{general}\nUser-agent: other\nUser-agent: Surefoot # us\nDisallow: /only\n");
        let cases: &[(&str, &str, bool)] = &[
            (general, "/", true),
            (general, "/private/x", false),
            (general, "/private/open/x", true),
            (general, "/a/b.pdf", false),
            (general, "/a/b.pdf?x", true),
            (&named, "/private/x", true),
            (&named, "/only/x", false),
            ("User-agent: *\nDisallow:\n", "/x", true),
            ("User-agent: *\nDisallow: /\n", "/x", false),
            ("User-agent: bad\nDisallow: /\n", "/x", true),
            ("no such file", "/x", true),
        ];
        for (text, path, expected) in cases {
            assert_eq!(Robots::read(text).allow(path), *expected, "{path} in {text}");
        }
        assert_eq!(Robots::read(general).delay, Some(Duration::from_secs(10)));
        assert!(!Robots::closed().allow("/"));
    }
}
