//! Checks on what goes to a model and comes back; pure.
