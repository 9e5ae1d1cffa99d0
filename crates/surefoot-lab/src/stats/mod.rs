//! Statistics of pass and fail: one proportion with its interval, and two runs compared in pairs.

pub mod paired;
pub mod proportion;

pub use paired::{Difference, Pairs};
pub use proportion::{Confidence, Interval, wilson};
