//! Every target over the kept corpus, and over what chance makes of it: a short run, the same each time; with
//! `SUREFOOT_FUZZ_MINUTES` one as long as that, another each time.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking")]

use std::{
    env, fs, panic,
    path::Path,
    time::{Duration, Instant},
};

use surefoot_fuzz::TARGETS;
use surefoot_types::{Chance, SystemChance};

/// What is made of each file of the corpus.
const CHANGES: usize = 30;

/// Most bytes of what is changed: longer files are tried as they are.
const LONGEST: usize = 16 * 1024;

/// A stream of numbers that looks like chance (xorshift; Marsaglia, 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (end.max(1) as u64)).unwrap()
    }
}

/// Where seeds lie, by how their names begin.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let golden = here.join("../crates/surefoot-dialect/tests/golden/cases");
    let own = here.join("corpus").join(if target == "redaction" { "text" } else { target });
    let golden = fs::read_dir(golden)
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(target));
    let own = fs::read_dir(own).into_iter().flatten();
    let mut files: Vec<_> = golden.chain(own).map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// A few bytes taken out, put in, turned round, or copied from elsewhere.
fn changed(bytes: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        let many = dice.below(24).min(bytes.len() - at);
        match dice.below(4) {
            0 => drop(bytes.drain(at..at + many)),
            1 => bytes.insert(at, u8::try_from(dice.below(256)).unwrap()),
            2 => bytes[at..at + many].reverse(),
            _ => {
                let from = dice.below(other.len() + 1);
                let piece = &other[from..(from + many).min(other.len())];
                drop(bytes.splice(at..at + many, piece.iter().copied()));
            }
        }
    }
    bytes
}

/// Runs a target over its corpus and over what the dice make of it. Gives how often.
fn run(name: &str, target: surefoot_fuzz::Target, dice: &mut Dice) -> usize {
    let seeds = seeds(name);
    assert!(!seeds.is_empty(), "{name} has no corpus");
    let mut runs = 0;
    for seed in &seeds {
        let other = &seeds[dice.below(seeds.len())];
        let rounds = if seed.len() > LONGEST { 0 } else { CHANGES };
        for tried in std::iter::once(seed.clone()).chain((0..rounds).map(|_| changed(seed, other, dice))) {
            let result = panic::catch_unwind(|| target(&tried));
            assert!(result.is_ok(), "{name} panics over {:?}", tried.escape_ascii().to_string());
            runs += 1;
        }
    }
    runs
}

#[test]
fn no_target_panics_over_the_corpus_and_what_chance_makes_of_it() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for (name, target) in TARGETS {
        run(name, target, &mut dice);
    }
    let Ok(minutes) = env::var("SUREFOOT_FUZZ_MINUTES") else { return };
    let end = Instant::now() + Duration::from_secs(60 * minutes.parse::<u64>().unwrap());
    let mut dice = Dice(SystemChance.bits() as u64 | 1);
    let mut runs = [0; TARGETS.len()];
    while Instant::now() < end {
        for ((name, target), runs) in TARGETS.into_iter().zip(&mut runs) {
            *runs += run(name, target, &mut dice);
        }
    }
    for ((name, _), runs) in TARGETS.into_iter().zip(runs) {
        println!("{name}: {runs} runs");
    }
}
