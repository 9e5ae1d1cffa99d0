//! What only some targets can give: refused by the others, where to leave it out would be another answer.

use surefoot_types::{
    Fault, Retry,
    conversation::{ChatRequest, Dialect},
};

use crate::project::{Reach, Target};

/// Whether a target can give all that the request asks of an answer. Another target may, where it cannot.
pub(super) fn check(request: &ChatRequest, target: &Target) -> Result<(), Fault> {
    let dialect = match &target.provider.reach {
        Reach::Http(api) => Some(api.dialect()),
        Reach::Resident => None,
    };
    let refused = |param: &str, told: &str, hint: &str| {
        let message = format!("{} {told}", target.name());
        Err(Fault::bad_request(param, message).hint(hint).retry(Retry::Elsewhere))
    };
    let parameters = &request.parameters;
    // Of another dialect's several answers only the first would reach the caller, and all would be charged.
    if parameters.n.is_some_and(|n| n > 1) && dialect != Some(request.dialect) {
        return refused(
            "n",
            "gives one answer to a request",
            "Ask several times, or name a model whose API takes `n`.",
        );
    }
    let wanted = parameters.logprobs == Some(true) || parameters.top_logprobs.is_some_and(|top| top > 0);
    let has = matches!(dialect, Some(Dialect::OpenaiChat | Dialect::OpenaiResponses | Dialect::Gemini));
    if wanted && !has {
        return refused(
            "logprobs",
            "does not tell the probabilities of tokens",
            "Ask without `logprobs`, or name a model whose API tells them.",
        );
    }
    Ok(())
}
