//! The words that every part of Surefoot shares, and the storage ports.
//!
//! **Must never know:** runtimes, HTTP, SQL, settings files. Everything here is plain data with
//! its arithmetic, or a trait that says what the product asks of the outside world.

pub mod audit;
pub mod budget;
pub mod capability;
pub mod citation;
pub mod clock;
pub mod conversation;
pub mod document;
pub mod erasure;
pub mod experiment;
pub mod fault;
pub mod feedback;
pub mod ids;
pub mod key;
pub mod money;
pub mod ports;
pub mod price;
pub mod replica;
pub mod response;
pub mod run;
pub mod secret;
pub mod shelf;
pub mod spend;
pub mod trace;
pub mod usage;
pub mod why;

pub use capability::{Capabilities, CapabilityBook};
pub use citation::{Citation, Range, Support};
pub use clock::{Chance, Clock, SystemChance, SystemClock};
pub use fault::{Blame, Code, Fault, Retry};
pub use jiff::Timestamp;
pub use money::Money;
pub use price::{Price, PriceBook};
pub use secret::Secret;
pub use usage::Usage;
