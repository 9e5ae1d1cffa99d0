//! The simulated provider: answers deterministically from a seed or a script, and misbehaves on
//! request.
//!
//! [`decide`] looks at a request and says what is to happen, as a [`Plan`] of timed steps; an actor
//! carries it out: [`SimResident`] inside this process, an HTTP server outside this crate. What is
//! asked for stands in the model's id ([`Behaviour`]), so that unmodified SDKs can ask for it.

mod behaviour;
mod cite;
mod draw;
mod failure;
mod fit;
mod opening;
mod plan;
mod resident;
mod running;
mod say;
mod script;

pub use behaviour::{Behaviour, Say, Trouble, WORDS, When};
pub use draw::{DIMENSIONS, ranked, vector, verdict};
pub use failure::Failure;
pub use opening::{Opening, open};
pub use plan::{Asked, Plan, Step, decide};
pub use resident::SimResident;
pub use running::{LISTED, Sim};
pub use script::{NotAScript, Rule, Script};

#[cfg(test)]
mod tests;
