//! The whole product: the real program, as real processes over real HTTP.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking and may talk")]

mod answers;
mod books;
mod browser;
mod budget;
mod cited;
mod clients;
mod doors;
mod drain;
mod erase;
mod evals;
mod faults;
mod feedback;
mod foreign;
mod full;
mod guards;
mod keys;
mod kill;
mod knowledge;
mod live;
mod local_model;
mod matrix;
mod odd;
mod outage;
mod postgres;
mod project;
mod providers;
mod reference;
mod sdk;
mod support;
mod telemetry;
mod tools;
mod upstream;
mod wander;
