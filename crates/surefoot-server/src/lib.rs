//! The only crate that knows axum and HTTP status.

pub mod sim;
