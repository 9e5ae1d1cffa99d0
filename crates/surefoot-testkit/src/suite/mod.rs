//! The suite that every storage backend passes. Each function gets an empty store.

mod journal;
mod ledger;
mod library;
mod notebook;

pub use journal::journal;
pub use ledger::ledger;
pub use library::library;
pub use notebook::notebook;
