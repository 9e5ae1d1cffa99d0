//! Calls of tools in an answer to a prompt that holds text from elsewhere: held back until it is known what they are
//! called with, and let through where a rule allows.

use std::{collections::BTreeMap, sync::Arc};

use surefoot_types::{
    Code, Fault,
    conversation::{Event, Finish, Part},
    trace::GuardVerdict,
};

use super::verdict;
use crate::guards::{AnswerAction, ToolGate};

/// The guard of calls, as verdicts name it.
const GUARD: &str = "tools";

/// A call that this process is to make itself: what stands in its place where it may not, and what the guard says.
///
/// # Errors
/// `Blocked` where the answer is to end.
pub(crate) fn judge_call(
    gate: &Arc<ToolGate>,
    name: &str,
    arguments: &str,
) -> Result<(Option<String>, Option<GuardVerdict>), Fault> {
    let mut calls = Calls::new(Arc::clone(gate));
    let instead = calls.judge(name, arguments)?;
    Ok((instead, calls.verdict()))
}

/// The calls of one answer.
pub(super) struct Calls {
    gate: Arc<ToolGate>,
    held: BTreeMap<usize, Held>,
    /// How many calls went through. They are numbered anew, since SDKs expect no gaps.
    passed: usize,
    refused: Vec<String>,
}

struct Held {
    id: String,
    name: String,
    arguments: String,
}

impl Calls {
    pub(super) fn new(gate: Arc<ToolGate>) -> Self {
        Self { gate, held: BTreeMap::new(), passed: 0, refused: Vec::new() }
    }

    /// Watches a call that begins, where its tool is privileged. Gives whether it is held back, and so is every call after
    /// it: they stay in their order.
    pub(super) fn begin(&mut self, index: usize, id: &str, name: &str) -> bool {
        let watched = self.gate.holds(name) || !(self.held.is_empty() || self.only_looks());
        if watched {
            self.held.insert(index, Held { id: id.to_owned(), name: name.to_owned(), arguments: String::new() });
        }
        let held = watched && !self.only_looks();
        self.passed += usize::from(!held);
        held
    }

    /// More of a call's arguments. Gives whether they are held back.
    pub(super) fn more(&mut self, index: usize, arguments: &str) -> bool {
        let held = self.held.get_mut(&index).map(|held| held.arguments.push_str(arguments));
        held.is_some() && !self.only_looks()
    }

    /// The answer's end: what was held back goes on as the rules allow.
    pub(super) fn release(&mut self, events: &mut Vec<Event>) -> Result<(), Fault> {
        let looked = self.only_looks();
        for Held { id, name, arguments } in std::mem::take(&mut self.held).into_values() {
            match self.judge(&name, &arguments)? {
                _ if looked => {}
                Some(instead) => events.push(Event::Text { text: instead }),
                None => {
                    let index = self.passed;
                    self.passed += 1;
                    events.push(Event::ToolCall { index, id, name });
                    events.push(Event::ToolArguments { index, arguments });
                }
            }
        }
        Ok(())
    }

    fn only_looks(&self) -> bool {
        self.gate.action == AnswerAction::Flag
    }

    /// How an answer ended, when some of its calls did not go through.
    pub(super) fn finish(&self, finish: Finish) -> Finish {
        let none = self.passed == 0 && !self.refused.is_empty() && self.gate.action == AnswerAction::Withhold;
        if none && finish == Finish::ToolCalls { Finish::Stop } else { finish }
    }

    /// A whole answer's call, or what stands in its place.
    pub(super) fn part(&mut self, part: Part) -> Result<Part, Fault> {
        let Part::ToolCall { name, arguments, .. } = &part else { return Ok(part) };
        let instead = self.judge(name, arguments)?;
        self.passed += usize::from(instead.is_none());
        Ok(instead.map_or(part, Part::text))
    }

    pub(super) fn verdict(&mut self) -> Option<GuardVerdict> {
        let refused = std::mem::take(&mut self.refused);
        let action = if self.only_looks() { "flag" } else { "withhold" };
        (!refused.is_empty()).then(|| verdict(GUARD, action, refused.join("; ")))
    }

    /// What stands in the place of a call that may not go on.
    fn judge(&mut self, name: &str, arguments: &str) -> Result<Option<String>, Fault> {
        let Some(reason) = self.gate.refuses(name, arguments) else { return Ok(None) };
        let told = format!("{reason}, after text from elsewhere was read");
        self.refused.push(reason);
        match self.gate.action {
            AnswerAction::Flag => Ok(None),
            AnswerAction::Withhold => Ok(Some(format!("[A call of {name} was withheld: {told}.]"))),
            AnswerAction::Block => Err(Fault::new(Code::Blocked, format!("the model called {name}: {told}")).hint(
                "If it should be able to, give it a rule in [guards.tools.allowed], or set `action` to \"withhold\".",
            )),
        }
    }
}
