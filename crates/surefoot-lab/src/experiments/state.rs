//! How an experiment stands.

use serde::{Deserialize, Serialize};
use surefoot_types::{
    Timestamp,
    experiment::{KeptExperiment, Observed},
    feedback::Feedback,
};

use super::{
    design::{Design, Method},
    guards::{Measured, harmful},
    split,
    units::{Gathered, Unit, gather},
    weigh::{Scales, Weighing},
    words,
};
use crate::stats::{Confidence, anytime::mean_of};

/// Most points of the history: where there are more, every other one goes.
const HISTORY: usize = 240;
/// Shares that differ by less are the same.
const SAME: f64 = 1e-6;

/// Whether it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It does.
    Running,
    /// One variant is better than all others.
    Decided,
    /// As many units counted as may, and none is.
    Undecided,
    /// Every variant but the control did harm.
    Harmed,
    /// Somebody ended it.
    Stopped,
}

/// How an experiment stands: data for the console, the command line and the path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Its id.
    pub id: String,
    /// The function.
    pub function: String,
    /// The metric that decides.
    pub metric: String,
    /// Whether less of it is better.
    pub less_is_better: bool,
    /// How traffic is split.
    pub method: String,
    /// The chance that may be left of being wrong.
    pub alpha: f64,
    /// When it began.
    pub started: Timestamp,
    /// When it ended, if it did.
    pub ended: Option<Timestamp>,
    /// Whether it goes on.
    pub status: Status,
    /// The best variant, once that is known.
    pub winner: Option<String>,
    /// How it stands, in words.
    pub verdict: String,
    /// The variants, the control first.
    pub arms: Vec<Arm>,
    /// Units that came.
    pub units: u64,
    /// Units whose word counted.
    pub counted: u64,
    /// Units that ran another variant later.
    pub moved: u64,
    /// The evidence, as a factor, that units fall to variants otherwise than they should; at most 1e300.
    pub mismatch: f64,
    /// Whether that is enough to trust none of this.
    pub alarm: bool,
    /// How shares and means came to be what they are.
    pub history: Vec<Point>,
    /// Since when traffic is split how.
    pub allotments: Vec<Allotment>,
}

/// A variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Its name.
    pub name: String,
    /// Its share of the units that come now.
    pub share: f64,
    /// Units that it was drawn for, and their requests.
    pub units: u64,
    /// See `units`.
    pub requests: u64,
    /// Where its mean lies, and of how many units.
    #[serde(flatten)]
    pub place: Place,
    /// What a request costs, in dollars.
    pub cost_usd: Option<f64>,
    /// How long one takes, in milliseconds.
    pub latency_ms: Option<f64>,
    /// The share that fails.
    pub errors: Option<f64>,
    /// Why it is out, if it is.
    pub out: Option<String>,
}

/// Where a variant's mean lies, in the metric's unit, at 95 % at every look.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Units whose word counted.
    pub counted: u64,
    /// Their mean.
    pub mean: Option<f64>,
    /// The interval.
    pub low: f64,
    /// See `low`.
    pub high: f64,
}

/// How it stood at some moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// When.
    pub at: Timestamp,
    /// The shares of the variants.
    pub shares: Vec<f64>,
    /// Where their means lay.
    pub arms: Vec<Place>,
}

/// How traffic is split since some moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Allotment {
    /// Since when.
    pub since: Timestamp,
    /// The shares of the variants.
    pub shares: Vec<f64>,
}

