//! The only crate that knows axum and HTTP status.
