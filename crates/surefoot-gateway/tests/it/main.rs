//! The path as its callers see it, with a scripted provider and the journal in memory.

mod path;
mod prompt;
mod support;
