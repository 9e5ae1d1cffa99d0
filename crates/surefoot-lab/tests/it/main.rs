//! The lab against reference values that others computed.

mod documents;
mod graders;
mod stats;
