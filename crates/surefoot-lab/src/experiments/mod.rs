//! Experiments on live traffic: which of several variants is best, and whether one does harm.
//!
//! Arithmetic only: what happened comes in, how the experiment stands comes out, and the same data give the same
//! answer in every process. A unit (a user, a session) is drawn for once, and counts once.
//!
//! Nothing here asks how often anybody looks. One variant is taken to be better than another on evidence that holds at
//! every look ([`weigh`]); intervals hold at every look too; harm and a wrong split are found in the same way. The chance
//! that any variant is ever left out wrongly is at most the experiment's `alpha`.

mod design;
mod guards;
pub mod split;
mod state;
mod units;
pub mod weigh;
mod words;

#[cfg(test)]
mod tests;

pub use design::{Design, Harm, Method, Metric};
pub use state::{Arm, Place, Point, State, Status};
