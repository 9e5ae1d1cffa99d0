//! Evals, the statistics behind them, and optimisation by them.
//!
//! **Must never know:** HTTP, SQL, settings files. What is evaluated stands behind
//! [`evals::Subject`], what is kept behind the `Notebook` port; everything else is arithmetic.

pub mod evals;
pub mod optimize;
pub mod stats;
