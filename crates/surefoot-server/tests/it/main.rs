//! The server from outside: real HTTP, a store in memory, the simulator for a model.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod console;
mod doors;
mod drain;
mod feedback;
mod keys;
mod reports;
mod responses;
mod strangers;
mod support;
