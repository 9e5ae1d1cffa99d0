//! Checks an answer's citations against the passages that were shown.

use surefoot_types::conversation;

use crate::{outside::Grounding, record::Tale, resolve::Plan, screen::Screened};

/// Puts the checked citations of a grounded answer on the trace. An answer from elsewhere has none.
pub(crate) fn verify(plan: &Plan, prompt: &Screened, grounding: Option<&dyn Grounding>, tale: &mut Tale) {
    let grounded = plan.task.as_ref().is_some_and(|task| task.function.knowledge.is_some());
    let (true, Some(grounding)) = (grounded, grounding) else { return };
    let words = conversation::words(&tale.trace().answer);
    let citations = grounding.verify(&words, &prompt.grounded.hits);
    let abstained = grounding.abstains(&words);
    tale.verified(citations, abstained);
}
