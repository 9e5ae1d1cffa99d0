//! How often an experiment's verdict is wrong, looked at after every unit or nearly so, and how much traffic it takes.
//!
//! `cargo run --release -p surefoot-lab --example experiments -- [EXPERIMENTS] [SEED]`

#![allow(clippy::print_stdout, reason = "a command line tool")]

use std::{env, error::Error};

use surefoot_lab::{
    experiments::{
        split,
        weigh::{Scales, Weighing},
    },
    stats::{Confidence, wilson},
};

/// Units after which an experiment is given up.
const HORIZON: usize = 20_000;
/// The chance of a wrong word that each is allowed.
const ALPHA: f64 = 0.05;
/// Units between two looks of the adaptive split.
const STEP: usize = 50;
/// Its least share.
const FLOOR: f64 = 0.1;

/// How traffic is split.
#[derive(Clone, Copy)]
enum Split {
    /// Evenly between those that are still in it.
    Even,
    /// Evenly between all, to the end.
    All,
    /// By the chance to be the best.
    Adaptive,
}

/// How one experiment ended.
struct Ended {
    /// Whether a variant was left out that is as good as the best.
    wrong: bool,
    /// Whether one was left alone in it.
    decided: bool,
    units: usize,
    /// Units that another than the best variant had.
    worse: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = env::args().skip(1);
    let of: usize = words.next().map_or(Ok(3_000), |word| word.parse())?;
    let seed: u64 = words.next().map_or(Ok(20_261_124), |word| word.parse())?;
    println!("{of} experiments a scene, alpha {ALPHA}, at most {HORIZON} units each, seed {seed}\n");
    println!(
        "| true rates | even: wrong | decided | median units | adaptive: wrong | decided | median units | to the worse |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
    for rates in
        [[0.95, 0.97], [0.98, 0.99], [0.90, 0.92], [0.80, 0.85], [0.05, 0.07], [0.50, 0.55], [0.60, 0.60], [0.95, 0.95]]
    {
        let (even, adaptive) = (Scene::of(&rates, Split::Even, of, seed), Scene::of(&rates, Split::Adaptive, of, seed));
        println!("| {} | {} | {} | {} |", named(&rates), even.told(), adaptive.told(), adaptive.to_the_worse());
    }
    println!("\n| true rates | wrong | decided | median units | split evenly to the end | saved |");
    println!("|---|--:|--:|--:|--:|--:|");
    for rates in [
        [0.50, 0.55, 0.60, 0.70],
        [0.90, 0.92, 0.94, 0.97],
        [0.05, 0.06, 0.07, 0.10],
        [0.70, 0.80, 0.80, 0.85],
        [0.60; 4],
    ] {
        let (even, all) = (Scene::of(&rates, Split::Even, of, seed), Scene::of(&rates, Split::All, of, seed));
        let saved = (1.0 - even.median() as f64 / all.median() as f64) * 100.0;
        println!("| {} | {} | {} | {saved:.0} % |", named(&rates), even.told(), all.median());
    }
    Ok(())
}

fn named(rates: &[f64]) -> String {
    rates.iter().map(|rate| format!("{rate:.2}")).collect::<Vec<_>>().join(", ")
}

/// All experiments of one kind.
struct Scene(Vec<Ended>);

impl Scene {
    fn of(rates: &[f64], split: Split, experiments: usize, seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        Self((0..experiments).map(|_| run(rates, split, &mut rng)).collect())
    }

    fn told(&self) -> String {
        let count = |fits: &dyn Fn(&Ended) -> bool| self.0.iter().filter(|one| fits(one)).count() as u64;
        let of = self.0.len() as u64;
        let (wrong, decided) = (count(&|one| one.wrong), count(&|one| one.decided));
        let high = wilson(wrong, of, Confidence::P95).high * 100.0;
        let share = |count: u64| count as f64 / of as f64 * 100.0;
        format!("{:.2} % (≤ {high:.2}) | {:.0} % | {}", share(wrong), share(decided), self.median())
    }

    /// Of all experiments, those that were given up counted with all their units.
    fn median(&self) -> usize {
        let mut units: Vec<usize> = self.0.iter().map(|one| one.units).collect();
        units.sort_unstable();
        units.get(units.len() / 2).copied().unwrap_or_default()
    }

    fn to_the_worse(&self) -> String {
        let (worse, units) = self.0.iter().fold((0, 0), |(worse, units), one| (worse + one.worse, units + one.units));
        format!("{:.0} %", worse as f64 / units.max(1) as f64 * 100.0)
    }
}

fn run(rates: &[f64], split: Split, rng: &mut fastrand::Rng) -> Ended {
    let best = rates.iter().copied().fold(0.0, f64::max);
    let (weighing, step) = match split {
        Split::Adaptive => (Weighing::Sums, STEP),
        Split::Even | Split::All => (Weighing::Steps, 1),
    };
    let mut scales = Scales::new(weighing, rates.len(), ALPHA);
    let mut shares = split::even(scales.out());
    let (mut units, mut worse, mut scores) = (0, 0, Vec::with_capacity(step));
    while units < HORIZON && scales.winner().is_none() {
        scores.clear();
        for _ in 0..step {
            let arm = drawn(&shares, rng.f64());
            scores.push((arm, f64::from(u8::from(rng.f64() < rates[arm]))));
            worse += usize::from(rates[arm] < best);
        }
        units += step;
        scales.add_all(&scores);
        shares = match split {
            Split::Even => split::even(scales.out()),
            Split::All => shares,
            Split::Adaptive => split::adaptive(scales.sums(), scales.out(), FLOOR),
        };
    }
    let wrong = rates.iter().zip(scales.out()).any(|(rate, out)| *out && *rate >= best);
    Ended { wrong, decided: scales.winner().is_some(), units, worse }
}

/// The arm that a draw in `0.0..1.0` falls to.
fn drawn(shares: &[f64], mut draw: f64) -> usize {
    for (arm, share) in shares.iter().enumerate() {
        if draw < *share {
            return arm;
        }
        draw -= share;
    }
    shares.iter().rposition(|share| *share > 0.0).unwrap_or_default()
}
