//! Checks an answer: its shape, and its citations against the passages that were shown.

mod shape;

use surefoot_types::{Citation, conversation};

pub(crate) use self::shape::{Fitted, Misfit, Shape, ShapedStream, by_prompt, in_words, refuses_schema};
use crate::{outside::Grounding, record::Tale, resolve::Plan, screen::Screened};

/// Puts the checked citations of a grounded answer on the trace. An answer from elsewhere has none.
pub(crate) fn verify(plan: &Plan, prompt: &Screened, grounding: Option<&dyn Grounding>, tale: &mut Tale) {
    let grounded = plan.task.as_ref().is_some_and(|task| task.function.knowledge.is_some());
    let (true, Some(grounding)) = (grounded, grounding) else { return };
    let words = prompt.restored(&conversation::words(&tale.trace().answer));
    let citations = grounding.verify(&words, &prompt.grounded.hits);
    // An answer that cites what holds is an answer, whatever else it says.
    let abstained = !citations.iter().any(Citation::holds) && grounding.abstains(&words);
    tale.verified(citations, abstained);
}
