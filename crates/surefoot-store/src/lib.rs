//! Storage behind the ports of `surefoot-types`. The only crate that knows SQL.
//!
//! **Must never know:** HTTP, dialects, the path of a request, search, evals.

mod sqlite;

pub use sqlite::SqliteStore;
