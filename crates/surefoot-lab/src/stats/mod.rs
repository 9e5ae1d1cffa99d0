//! Statistics for evals: pure functions, each with the source of its formula.
//!
//! What is undefined is `None`, never a number: one case, one cluster, no errors to learn from.
//! Shares and scores are plain (0.93, not 93); differences are first minus second.
//!
//! | question | module |
//! |---|---|
//! | how good is one run | [`proportion`], [`mean`], [`resample`] |
//! | is one better than another | [`paired`], [`independent`], [`resample`] |
//! | how many cases settle it | [`power`] |
//! | several questions at once, or looking while it runs | [`multiple`], [`evidence`], [`anytime`] |
//! | several answers to one case | [`repeats`] |
//! | what is a judge worth | [`agreement`], [`corrected`] |
//! | better, cheaper or faster | [`pareto`] |

pub mod agreement;
pub mod anytime;
pub mod corrected;
pub mod evidence;
pub mod independent;
mod interval;
pub mod mean;
pub mod multiple;
pub mod paired;
pub mod pareto;
pub mod power;
pub mod proportion;
pub mod repeats;
pub mod resample;
pub mod threshold;

pub use interval::{Confidence, Estimate, Interval};
pub use paired::{Difference, Pairs};
pub use proportion::wilson;
