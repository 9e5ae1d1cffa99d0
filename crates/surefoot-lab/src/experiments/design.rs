//! What an experiment asks, and how.

use std::time::Duration;

use surefoot_types::feedback::FeedbackValue;

/// An experiment, as it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    /// Its id: the function's name, and a hash of everything that the outcome depends on.
    pub id: String,
    /// The function.
    pub function: String,
    /// The variants, the control first.
    pub arms: Vec<String>,
    /// The share that each has at the beginning; together 1.
    pub shares: Vec<f64>,
    /// What decides.
    pub metric: Metric,
    /// How much worse than the control a variant may be in other things.
    pub harm: Harm,
    /// How traffic is split.
    pub method: Method,
    /// The chance that may be left of being wrong.
    pub alpha: f64,
    /// How long after a unit's first feedback its word counts as its last.
    pub settle: Duration,
    /// How long after its first request a unit that has said nothing counts as a no; `None`: it never counts.
    pub absent_after: Option<Duration>,
    /// After how many counted units it ends without a winner; `None`: never.
    pub most: Option<u64>,
}

/// What decides: a metric of feedback.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// The least and the most that its numbers can be.
    pub range: (f64, f64),
    /// Whether less is better.
    pub less_is_better: bool,
}

impl Metric {
    /// A value between 0 and 1, more being better; `None` for what is no value of a metric.
    pub(super) fn scaled(&self, value: &FeedbackValue, trace: surefoot_types::ids::TraceId) -> Option<f64> {
        let plain = match value {
            FeedbackValue::Boolean(yes) => f64::from(u8::from(*yes)),
            FeedbackValue::Choice(choice) => f64::from(u8::from(choice.chosen == trace)),
            FeedbackValue::Number(number) => {
                let (least, most) = self.range;
                ((number - least) / (most - least)).clamp(0.0, 1.0)
            }
            FeedbackValue::Text(_) | FeedbackValue::Withdrawn => return None,
        };
        Some(if self.less_is_better { 1.0 - plain } else { plain })
    }

    /// What saying nothing counts as, where it counts: a no.
    pub(super) fn nothing(&self) -> f64 {
        if self.less_is_better { 1.0 } else { 0.0 }
    }

    /// A scaled value in the metric's own unit.
    pub(super) fn unscaled(&self, scaled: f64) -> f64 {
        let (least, most) = self.range;
        least + (most - least) * if self.less_is_better { 1.0 - scaled } else { scaled }
    }
}

/// How much worse than the control a variant may be in other things; `None`: nobody looks.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Harm {
    /// By which share more it may cost: 0.2 for a fifth.
    pub cost: Option<f64>,
    /// By which share longer it may take.
    pub latency: Option<f64>,
    /// How many more of its requests may fail, of 1.
    pub errors: Option<f64>,
}

/// How traffic is split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// Evenly between the variants that are still in it.
    Even,
    /// The more to a variant the likelier it is the best, and to each at least this share.
    Adaptive {
        /// The least share of each.
        floor: f64,
    },
    /// As it began, to the end.
    Fixed,
}

impl Method {
    /// Its name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Even => "even",
            Self::Adaptive { .. } => "adaptive",
            Self::Fixed => "fixed",
        }
    }
}
