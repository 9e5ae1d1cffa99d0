//! Storage behind the ports of `surefoot-types`. The only crate that knows SQL.
//!
//! **Must never know:** HTTP, dialects, the path of a request, search, evals.

mod group;
mod options;
mod seat;
mod sqlite;

pub use options::{Level, Options};
pub use sqlite::SqliteStore;
