//! The path of a request: from a caller's words to a model's answer, checked and recorded.
//!
//! Read [`path`] first: it is the whole request on one screen. The folders stand in the order in
//! which a request meets them.
//!
//! **Must never know:** HTTP serving, SQL, search, evals, the command line.

mod accounts;
mod anomaly;
pub mod api;
pub mod attempt;
pub mod call;
mod count;
pub mod embed;
mod events;
mod gateway;
pub mod ground;
pub mod guards;
pub mod health;
pub mod identify;
mod kept;
pub mod likeness;
mod load;
pub mod outside;
pub mod path;
pub mod project;
mod recall;
mod record;
mod reserve;
pub mod resolve;
mod route;
mod screen;
mod strategy;
mod tools;
pub mod trace_context;
mod under_way;
mod verify;

pub use call::{
    Added, Call, Caller, Collected, Context, Delivery, Done, Failed, Head, Patience, Quota, Reply, Standing, Whole,
};
pub use count::Tokens;
pub use embed::{EmbedCall, Embedded};
pub use gateway::{Gateway, Parts};
pub use identify::{Admitted, Minted};
pub use kept::{response_lost, without_secrets};
pub use outside::{Grounding, Observer, Resident, ToolOutcome, Toolbox};
pub use project::Project;
pub use trace_context::TraceContext;
