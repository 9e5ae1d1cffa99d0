//! Storage behind the ports of `surefoot-types`. The only crate that knows SQL.
//!
//! **Must never know:** HTTP, dialects, the path of a request, search, evals.

mod cipher;
mod group;
mod migrate;
mod options;
mod postgres;
mod recollection;
mod rows;
mod seat;
mod spool;
mod sqlite;

pub use cipher::{Cipher, KEY as CIPHER_KEY};
pub use migrate::{Count, migrate};
pub use options::{Level, Options};
pub use postgres::{PostgresOptions, PostgresStore};
pub use sqlite::SqliteStore;
