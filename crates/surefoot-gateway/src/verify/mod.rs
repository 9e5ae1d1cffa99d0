//! Checks an answer: its shape, and its citations against the passages that were shown.

mod shape;

use surefoot_guard::pseudonyms::Form;
use surefoot_types::{Citation, conversation};

pub(crate) use self::shape::{Fitted, Misfit, Shape, ShapedStream, by_prompt, in_words, refuses_schema};
use crate::{outside::Grounding, record::Tale};

/// Puts the checked citations of a grounded answer on the trace. An answer from elsewhere has none.
pub(crate) fn verify(grounding: Option<&dyn Grounding>, tale: &mut Tale) {
    let (true, Some(grounding)) = (tale.cites(), grounding) else { return };
    let words = conversation::words(&tale.trace().answer);
    let words = match tale.vault() {
        Some(vault) => vault.restore(&words, Form::Text),
        None => words,
    };
    let citations = grounding.verify(&words, &tale.trace().passages);
    // An answer that cites what holds is an answer, whatever else it says.
    let abstained = !citations.iter().any(Citation::holds) && grounding.abstains(&words);
    tale.verified(citations, abstained);
}
