//! The whole product: the real program, as real processes over real HTTP.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking and may talk")]

mod browser;
mod cited;
mod clients;
mod doors;
mod kill;
mod live;
mod odd;
mod project;
mod reference;
mod sdk;
mod support;
mod upstream;
