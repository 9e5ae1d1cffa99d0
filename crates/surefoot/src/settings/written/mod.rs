//! A project as written: plain data with the place of every value, and nothing looked up.

pub(crate) mod capability;
pub(crate) mod eval;
pub(crate) mod feedback;
pub(crate) mod function;
pub(crate) mod guard;
pub(crate) mod mcp;
pub(crate) mod ops;
pub(crate) mod price;
pub(crate) mod provider;
pub(crate) mod root;
pub(crate) mod server;
pub(crate) mod strategy;
pub(crate) mod telemetry;
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
    &provider::PROVIDER,
    &root::MODELS,
    &root::MODEL,
    &root::TIMEOUTS,
    &root::KNOWLEDGE,
    &mcp::MCP,
    &price::PRICE,
    &price::ABOVE,
    &capability::CAPABILITIES,
    &root::DEFAULTS,
    &server::SERVER,
    &server::KEY,
    &server::KEY_LIMITS,
    &server::KEY_BUDGET,
    &root::LOAD,
    &feedback::FEEDBACK,
    &guard::GUARDS,
    &guard::PERSONAL,
    &guard::INJECTION,
    &guard::LINKS,
    &guard::TOOLS,
    &guard::INSTRUCTIONS,
    &ops::LIMIT,
    &ops::BUDGET,
    &ops::RECORDS,
    &ops::RETENTION,
    &ops::STORE,
    &telemetry::TELEMETRY,
    &function::FUNCTION,
    &function::CACHE,
    &function::INPUT,
    &variant::VARIANT,
    &strategy::CASCADE,
    &strategy::BEST_OF,
    &strategy::VOTE,
    &eval::EVAL,
];
