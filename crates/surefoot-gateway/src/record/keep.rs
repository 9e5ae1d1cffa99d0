//! What of a trace is kept: its owner may not want all that was said to be stored.

use surefoot_guard::{personal::Detector, secrets};
use surefoot_types::{
    Fault,
    conversation::{Message, Part},
    fault::Blame,
    ids::TraceId,
    trace::{Keep, Outcome, Trace},
};

use crate::screen::{self, LINKS, each::each_value};

/// Stands where words were not kept.
const NOT_KEPT: &str = "(not kept)";

/// Leaves out of a trace what is not to be kept of it.
pub(super) fn apply(trace: &mut Trace, keep: Keep, detector: &Detector) {
    trace.keep = keep;
    match keep {
        Keep::All | Keep::Redacted => masked(trace, &mut |text| redact(keep, detector, text)),
        Keep::Metadata | Keep::Nothing => {
            blank(trace);
            each_label(trace, &mut secrets::mask_in_place);
        }
    }
}

/// Takes out of a text what is not to be kept of any text; all of it where none is kept.
pub(crate) fn redact(keep: Keep, detector: &Detector, text: &mut String) {
    match keep {
        Keep::All => secrets::mask_in_place(text),
        Keep::Redacted => screen::redact(detector, text),
        Keep::Metadata | Keep::Nothing => text.clear(),
    }
}

fn masked(trace: &mut Trace, mask: &mut dyn FnMut(&mut String)) {
    each_text(trace, mask);
    each_label(trace, &mut secrets::mask_in_place);
    each_fault(trace, |fault| {
        mask(&mut fault.message);
        fault.hint.iter_mut().for_each(&mut *mask);
    });
}

/// What a caller says of a request. Whose it is, is not masked as personal data is: it is looked for by it.
fn each_label(trace: &mut Trace, visit: &mut dyn FnMut(&mut String)) {
    trace.session.iter_mut().chain(&mut trace.user).chain(trace.tags.values_mut()).for_each(visit);
}

/// Whether a finished request is kept whose project keeps `share` of the answered ones. The same for every replica,
/// since it depends on nothing but the trace's id.
pub(super) fn is_sampled(id: TraceId, outcome: Outcome, share: f64) -> bool {
    // The lower half of an id is chance; 53 bits are what an f64 holds exactly.
    let place = (id.to_bits() as u64 >> 11) as f64 / (1u64 << 53) as f64;
    outcome != Outcome::Answered || place < share
}

fn blank(trace: &mut Trace) {
    each_text(trace, &mut String::clear);
    trace.parameters.stop.clear();
    for message in &mut trace.prompt {
        message.extra.clear();
    }
    each_fault(trace, unquote);
}

fn each_fault(trace: &mut Trace, visit: impl FnMut(&mut Fault)) {
    let faults = trace.attempts.iter_mut().filter_map(|attempt| attempt.fault.as_mut());
    faults.chain(&mut trace.fault).for_each(visit);
}

/// A fault of the caller or the provider may quote what was said; those of a rule name only the rule.
fn unquote(fault: &mut Fault) {
    if fault.blame() != Blame::Policy {
        NOT_KEPT.clone_into(&mut fault.message);
        fault.hint = None;
    }
}

/// Every text of a trace that somebody said.
fn each_text(trace: &mut Trace, visit: &mut dyn FnMut(&mut String)) {
    visit(&mut trace.question);
    for Message { parts, .. } in &mut trace.prompt {
        each_part(parts, visit);
    }
    each_part(&mut trace.answer, visit);
    trace.parameters.stop.iter_mut().for_each(&mut *visit);
    for message in &mut trace.prompt {
        message.extra.values_mut().for_each(|value| each_value(value, &mut |text, _| visit(text)));
    }
    // A model may write anything into an address, and what it says is told once it is whole again.
    for verdict in trace.verdicts.iter_mut().filter(|verdict| verdict.guard == LINKS) {
        visit(&mut verdict.reason);
    }
    for hit in &mut trace.passages {
        visit(&mut hit.found.passage.text);
        hit.found.passage.lead.iter_mut().for_each(&mut *visit);
    }
    for citation in &mut trace.citations {
        visit(&mut citation.quote);
        visit(&mut citation.sentence);
    }
}

