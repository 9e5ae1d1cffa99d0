//! What the guards are to do, as the project says.

use std::sync::Arc;

use surefoot_guard::personal::Detector;

/// What is looked for in prompts and answers, and what is done about it. By default: secrets are noted, no more.
#[derive(Debug, Clone, Default)]
pub struct Guards {
    /// Keys and tokens in prompts.
    pub secrets: SecretAction,
    /// Personal data in prompts.
    pub personal: Option<Arc<PersonalGuard>>,
    /// Text that tries to instruct the model.
    pub injection: Option<InjectionGuard>,
    /// Links in answers that would carry data out.
    pub links: Option<Arc<LinkGuard>>,
}

/// What to do about secrets (keys, tokens) found in what is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecretAction {
    /// Look for none.
    Off,
    /// Note them on the trace, where they are masked; send the prompt as it is.
    #[default]
    Flag,
    /// Mask them in what leaves too.
    Mask,
    /// Refuse a prompt that holds one.
    Block,
}

/// What to do about a kind of personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PersonalAction {
    /// Note it on the trace.
    Flag,
    /// Put a mark like `[EMAIL]` in its place; there is no way back.
    Mask,
    /// Put a pseudonym like `<EMAIL_1>` in its place, and the value back into the answer.
    Pseudonymise,
    /// Refuse the prompt.
    Block,
}

/// Personal data in prompts: a detector for the kinds of each action.
#[derive(Debug, Clone, Default)]
pub struct PersonalGuard {
    /// By action; none of them empty.
    pub by_action: Vec<(PersonalAction, Arc<Detector>)>,
    /// Finds what traces do not hold: the kinds that are masked, replaced or refused.
    pub unkept: Option<Arc<Detector>>,
}

impl PersonalGuard {
    /// The detector of what an action is done about.
    pub(crate) fn of(&self, action: PersonalAction) -> Option<&Arc<Detector>> {
        self.by_action.iter().find(|(one, _)| *one == action).map(|(_, detector)| detector)
    }
}

/// What to do about text that tries to instruct the model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InjectionGuard {
    /// What to do.
    pub action: InjectionAction,
    /// The least score, 0 to 1, that counts.
    pub threshold: f32,
}

/// What to do about an injection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InjectionAction {
    /// Note it on the trace.
    Flag,
    /// Leave out a passage that holds one; refuse a prompt or a tool's result that does.
    Block,
}

/// Links in answers to hosts that nobody listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkGuard {
    /// Whether they are taken out, or noted only.
    pub neutralise: bool,
    /// Hosts that may be linked to, each with its subdomains.
    pub allowed: Vec<String>,
}
