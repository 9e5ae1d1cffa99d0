//! Which of several arms is better, on evidence that holds at every look.
//!
//! For every ordered pair of arms there is evidence that the first is better than the second. Where both get as many
//! units, each step bets on the means so far, and only while the first's is the higher one: that is evidence against
//! everything in which the first is no better, not only against both being equal (the safe test of Turner, Ly and
//! Grünwald 2021, arXiv:2106.02693, with the bet in one direction: at means p of the first and q of the second, the
//! stake is multiplied by (1 + c(p - m))(1 - c(q - m)) on average, which is at most 1 where p is at most q). Where shares
//! differ or change, universal inference serves (Wasserman et al. 2020, arXiv:1912.11436). With evidence of at least
//! pairs / alpha for a pair, its second is out: by Ville's inequality the chance that this ever happens to any arm
//! wrongly is at most alpha, however often and whenever anybody looks.

use std::collections::VecDeque;

use crate::stats::evidence::two_arms_sums;

/// Passes and failures before the first unit: the choice that Turner, Ly and Grünwald found best.
const PSEUDO: f64 = 0.18;

/// How pairs are weighed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weighing {
    /// Step by step, each with one unit of both: for arms whose shares are equal.
    Steps,
    /// By sums: for any shares, also such as follow the data.
    Sums,
}

/// Evidence for every pair of arms.
#[derive(Debug, Clone)]
pub struct Scales {
    weighing: Weighing,
    /// How much evidence is enough, as a logarithm.
    enough: f64,
    arms: Vec<Sum>,
    /// Whether an arm is out.
    out: Vec<bool>,
    /// By arms below others: `(first, second)` with first < second.
    duels: Vec<Duel>,
}

/// Scores of an arm.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sum {
    /// Their sum.
    pub sum: f64,
    /// How many they are.
    pub of: f64,
}

impl Sum {
    /// Their mean.
    pub fn mean(self) -> Option<f64> {
        (self.of > 0.0).then(|| self.sum / self.of)
    }
}

impl Scales {
    /// Before the first unit, for so many arms and this chance of a wrong word.
    pub fn new(weighing: Weighing, arms: usize, alpha: f64) -> Self {
        let pairs = (arms * arms.saturating_sub(1)).max(1) as f64;
        let duels = (0..arms).flat_map(|first| (first + 1..arms).map(move |second| Duel::new(first, second))).collect();
        Self { weighing, enough: (pairs / alpha).ln(), arms: vec![Sum::default(); arms], out: vec![false; arms], duels }
    }

    /// Takes an arm out for another reason.
    pub fn leave_out(&mut self, arm: usize) {
        self.out[arm] = true;
    }

    /// Takes the next unit's score.
    pub fn add(&mut self, arm: usize, score: f64) {
        self.add_all(&[(arm, score)]);
    }

    /// Takes several units' scores, in their order, and looks once they are all there.
    pub fn add_all(&mut self, scores: &[(usize, f64)]) {
        for (arm, score) in scores {
            let score = score.clamp(0.0, 1.0);
            self.arms[*arm].sum += score;
            self.arms[*arm].of += 1.0;
            if self.weighing == Weighing::Steps {
                self.duels.iter_mut().filter(|duel| duel.arms.contains(arm)).for_each(|duel| duel.step(*arm, score));
            }
        }
        let Self { weighing, enough, arms, out, duels } = self;
        for duel in duels {
            let [first, second] = duel.arms;
            // Whoever is out has no say any more.
            if out[first] || out[second] {
                continue;
            }
            if *weighing == Weighing::Sums {
                duel.weigh([arms[first], arms[second]]);
            }
            out[second] = duel.log_e[0] >= *enough;
            out[first] = duel.log_e[1] >= *enough;
        }
    }

    /// Whether each arm is out.
    pub fn out(&self) -> &[bool] {
        &self.out
    }

    /// The scores of each arm.
    pub fn sums(&self) -> &[Sum] {
        &self.arms
    }

    /// The only arm that is left.
    pub fn winner(&self) -> Option<usize> {
        let mut left = (0..self.out.len()).filter(|arm| !self.out[*arm]);
        let first = left.next()?;
        left.next().is_none().then_some(first)
    }
}

/// Evidence that the one of two arms is better than the other, both ways, as logarithms; the most so far.
#[derive(Debug, Clone)]
struct Duel {
    arms: [usize; 2],
    log_e: [f64; 2],
    /// Of the steps: what is staked now, and what is known.
    stake: [f64; 2],
    sums: [f64; 2],
    steps: f64,
    waiting: [VecDeque<f64>; 2],
}

impl Duel {
    fn new(first: usize, second: usize) -> Self {
        Self {
            arms: [first, second],
            log_e: [0.0; 2],
            stake: [0.0; 2],
            sums: [0.0; 2],
            steps: 0.0,
            waiting: [VecDeque::new(), VecDeque::new()],
        }
    }

    /// A unit of one of the two: once there is one of the other that waits for it, the step is made.
    fn step(&mut self, arm: usize, score: f64) {
        let side = usize::from(self.arms[1] == arm);
        self.waiting[side].push_back(score);
        let [Some(first), Some(second)] = [self.waiting[0].front(), self.waiting[1].front()] else { return };
        let scores = [*first, *second];
        for waiting in &mut self.waiting {
            waiting.pop_front();
        }
        let rates = self.sums.map(|sum| (sum + PSEUDO) / (self.steps + 2.0 * PSEUDO));
        let middle = f64::midpoint(rates[0], rates[1]);
        let higher = usize::from(rates[1] > rates[0]);
        for (score, rate) in scores.iter().zip(rates) {
            self.stake[higher] += score * (rate / middle).ln() + (1.0 - score) * ((1.0 - rate) / (1.0 - middle)).ln();
        }
        for (sum, score) in self.sums.iter_mut().zip(scores) {
            *sum += score;
        }
        self.steps += 1.0;
        self.log_e[higher] = self.log_e[higher].max(self.stake[higher]);
    }

    fn weigh(&mut self, sums: [Sum; 2]) {
        let [Some(first), Some(second)] = sums.map(Sum::mean) else { return };
        let higher = usize::from(second > first);
        let log_e = two_arms_sums((sums[0].sum, sums[0].of), (sums[1].sum, sums[1].of));
        self.log_e[higher] = self.log_e[higher].max(log_e);
    }
}
