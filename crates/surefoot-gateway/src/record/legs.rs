//! Two calls at once: the one that the answer is expected of, and one beside it.

use surefoot_types::{Fault, PriceBook, ids::AttemptId};

use super::Tale;
use crate::project::Target;

impl Tale {
    /// A call begins beside the one that is under way.
    pub(crate) fn beside_open(&mut self, id: AttemptId, target: &Target, key: Option<&str>, prices: &PriceBook) {
        let dropped = std::mem::take(&mut self.trace.dropped);
        let first = self.open.take();
        self.attempt_open(id, target, std::time::Duration::ZERO, &[], prices);
        self.attempt_key(key);
        if let Some(open) = &mut self.open {
            open.attempt.hedged = true;
        }
        self.beside = std::mem::replace(&mut self.open, first);
        self.trace.dropped = dropped;
    }

    /// The two change places.
    pub(crate) fn legs_swap(&mut self) {
        std::mem::swap(&mut self.open, &mut self.beside);
    }

    /// The call beside ended. It was sent a prompt: where nothing tells what that cost, it is estimated.
    pub(crate) fn beside_close(&mut self, fault: Fault) {
        if self.beside.is_none() {
            return;
        }
        let said = self.estimate_prompt();
        self.legs_swap();
        if let Some(open) = self.open.as_mut().filter(|_| fault.code == surefoot_types::Code::Cancelled) {
            open.gathered.usage.get_or_insert(said);
        }
        self.attempt_close(Some(fault));
        self.legs_swap();
    }
}