impl State {
    /// An experiment that begins.
    pub fn begun(design: &Design, now: Timestamp) -> Self {
        let arm = |(name, share): (&String, &f64)| Arm {
            name: name.clone(),
            share: *share,
            units: 0,
            requests: 0,
            place: Place { counted: 0, mean: None, low: design.metric.range.0, high: design.metric.range.1 },
            cost_usd: None,
            latency_ms: None,
            errors: None,
            out: None,
        };
        let mut state = Self {
            id: design.id.clone(),
            function: design.function.clone(),
            metric: design.metric.name.clone(),
            less_is_better: design.metric.less_is_better,
            method: design.method.name().into(),
            alpha: design.alpha,
            started: now,
            ended: None,
            status: Status::Running,
            winner: None,
            verdict: String::new(),
            arms: design.arms.iter().zip(&design.shares).map(arm).collect(),
            units: 0,
            counted: 0,
            moved: 0,
            mismatch: 1.0,
            alarm: false,
            history: Vec::new(),
            allotments: vec![Allotment { since: now, shares: design.shares.clone() }],
        };
        state.verdict = words::verdict(&state);
        state
    }

    /// An experiment as the store keeps it; `None` where it is none that this version knows.
    pub fn read(kept: &KeptExperiment) -> Option<Self> {
        serde_json::from_value(kept.body.clone()).ok()
    }

    /// As the store is to keep it, in place of the revision that was read: 0 where there was none.
    pub fn kept(&self, revision: u64) -> KeptExperiment {
        let body = serde_json::to_value(self).unwrap_or_default();
        KeptExperiment { id: self.id.clone(), revision: revision + 1, body }
    }

    /// The share of each variant, the control's first.
    pub fn shares(&self) -> Vec<f64> {
        self.arms.iter().map(|arm| arm.share).collect()
    }

    /// As it stands with everything that happened until `now`; `said` is in the order in which it was kept. One that has
    /// ended stays as it was.
    pub fn advance(&mut self, design: &Design, trials: &[Observed], said: &[Feedback], now: Timestamp) {
        if self.status != Status::Running || self.arms.len() != design.arms.len() {
            return;
        }
        let gathered = gather(design, trials, said, now);
        self.watch_split(&gathered);
        self.measure(design, &gathered);
        self.weigh(design, &gathered, now);
        self.allot(now);
        self.verdict = words::verdict(self);
        self.remember(now);
    }

    /// Ends it by somebody's word: traffic is the control's again.
    pub fn stop(&mut self, now: Timestamp) {
        if self.status == Status::Running {
            self.end(Status::Stopped, 0, now);
            self.allot(now);
            self.verdict = words::verdict(self);
        }
    }

    fn watch_split(&mut self, gathered: &Gathered) {
        let mut counts = vec![vec![0u64; self.arms.len()]; self.allotments.len()];
        for unit in &gathered.units {
            // A process learns of new shares a moment after they are decided: what it drew says by which it did.
            let known = self
                .allotments
                .iter()
                .rposition(|one| one.since <= unit.first && (one.shares[unit.arm] - unit.share).abs() < SAME);
            if let Some(place) = known {
                counts[place][unit.arm] += 1;
            }
        }
        let of = |(counts, one): (&Vec<u64>, &Allotment)| split::mismatch(counts, &one.shares);
        let log_e: f64 = counts.iter().zip(&self.allotments).map(of).sum();
        self.mismatch = log_e.exp().min(1e300);
        // What was found once is not taken back: the data since then came in no better way.
        self.alarm |= split::is_wrong(log_e);
    }

    fn measure(&mut self, design: &Design, gathered: &Gathered) {
        (self.units, self.moved) = (gathered.units.len() as u64, gathered.moved);
        self.counted = gathered.scores.len() as u64;
        for (at, arm) in self.arms.iter_mut().enumerate() {
            let own = || gathered.units.iter().filter(|unit| unit.arm == at);
            (arm.units, arm.requests) = (own().count() as u64, own().map(|unit| unit.requests).sum());
            arm.cost_usd = Measured::of(own().filter_map(Unit::cost)).mean();
            arm.latency_ms = Measured::of(own().map(Unit::latency)).mean();
            arm.errors = Measured::of(own().map(Unit::errors)).mean();
            let scores = gathered.scores.iter().filter(|score| score.arm == at);
            let (sum, of) = scores.fold((0.0, 0.0), |(sum, of), score| (sum + score.value, of + 1.0));
            let interval = mean_of(sum, of, Confidence::P95);
            let ends = [interval.low, interval.high].map(|end| design.metric.unscaled(end));
            arm.place = Place {
                counted: of as u64,
                mean: (of > 0.0).then(|| design.metric.unscaled(sum / of)),
                low: ends[0].min(ends[1]),
                high: ends[0].max(ends[1]),
            };
        }
    }

