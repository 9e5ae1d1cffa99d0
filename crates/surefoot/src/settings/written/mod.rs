//! A project as written: plain data with the place of every value, and nothing looked up.

pub(crate) mod eval;
pub(crate) mod function;
pub(crate) mod root;
pub(crate) mod variant;

use self::{eval::Eval, function::Function, root::Root};
use super::table::Section;

/// All files of a project.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) root: Root,
    pub(crate) functions: Vec<Function>,
    pub(crate) evals: Vec<Eval>,
}

/// Every table that a project may hold, in the order of the reference.
pub(crate) const SECTIONS: &[&Section] = &[
    &root::ROOT,
    &root::PROVIDER,
    &root::MODELS,
    &root::MODEL,
    &root::TIMEOUTS,
    &root::KNOWLEDGE,
    &root::PRICE,
    &root::DEFAULTS,
    &root::SERVER,
    &root::KEY,
    &root::GUARDS,
    &root::BUDGET,
    &function::FUNCTION,
    &function::INPUT,
    &variant::VARIANT,
    &eval::EVAL,
];
