//! A dataset in two parts that have nothing in common: one to change prompts by, and one to judge them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Case, Dataset};

/// How many words a shingle has.
const SHINGLE: usize = 3;
/// From this share of common shingles on, two inputs are one question asked twice.
const NEAR: f64 = 0.6;
/// A shingle that more inputs share than this tells nothing of them: a template's words.
const COMMON: usize = 200;

/// The two parts, in the dataset's order.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// The part to work with.
    pub train: Dataset,
    /// The part that is kept back.
    pub test: Dataset,
    /// Groups of cases that are near duplicates or of one cluster, by id; each is whole in one part.
    pub together: Vec<Vec<String>>,
}

impl Dataset {
    /// Splits off about `share` of the cases. Near duplicates and cases of one cluster stay together, and
    /// the same cases and `seed` always give the same parts, whatever their order in the file.
    pub fn split(&self, share: f64, seed: u64) -> Split {
        let mut groups = groups(&self.cases);
        let place = |group: &Vec<usize>| {
            let digests = group.iter().map(|at| digest(&self.cases[*at], seed));
            digests.min().unwrap_or_default()
        };
        groups.sort_by_cached_key(place);
        let wanted = (self.cases.len() as f64 * share).round() as usize;
        let mut test = BTreeSet::new();
        for group in &groups {
            // The group that comes nearer to the share than what there is.
            if test.len() < wanted && (test.len() + group.len()).abs_diff(wanted) < wanted - test.len() {
                test.extend(group.iter().copied());
            }
        }
        let part = |of_test: bool| {
            let cases = self.cases.iter().enumerate().filter(|(at, _)| test.contains(at) == of_test);
            Self::of(cases.map(|(_, case)| case.clone()).collect())
        };
        let ids = |group: &Vec<usize>| group.iter().map(|at| self.cases[*at].id.clone()).collect();
        let mut together: Vec<Vec<String>> = groups.iter().filter(|group| group.len() > 1).map(ids).collect();
        together.sort();
        Split { train: part(false), test: part(true), together }
    }
}

fn digest(case: &Case, seed: u64) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(words(&case.input.to_string()).join(" ").as_bytes());
    hasher.update(case.id.as_bytes());
    hasher.finalize().to_hex().to_string()
}

/// Cases that belong together, by index; every case is in one group.
fn groups(cases: &[Case]) -> Vec<Vec<usize>> {
    let mut roots: Vec<usize> = (0..cases.len()).collect();
    let mut join = |a: usize, b: usize| {
        let (a, b) = (root(&mut roots, a), root(&mut roots, b));
        roots[a.max(b)] = a.min(b);
    };
    let mut clusters: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, case) in cases.iter().enumerate() {
        if let Some(cluster) = &case.cluster {
            join(*clusters.entry(cluster).or_insert(at), at);
        }
    }
    for (a, b) in near(cases) {
        join(a, b);
    }
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in 0..cases.len() {
        groups.entry(root(&mut roots, at)).or_default().push(at);
    }
    groups.into_values().collect()
}

fn root(roots: &mut [usize], mut at: usize) -> usize {
    while roots[at] != at {
        roots[at] = roots[roots[at]];
        at = roots[at];
    }
    at
}

/// Pairs of cases whose inputs say the same but for a few words. Only those that share a shingle are
/// compared, so that the time grows with what is alike and not with the square of all.
fn near(cases: &[Case]) -> Vec<(usize, usize)> {
    let shingles: Vec<BTreeSet<String>> = cases.iter().map(|case| shingles(&case.input.to_string())).collect();
    let mut holders: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, set) in shingles.iter().enumerate() {
        for shingle in set {
            holders.entry(shingle).or_default().push(at);
        }
    }
    let mut common: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for holders in holders.values().filter(|holders| holders.len() <= COMMON) {
        for (first, a) in holders.iter().enumerate() {
            for b in &holders[first + 1..] {
                *common.entry((*a, *b)).or_default() += 1;
            }
        }
    }
    let alike = |((a, b), both): (&(usize, usize), &usize)| {
        let either = shingles[*a].len() + shingles[*b].len() - both;
        *both as f64 >= NEAR * either as f64
    };
    common.iter().filter(|pair| alike(*pair)).map(|(pair, _)| *pair).collect()
}

/// Runs of words; a short text is one run.
fn shingles(text: &str) -> BTreeSet<String> {
    let words = words(text);
    if words.len() <= SHINGLE {
        return BTreeSet::from([words.join(" ")]);
    }
    words.windows(SHINGLE).map(|run| run.join(" ")).collect()
}

fn words(text: &str) -> Vec<String> {
    let parted = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    parted.map(str::to_lowercase).collect()
}