    fn weigh(&mut self, design: &Design, gathered: &Gathered, now: Timestamp) {
        let weighing = if design.method == Method::Even { Weighing::Steps } else { Weighing::Sums };
        let mut scales = Scales::new(weighing, self.arms.len(), self.alpha);
        let outs = self.arms.iter().enumerate().filter(|(_, arm)| arm.out.is_some());
        outs.for_each(|(arm, _)| scales.leave_out(arm));
        for (arm, why) in harmful(design, gathered) {
            self.arms[arm].out.get_or_insert(why);
            scales.leave_out(arm);
        }
        let harmed = self.arms.iter().skip(1).all(|arm| arm.out.is_some());
        // While units do not fall to variants as they should, what they say is no evidence.
        if !self.alarm {
            gathered.scores.iter().for_each(|score| scales.add(score.arm, score.value));
        }
        for (arm, out) in self.arms.iter_mut().zip(scales.out()) {
            if *out && arm.out.is_none() {
                arm.out = Some("another variant is better".into());
            }
        }
        self.settle(design, &scales, harmed, now);
    }

    fn settle(&mut self, design: &Design, scales: &Scales, harmed: bool, now: Timestamp) {
        match scales.winner() {
            Some(0) if harmed => self.end(Status::Harmed, 0, now),
            Some(winner) => {
                self.end(Status::Decided, winner, now);
                self.winner = Some(self.arms[winner].name.clone());
            }
            None if design.most.is_some_and(|most| self.counted >= most) => self.end(Status::Undecided, 0, now),
            None => {
                let shares = match design.method {
                    Method::Even => split::even(scales.out()),
                    Method::Adaptive { floor } => split::adaptive(scales.sums(), scales.out(), floor),
                    Method::Fixed => left(&design.shares, scales.out()),
                };
                self.share(&shares);
            }
        }
    }

    /// Ends it with all traffic for one variant.
    fn end(&mut self, status: Status, arm: usize, now: Timestamp) {
        (self.status, self.ended) = (status, Some(now));
        let shares: Vec<f64> = (0..self.arms.len()).map(|at| f64::from(u8::from(at == arm))).collect();
        self.share(&shares);
    }

    fn share(&mut self, shares: &[f64]) {
        self.arms.iter_mut().zip(shares).for_each(|(arm, share)| arm.share = *share);
    }

    /// Notes since when the shares are what they are.
    fn allot(&mut self, now: Timestamp) {
        let shares = self.shares();
        let same = |last: &Allotment| last.shares.iter().zip(&shares).all(|(one, other)| (one - other).abs() < SAME);
        if !self.allotments.last().is_some_and(same) {
            self.allotments.push(Allotment { since: now, shares });
        }
    }

    fn remember(&mut self, now: Timestamp) {
        let arms: Vec<Place> = self.arms.iter().map(|arm| arm.place).collect();
        let point = Point { at: now, shares: self.shares(), arms };
        if self.history.last().is_some_and(|last| last.shares == point.shares && last.arms == point.arms) {
            return;
        }
        self.history.push(point);
        if self.history.len() > HISTORY {
            let mut at = 0;
            self.history.retain(|_| {
                at += 1;
                at % 2 == 1
            });
        }
    }
}

/// The shares of those that are left, in their proportions.
fn left(shares: &[f64], out: &[bool]) -> Vec<f64> {
    let kept = || shares.iter().zip(out).map(|(share, out)| if *out { 0.0 } else { *share });
    let all: f64 = kept().sum();
    kept().map(|share| if all > 0.0 { share / all } else { 0.0 }).collect()
}
