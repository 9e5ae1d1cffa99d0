//! One answer that is held back.

use std::sync::Arc;

use surefoot_types::{
    Fault,
    conversation::{Answer, Message, Role, ToolChoice, words},
    ids::AttemptId,
};

use super::Asking;
use crate::{
    accounts::Hold,
    attempt::{Attempting, Outlet},
    call::{Call, Head, Whole},
    project::Model,
    record::Tale,
    reserve::Reserve,
    resolve::Plan,
    screen::Screened,
    verify::{Misfit, Shape, by_prompt, refuses_schema},
};

/// What to ask, and of whom.
pub(super) struct Ask<'a> {
    pub(super) model: &'a Arc<Model>,
    pub(super) prompt: &'a Screened,
    /// What the trace says that it is for.
    pub(super) purpose: String,
    /// Whether the budgets hold what it can cost already.
    pub(super) held: bool,
}

impl<'a> Ask<'a> {
    /// The request itself, of the variant's own model.
    pub(super) fn first(asking: &Asking<'a>, purpose: impl Into<String>) -> Self {
        Self { model: &asking.plan.model, prompt: asking.prompt, purpose: purpose.into(), held: true }
    }
}

/// An answer that nobody was sent yet.
pub(super) struct Draft {
    /// Who gave it.
    pub(super) model: Arc<Model>,
    pub(super) whole: Whole,
    pub(super) head: Head,
    /// The call that gave it.
    pub(super) by: Option<AttemptId>,
    /// What its model was asked and shown last.
    pub(super) prompt: Box<Screened>,
}

impl Asking<'_> {
    /// Asks for a whole answer and holds it back.
    pub(super) async fn draft(&self, ask: &Ask<'_>, tale: &mut Tale, hold: &mut Hold) -> Result<Draft, Fault> {
        let plan = Plan { task: self.plan.task.clone(), model: Arc::clone(ask.model) };
        let (project, accounts, counted) = (self.project, self.accounts, self.counted);
        let reserve = Reserve { accounts, counted, project, model: &plan.model };
        let mut prompt = ask.prompt.clone();
        if !ask.held {
            reserve.chat(&mut prompt, hold).await?;
        }
        let mut call = self.call.clone();
        // A stream's bytes ask for a stream.
        if std::mem::take(&mut call.chat.stream) {
            prompt.grounded.request.stream = false;
            prompt.grounded.untouched = false;
        }
        tale.asks(ask.purpose.as_str(), &prompt.grounded.request);
        match self.held_back(&plan, &prompt, &call, &reserve, tale, hold).await {
            Err(fault) if refuses_schema(&fault) => match by_prompt(&prompt.grounded.request) {
                Some(request) => self.held_back(&plan, &prompt.with(request), &call, &reserve, tale, hold).await,
                None => Err(fault),
            },
            ended => ended,
        }
    }

    async fn held_back(
        &self,
        plan: &Plan,
        prompt: &Screened,
        call: &Call,
        reserve: &Reserve<'_>,
        tale: &mut Tale,
        hold: &mut Hold,
    ) -> Result<Draft, Fault> {
        let (upstream, parts, project) = (self.upstream, self.parts, self.project);
        let mut outlet = Outlet::held();
        let attempting = Attempting { upstream, plan, prompt, call, parts, project, reserve };
        let (whole, prompt) = Box::pin(self.tools.converse(attempting, tale, hold, &mut outlet)).await?;
        let whole = whole.ok_or_else(|| Fault::internal("an answer that was to be whole was streamed"))?;
        Ok(Draft {
            model: Arc::clone(&plan.model),
            whole,
            head: outlet.into_head(),
            by: tale.last_attempt().map(|attempt| attempt.id),
            prompt: Box::new(prompt.into_owned()),
        })
    }

    /// The same question several times at once, of the variant's own model. Those that failed are left out, unless
    /// all did.
    pub(super) async fn drafts(&self, many: usize, tale: &mut Tale, hold: &mut Hold) -> Result<Vec<Draft>, Fault> {
        // All are held for before the first is asked: a request that is refused has cost nothing.
        let reserve =
            Reserve { accounts: self.accounts, counted: self.counted, project: self.project, model: &self.plan.model };
        let mut prompts = vec![self.prompt.clone()];
        for at in 1..many {
            let mut prompt = self.prompt.clone();
            // With the same seed all answers would be one.
            if let Some(seed) = &mut prompt.grounded.request.parameters.seed {
                *seed = seed.wrapping_add(i64::try_from(at).unwrap_or_default());
                prompt.grounded.untouched = false;
            }
            reserve.chat(&mut prompt, hold).await?;
            prompts.push(prompt);
        }
        let branches = tale.fork(many).iter_mut().zip(hold.fork(many)).zip(&prompts).enumerate();
        let asked = branches.map(|(at, ((tale, hold), prompt))| async move {
            let ask = Ask { prompt, ..Ask::first(self, format!("answer {}", at + 1)) };
            self.draft(&ask, tale, hold).await
        });
        let asked = futures_util::future::join_all(asked).await;
        tale.join();
        hold.join();
        let (mut drafts, mut last) = (Vec::new(), None);
        for draft in asked {
            match draft {
                Ok(draft) => drafts.push(draft),
                Err(fault) => last = Some(fault),
            }
        }
        match last {
            Some(fault) if drafts.is_empty() => Err(fault),
            _ => Ok(drafts),
        }
    }
}

/// The request again, after an answer that does not fit and what is wrong with it. `prompt` is what was asked, and
/// `shown` what the model was shown when it answered: its passages keep their numbers.
pub(super) fn repairing(
    prompt: &Screened,
    shown: &Screened,
    shape: &Shape,
    answer: &Answer,
    misfit: &Misfit,
) -> Screened {
    let mut prompt = prompt.clone();
    prompt.grounded.untouched = false;
    prompt.grounded.hits.clone_from(&shown.grounded.hits);
    prompt.vault.clone_from(&shown.vault);
    let request = &mut prompt.grounded.request;
    // Only the words are mended: no tool is needed for it.
    if !request.tools.is_empty() {
        request.tool_choice = Some(ToolChoice::None);
    }
    let messages = &mut request.messages;
    // Providers refuse a message without words.
    let said = words(&answer.parts);
    if !said.trim().is_empty() {
        messages.push(Message::text(Role::Assistant, said.trim_end()));
    }
    let mistakes: String = misfit.mistakes.iter().map(|mistake| format!("- {mistake}\n")).collect();
    let wanted = format!(
        "That answer does not fit the JSON schema that was asked for:\n{mistakes}\nAnswer again with nothing but JSON \
         that fits this schema, and say the same in it:\n{}",
        shape.schema()
    );
    messages.push(Message::text(Role::User, wanted));
    prompt
}
