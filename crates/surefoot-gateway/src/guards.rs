//! What the guards are to do, as the project says.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;
use surefoot_guard::personal::Detector;
use surefoot_types::key::Scope;

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
    /// Where text from elsewhere stands between marks.
    pub marks: Marks,
    /// Calls of tools, once text from elsewhere was read.
    pub tools: Option<Arc<ToolGate>>,
    /// Instructions that get out.
    pub instructions: Option<InstructionsGuard>,
}

/// Where text that is neither the developer's nor the user's stands between marks that it cannot forge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Marks {
    /// Nowhere.
    Off,
    /// In the prompts of functions.
    #[default]
    Functions,
    /// In all, whoever made them.
    All,
}

/// What to do about an answer that may not go on as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerAction {
    /// Note it on the trace.
    Flag,
    /// Take the part out of the answer that may not go on, and say so in its place.
    Withhold,
    /// End the answer with an error.
    Block,
}

/// Tools whose calls do something. Once a prompt holds text from elsewhere, they are called as a rule allows, or not at all.
#[derive(Debug, Clone)]
pub struct ToolGate {
    /// What becomes of a call that no rule allows.
    pub action: AnswerAction,
    /// Their names; one may end in `*`.
    pub privileged: Vec<String>,
    /// By tool, what its arguments must be: a JSON schema.
    pub allowed: BTreeMap<String, Arc<jsonschema::Validator>>,
}

impl ToolGate {
    /// Whether calls of a tool pass only as a rule allows.
    pub fn holds(&self, tool: &str) -> bool {
        Scope::allows(Some(&self.privileged), tool)
    }

    /// Why a call may not go on.
    pub fn refuses(&self, tool: &str, arguments: &str) -> Option<String> {
        if !self.holds(tool) {
            return None;
        }
        let Some(rule) = self.allowed.get(tool) else { return Some(format!("no rule allows a call of {tool}")) };
        // A call without arguments is one with none.
        let arguments = if arguments.trim().is_empty() { "{}" } else { arguments };
        let Ok(arguments) = serde_json::from_str::<Value>(arguments) else {
            return Some(format!("the arguments of {tool} are not JSON"));
        };
        let wrong = rule.validate(&arguments).err()?;
        Some(format!("the arguments of {tool} are not as its rule wants them, at '{}'", wrong.instance_path()))
    }
}

/// Words of the instructions in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstructionsGuard {
    /// What to do; there is nothing to withhold.
    pub action: AnswerAction,
    /// Whether a word that stands nowhere else is put into a function's instructions, to be recognised by.
    pub canary: bool,
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
