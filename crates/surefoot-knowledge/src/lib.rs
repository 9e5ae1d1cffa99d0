//! Documents in, passages found, answers cited.
//!
//! `ingest` reads folders, sites, repositories and buckets into the library, `passages` cuts them, `embed` turns passages into
//! vectors; `index` follows the library, `search` asks it, `cite` quotes and checks. Every index
//! is derived from the library and can be rebuilt from it.
//!
//! **Must never know:** the gateway, axum, SQL. Storage is reached through
//! [`surefoot_types::ports::Library`].

pub mod cite;
pub mod embed;
pub mod index;
pub mod ingest;
pub mod measure;
pub mod passages;
pub mod search;
pub mod words;
