//! The path as its callers see it, with a scripted provider and the journal in memory.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod http;
mod money;
mod path;
mod prompt;
mod records;
mod resilience;
mod semantic;
mod strategies;
mod support;
mod tools;
