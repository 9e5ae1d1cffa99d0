//! Near duplicates among hits: the best of them stands, the others are named with it.
//!
//! Alike is what shares nine in ten of its runs of five words, as estimated by MinHash.

use std::hash::{DefaultHasher, Hash, Hasher};

use surefoot_types::document::{Also, Hit};

/// Values of a signature; a larger number estimates better and costs more.
const VALUES: usize = 64;
/// As many equal values say that two texts are alike: nine in ten, and what chance may take from that.
const ALIKE: usize = 56;
/// Words that are looked at together.
const RUN: usize = 5;

type Signature = [u64; VALUES];

/// Folds hits, best first, into those that say something of their own.
pub(super) fn fold(hits: Vec<Hit>) -> Vec<Hit> {
    let mut kept: Vec<(Signature, Hit)> = Vec::with_capacity(hits.len());
    for hit in hits {
        let own = signature(&hit.found.passage.text);
        match kept.iter_mut().find(|(other, _)| alike(other, &own)) {
            Some((_, best)) => best.also.push(Also {
                key: hit.found.key,
                document_id: hit.found.document_id,
                path: hit.found.path,
                title: hit.found.title,
            }),
            None => kept.push((own, hit)),
        }
    }
    kept.into_iter().map(|(_, hit)| hit).collect()
}

fn alike(one: &Signature, other: &Signature) -> bool {
    one.iter().zip(other).filter(|(a, b)| a == b).count() >= ALIKE
}

fn signature(text: &str) -> Signature {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let mut least = [u64::MAX; VALUES];
    for run in words.windows(RUN.min(words.len().max(1))) {
        let mut hasher = DefaultHasher::new();
        run.hash(&mut hasher);
        let hash = hasher.finish();
        for (at, value) in least.iter_mut().enumerate() {
            // Each value sees the runs in another order.
            let mixed = (hash ^ (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xff51_afd7_ed55_8ccd);
            *value = (*value).min(mixed ^ (mixed >> 33));
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(from: usize, to: usize) -> String {
        (from..to).map(|n| format!("word{n}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_alike() {
        let text = words(0, 200);
        let cases = [
            (text.clone(), true),
            (text.to_uppercase().replace(' ', "\n"), true),
            (format!("{text} and two more words"), true),
            (format!("{} {}", words(0, 150), words(300, 350)), false),
            (words(200, 400), false),
            (String::new(), false),
        ];
        for (other, expected) in cases {
            assert_eq!(alike(&signature(&text), &signature(&other)), expected, "{other}");
        }
    }
}