fn each_part(parts: &mut [Part], visit: &mut dyn FnMut(&mut String)) {
    for part in parts {
        match part {
            Part::Text { text } | Part::Refusal { text } => visit(text),
            Part::Thinking { text, signature, redacted, by } => {
                visit(text);
                // Opaque, and of no use without the words that it is of.
                (*signature, *redacted, *by) = (None, None, None);
            }
            Part::ToolCall { arguments, .. } => visit(arguments),
            Part::ToolResult { content, .. } => each_part(content, visit),
            Part::Image { url, .. } | Part::File { url, .. } => visit(url),
            Part::Other { value, .. } => {
                let mut text = value.to_string();
                visit(&mut text);
                *value = text.into();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use surefoot_testkit::samples;
    use surefoot_types::{
        Code,
        conversation::Role,
        document::{Hit, Passage, StoredPassage},
        ids::DocumentId,
        trace::GuardVerdict,
    };

    use super::*;

    const SAID: &str = "Anna Schmidt";

    fn trace() -> Trace {
        let mut trace = samples::trace(1);
        let said = || SAID.to_owned();
        trace.question = said();
        let tool = Part::ToolCall { id: "1".into(), name: "find".into(), arguments: said() };
        let result = Part::ToolResult { id: "1".into(), content: vec![Part::text(said())], is_error: false };
        let image = Part::Image { url: format!("data:{SAID}"), detail: None };
        let other = Part::Other { dialect: surefoot_types::conversation::Dialect::Anthropic, value: said().into() };
        let thinking = Part::Thinking { text: said(), signature: Some(said()), redacted: Some(said()), by: None };
        trace.prompt = vec![Message { parts: vec![tool, result, image, other], ..Message::text(Role::User, said()) }];
        trace.prompt[0].extra.insert("name".into(), said().into());
        trace.answer = vec![Part::text(said()), thinking, Part::Refusal { text: said() }];
        trace.parameters.stop = vec![said()];
        let verdict = |guard: &str| GuardVerdict { guard: guard.into(), action: "flag".into(), reason: said() };
        trace.verdicts = vec![verdict("links")];
        for citation in &mut trace.citations {
            (citation.quote, citation.sentence) = (said(), said());
        }
        trace.passages = vec![Hit {
            found: StoredPassage {
                key: 1,
                document_id: DocumentId::from_bits(1),
                path: "a.md".into(),
                title: "A".into(),
                passage: Passage { text: said(), ..passage() },
            },
            score: 1.0,
            lexical: None,
            vector: None,
            also: Vec::new(),
        }];
        trace.fault = Some(Fault::new(Code::Upstream, said()).hint(said()));
        trace.attempts[0].fault = Some(Fault::new(Code::BadRequest, said()));
        trace
    }

    fn detector() -> Detector {
        Detector::new(&surefoot_guard::personal::Options::default()).unwrap()
    }

    fn passage() -> Passage {
        serde_json::from_value(serde_json::json!({
            "ordinal": 0, "range": {"start": 0, "end": 1}, "heading_path": [], "text": "", "page": null
        }))
        .unwrap()
    }

    #[test]
    fn of_metadata_no_word_is_kept() {
        for keep in [Keep::Metadata, Keep::Nothing] {
            let mut trace = trace();
            apply(&mut trace, keep, &detector());
            let told = serde_json::to_string(&trace).unwrap();
            assert!(!told.contains(SAID), "{told}");
            assert_eq!((trace.keep, trace.usage.input, trace.passages[0].found.path.as_str()), (keep, 10, "a.md"));
        }
        let mut kept = trace();
        apply(&mut kept, Keep::All, &detector());
        assert_eq!(kept.question, SAID);
    }

    #[test]
    fn a_rule_that_refused_is_told_even_so() {
        let mut trace = trace();
        trace.fault = Some(Fault::new(Code::OverBudget, "the budget is spent"));
        apply(&mut trace, Keep::Metadata, &detector());
        assert_eq!(trace.fault.unwrap().message, "the budget is spent");
    }

    #[test]
    fn redacted_words_hold_no_secret_and_no_personal_data() {
        let mut trace = trace();
        let secret = format!("sk-proj-{}", "A2b3C4d5E6f7".repeat(4));
        let said = format!("the key is {secret}, ask anna.schmidt@example.com");
        trace.prompt[0].extra.insert("name".into(), said.as_str().into());
        trace.parameters.stop = vec![said.clone()];
        trace.passages[0].found.passage.text = said;
        apply(&mut trace, Keep::Redacted, &detector());
        let told = serde_json::to_string(&trace).unwrap();
        assert!(!told.contains(&secret) && !told.contains("anna.schmidt"));
        assert!(trace.passages[0].found.passage.text.starts_with("the key is "));
    }

    #[test]
    fn a_share_is_kept_and_every_failure() {
        let answered = |share| (0..2_000).filter(|&n| is_sampled(id(n), Outcome::Answered, share)).count();
        assert_eq!((answered(0.0), answered(1.0)), (0, 2_000));
        assert!((450..550).contains(&answered(0.25)), "{}", answered(0.25));
        assert!(is_sampled(id(1), Outcome::Failed, 0.0) && is_sampled(id(1), Outcome::Cancelled, 0.0));
    }

    fn id(n: u64) -> TraceId {
        TraceId::from_bits(u128::from(n.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }
}
