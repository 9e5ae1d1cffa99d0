//! The lab against reference values that others computed.

mod stats;
