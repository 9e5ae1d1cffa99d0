//! How often two variants that are equally good are called different: once at the end, and by somebody who
//! looks as the cases come in.
//!
//! `cargo run --release -p surefoot-lab --example false_alarms -- [COMPARISONS] [SEED]`

#![allow(clippy::print_stdout, reason = "a command line tool")]

use std::{env, error::Error, num::NonZeroU64};

use surefoot_lab::{
    evals::{Finished, Settled, compare},
    stats::{Confidence, Pairs, evidence, wilson},
};
use surefoot_types::{
    ids::RunId,
    run::{CaseResult, Rate, Run, Verdict},
};

/// Cases of each comparison.
const CASES: usize = 200;
/// Cases between two looks.
const STEP: usize = 10;
/// What an alarm is allowed to be: one in twenty.
const LEVEL: f64 = 0.05;

/// How many comparisons raised an alarm.
#[derive(Default)]
struct Alarms {
    /// By the verdict of `surefoot eval --against`, at the end.
    at_the_end: u64,
    /// By McNemar's p at any look.
    peeking: u64,
    /// By the evidence for pairs (e-process) at any look.
    anytime: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = env::args().skip(1);
    let of: NonZeroU64 = words.next().map_or(Ok("2000".parse()?), |word| word.parse())?;
    let seed = words.next().map_or(Ok(20_261_124), |word| word.parse())?;
    let mut rng = fastrand::Rng::with_seed(seed);
    println!("{of} comparisons of {CASES} cases without a true difference, level {LEVEL}, seed {seed}");
    println!("| pass rate | verdict at the end | p, a look every {STEP} cases | evidence, a look every {STEP} cases |");
    println!("|--:|--:|--:|--:|");
    for rate in [0.5, 0.8, 0.95] {
        let mut alarms = Alarms::default();
        (0..of.get()).for_each(|_| alarms.count(&mut rng, rate));
        let told = [alarms.at_the_end, alarms.peeking, alarms.anytime].map(|count| told(count, of.get()));
        println!("| {:.0} % | {} | {} | {} |", rate * 100.0, told[0], told[1], told[2]);
    }
    Ok(())
}

fn told(count: u64, of: u64) -> String {
    let interval = wilson(count, of, Confidence::P95);
    format!("{:.1} % ({:.1} – {:.1})", count as f64 / of as f64 * 100.0, interval.low * 100.0, interval.high * 100.0)
}

impl Alarms {
    /// One comparison. Cases differ in how hard they are, so that the two variants' answers go together as
    /// those of real ones do; given the case, each passes by itself.
    fn count(&mut self, rng: &mut fastrand::Rng, rate: f64) {
        let ease: Vec<f64> = (0..CASES).map(|_| if rng.f64() < 0.5 { rate } else { hard(rate, rng) }).collect();
        let mut answers = || ease.iter().map(|ease| rng.f64() < *ease).collect::<Vec<bool>>();
        let (then, now) = (answers(), answers());
        let differs = compare(&run(1, &then), &run(2, &now)).is_ok_and(|told| told.rows[0].verdict != Settled::Open);
        let looks = (STEP..=CASES).step_by(STEP).map(|seen| pairs(&now[..seen], &then[..seen])).collect::<Vec<_>>();
        self.at_the_end += u64::from(differs);
        self.peeking += u64::from(looks.iter().any(|pairs| pairs.mcnemar() < LEVEL));
        let sure =
            |pairs: &Pairs| evidence::anytime_p(evidence::paired(pairs.first_only, pairs.second_only).exp()) < LEVEL;
        self.anytime += u64::from(looks.iter().any(sure));
    }
}

/// The ease of a case around `rate`, as far from it as it may be on both sides.
fn hard(rate: f64, rng: &mut fastrand::Rng) -> f64 {
    let reach = rate.min(1.0 - rate);
    rate + (rng.f64() * 2.0 - 1.0) * reach
}

fn pairs(now: &[bool], then: &[bool]) -> Pairs {
    let mut pairs = Pairs::default();
    for (now, then) in now.iter().zip(then) {
        *match (now, then) {
            (true, true) => &mut pairs.both,
            (true, false) => &mut pairs.first_only,
            (false, true) => &mut pairs.second_only,
            (false, false) => &mut pairs.neither,
        } += 1;
    }
    pairs
}

fn run(id: u128, passes: &[bool]) -> Finished {
    let nothing = Rate { passed: 0, of: 0, value: None, low: 0.0, high: 1.0 };
    let case = |(at, passes): (usize, &bool)| CaseResult {
        case_id: at.to_string(),
        repeat: 0,
        cluster: None,
        input: String::new(),
        output: String::new(),
        trace_id: None,
        verdict: if *passes { Verdict::Pass } else { Verdict::Fail },
        grades: Vec::new(),
        took_ms: 0,
        cost: None,
    };
    Finished {
        run: Run {
            id: RunId::from_bits(id),
            eval: "simulation".into(),
            subject: "either".into(),
            dataset: String::new(),
            started: surefoot_types::Timestamp::UNIX_EPOCH,
            finished: None,
            cases: passes.len() as u64,
            overall: nothing,
            errors: 0,
            graders: Vec::new(),
            cost: None,
            gate: None,
            repeats: 1,
            graded_by: String::new(),
            stopped: None,
        },
        cases: passes.iter().enumerate().map(case).collect(),
    }
}
