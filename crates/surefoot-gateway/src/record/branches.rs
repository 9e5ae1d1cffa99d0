//! Calls that a strategy makes for one answer, some of them at once.

use surefoot_types::{
    Code, Fault, Usage,
    conversation::{Answer, ChatRequest},
    ids::{AttemptId, TraceId},
    trace::{Attempt, Trace},
};

use super::{Tale, estimate_request};
use crate::{call::Head, screen::Screened};

/// How the name of a step begins that runs a tool.
const TOOL: &str = "tool ";

impl Tale {
    /// A tool is run.
    pub(crate) fn enter_tool(&mut self, name: &str) {
        self.enter(&format!("{TOOL}{name}"));
    }

    /// This, of several conversations with tools, is the one that is answered with: the passages that the model was
    /// shown in it, and the pseudonyms that stand in it.
    pub(crate) fn stands(&mut self, prompt: &Screened) {
        self.shown(&prompt.grounded.hits);
        self.vault.clone_from(&prompt.vault);
    }

    /// What the calls are for that follow.
    pub(crate) fn asks(&mut self, purpose: &str, request: &ChatRequest) {
        self.purpose = purpose.to_owned();
        self.said = estimate_request(request);
        self.most = request.parameters.max_tokens;
    }

    /// Tales for so many calls at once, which go on from this one. What becomes of them is the request's: they are
    /// its own, so that being dropped half way loses nothing.
    pub(crate) fn fork(&mut self, many: usize) -> &mut [Tale] {
        self.join();
        self.branches = (0..many).map(|_| self.branch()).collect();
        &mut self.branches
    }

    fn branch(&self) -> Self {
        let told = &self.trace;
        let mut trace = Trace::begun(told.id, told.at, told.door.as_str(), told.asked.as_str());
        trace.parent.clone_from(&told.parent);
        trace.parameters = told.parameters.clone();
        Self {
            trace,
            started: self.started,
            open: None,
            beside: None,
            cites: false,
            tier: self.tier,
            sample: self.sample,
            said: self.said,
            most: self.most,
            purpose: self.purpose.clone(),
            branches: Vec::new(),
            unkept: None,
            vault: self.vault.clone(),
        }
    }

    /// Takes over what the calls at once came to, in the order in which they began.
    pub(crate) fn join(&mut self) {
        // Of calls one after the other, or one beside the other, the one that answered stands last.
        if self.branches.is_empty() {
            return;
        }
        for mut branch in std::mem::take(&mut self.branches) {
            let gone = Fault::new(Code::Cancelled, "the request ended before the call did");
            branch.beside_close(gone.clone());
            branch.attempt_close(Some(gone));
            self.trace.attempts.append(&mut branch.trace.attempts);
            self.trace.verdicts.append(&mut branch.trace.verdicts);
            branch.leave(branch.elapsed());
            // Before the step that is under way. Of the steps of a call only what it ran is told.
            let ran = branch.trace.spans.into_iter().filter(|span| span.step.starts_with(TOOL));
            let last = self.trace.spans.len().saturating_sub(1);
            self.trace.spans.splice(last..last, ran);
        }
        self.trace.attempts.sort_by_key(|attempt| attempt.at_us);
    }

    /// The call that ended last.
    pub(crate) fn last_attempt(&self) -> Option<&Attempt> {
        self.trace.attempts.last()
    }

    /// What all calls used together, where several were made for one answer.
    pub(crate) fn used_by_several(&self) -> Option<Usage> {
        let attempts = &self.trace.attempts;
        let several = attempts.iter().any(|attempt| !attempt.purpose.is_empty());
        several.then(|| attempts.iter().filter_map(|attempt| attempt.usage).fold(Usage::default(), Usage::plus))
    }

    /// How the answer was chosen.
    pub(crate) fn decided(&mut self, how: String) {
        self.note(how.as_str());
        self.trace.strategy = Some(how);
    }

    /// A question like this one was answered before.
    pub(crate) fn alike(&mut self, other: TraceId, score: f64, shadow: bool) {
        let shadow = if shadow { "shadow: " } else { "" };
        self.note(format!("{shadow}like the question of {other} ({score:.2})"));
    }

    /// This, of the calls that were made, is the caller's answer.
    pub(crate) fn answered(&mut self, answer: &Answer, head: &Head, by: Option<AttemptId>) {
        self.trace.answer.clone_from(&answer.parts);
        self.trace.finish = Some(answer.finish.clone());
        self.trace.dropped.clone_from(&head.dropped);
        self.trace.first_us = Some(self.elapsed());
        // Where there was but one there was nothing to choose.
        let several = self.trace.attempts.iter().any(|attempt| !attempt.purpose.is_empty());
        for attempt in self.trace.attempts.iter_mut().filter(|attempt| several && Some(attempt.id) == by) {
            attempt.chosen = true;
        }
    }
}
