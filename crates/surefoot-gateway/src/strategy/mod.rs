//! How a variant uses models: one answer, a cheap model before a strong one, a judge or a majority over several.
//!
//! One answer without a shape goes straight through. Everything else is held back until it is decided, and then
//! sent the way that the caller wants it. Each call is an attempt of its own on the trace, is held for in every
//! budget before it is made, and ends at the request's deadline.

mod best_of;
mod cascade;
mod draft;
mod judge;
mod vote;

use surefoot_types::{Code, Fault};

use self::draft::{Ask, Draft};
use crate::{
    accounts::{Accounts, Counted, Hold},
    attempt::{Attempting, Outlet, Upstream},
    call::{Call, Whole},
    gateway::Parts,
    project::{Project, Strategy},
    record::Tale,
    reserve::Reserve,
    resolve::Plan,
    screen::Screened,
    tools::Toolset,
    verify::{Fitted, Misfit, Shape, by_prompt, refuses_schema},
};

/// The strategy of a request without a function.
const SINGLE: Strategy = Strategy::Single;

/// Everything that asking takes.
pub(crate) struct Asking<'a> {
    pub(crate) upstream: &'a Upstream,
    pub(crate) plan: &'a Plan,
    pub(crate) prompt: &'a Screened,
    pub(crate) call: &'a Call,
    pub(crate) parts: &'a Parts,
    pub(crate) project: &'a Project,
    pub(crate) accounts: &'a Accounts,
    pub(crate) counted: &'a Counted<'a>,
    /// Tools that are run here.
    pub(crate) tools: &'a Toolset,
}

/// An answer, and how it came to be the one.
struct Chosen {
    draft: Draft,
    how: Option<String>,
}

impl Asking<'_> {
    /// Asks, as the variant's strategy says, until there is an answer of the shape that was asked for. One answer
    /// is held for already.
    pub(crate) async fn answer(
        &self,
        tale: &mut Tale,
        hold: &mut Hold,
        outlet: &mut Outlet,
    ) -> Result<Option<Whole>, Fault> {
        let shape = Shape::of(&self.prompt.grounded.request)?;
        let task = self.plan.task.as_ref();
        let strategy = task.map_or(&SINGLE, |task| &task.variant.strategy);
        let holds = task.is_some_and(|task| task.function.hold);
        match (strategy, shape) {
            (Strategy::Single, None) => self.straight(tale, hold, outlet).await,
            (Strategy::Single, Some(shape)) if self.call.chat.stream && !holds && self.tools.is_empty() => {
                outlet.shape(shape);
                match self.straight(tale, hold, outlet).await {
                    Err(fault) if !outlet.begun() && refuses_schema(&fault) => {
                        let prompt = by_prompt(&self.prompt.grounded.request).map(|request| self.prompt.with(request));
                        let prompt = prompt.as_ref().unwrap_or(self.prompt);
                        Asking { prompt, ..*self }.straight(tale, hold, outlet).await
                    }
                    ended => ended,
                }
            }
            (strategy, shape) => Box::pin(self.decided(strategy, shape, tale, hold, outlet)).await,
        }
    }

    /// One answer, sent on as it comes.
    async fn straight(&self, tale: &mut Tale, hold: &mut Hold, outlet: &mut Outlet) -> Result<Option<Whole>, Fault> {
        let Self { upstream, plan, prompt, call, parts, project, accounts, counted, tools } = *self;
        let reserve = Reserve { accounts, counted, project, model: &plan.model };
        let attempting = Attempting { upstream, plan, prompt, call, parts, project, reserve: &reserve };
        Ok(tools.converse(attempting, tale, hold, outlet).await?.0)
    }

    /// An answer that is sent once it is decided.
    async fn decided(
        &self,
        strategy: &Strategy,
        shape: Option<Shape>,
        tale: &mut Tale,
        hold: &mut Hold,
        outlet: &mut Outlet,
    ) -> Result<Option<Whole>, Fault> {
        let shape = shape.as_ref();
        let Chosen { draft, how } = match strategy {
            Strategy::Single => Chosen { draft: self.draft(&Ask::first(self, ""), tale, hold).await?, how: None },
            Strategy::Cascade(cascade) => self.cascade(cascade, shape, tale, hold).await?,
            Strategy::BestOf(best_of) => self.best_of(best_of, shape, tale, hold).await?,
            Strategy::Vote(vote) => self.vote(vote, shape, tale, hold).await?,
        };
        if let Some(how) = how {
            tale.decided(how);
        }
        let Draft { mut whole, head, by, prompt, .. } = match shape {
            Some(shape) => self.fitted(shape, draft, tale, hold).await?,
            None => draft,
        };
        tale.answered(&whole.answer, &head, by);
        // Of several calls the caller is told what all of them used.
        if let Some(used) = tale.used_by_several() {
            whole.answer.usage = Some(used);
            whole.raw = None;
        }
        if !self.tools.is_empty() {
            tale.stands(&prompt);
            outlet.guard_renew(&prompt).await?;
        }
        outlet.deliver(head, whole).await
    }

    /// The answer in its shape: as it is, mended, or repaired once by the model that gave it.
    async fn fitted(&self, shape: &Shape, draft: Draft, tale: &mut Tale, hold: &mut Hold) -> Result<Draft, Fault> {
        let (draft, misfit) = match draft.fitted(shape) {
            Ok(draft) => return Ok(draft),
            Err(unfit) => *unfit,
        };
        let prompt = draft::repairing(self.prompt, &draft.prompt, shape, &draft.whole.answer, &misfit);
        let ask = Ask { model: &draft.model, prompt: &prompt, purpose: "repair".into(), held: false };
        let repaired = match self.draft(&ask, tale, hold).await {
            Ok(repaired) => repaired,
            // The answer is why the request failed, not that there was no money or time to mend it.
            Err(fault) if fault.code != Code::Cancelled => {
                return Err(misfit.fault().hint(format!("It could not be repaired: {}.", fault.message)));
            }
            Err(fault) => return Err(fault),
        };
        repaired.fitted(shape).map_err(|unfit| unfit.1.fault())
    }
}

impl Draft {
    /// The answer in its shape, or as it is with what is wrong with it.
    fn fitted(mut self, shape: &Shape) -> Result<Self, Box<(Self, Misfit)>> {
        match shape.fit_answer(&mut self.whole.answer) {
            Ok(Fitted::AsItCame) => Ok(self),
            Ok(Fitted::Mended(_)) => {
                self.whole.raw = None;
                Ok(self)
            }
            Err(misfit) => Err(Box::new((self, misfit))),
        }
    }
}
