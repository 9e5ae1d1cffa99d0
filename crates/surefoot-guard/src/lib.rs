//! Checks on what goes to a model and comes back. Pure: text in, findings out.
//!
//! **Must never know:** network, time, storage.

pub mod personal;
pub mod secrets;
