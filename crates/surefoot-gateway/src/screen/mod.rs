//! The guards: on what really leaves, and on what comes back.

mod answer;
mod calls;
pub(crate) mod each;
mod foreign;
mod personal;

use std::sync::Arc;

use surefoot_guard::{
    injection::{self, Channel},
    leak::Instructions,
    personal::Detector,
    pseudonyms::{Form, Vault},
    secrets,
    untrusted::Marker,
};
use surefoot_types::{
    Code, Fault,
    conversation::{ChatRequest, Message, Part, Role},
    document::Hit,
    trace::GuardVerdict,
};

use self::each::each_text;
pub(crate) use self::{answer::AnswerGuard, calls::judge_call};
use crate::{
    ground::Grounded,
    guards::{AnswerAction, Guards, InjectionAction, InjectionGuard, LinkGuard, Marks, SecretAction, ToolGate},
};

/// The guard of links, as verdicts name it.
pub(crate) const LINKS: &str = "links";

/// A prompt that may leave.
#[derive(Debug, Clone)]
pub(crate) struct Screened {
    /// What to send, and what it was grounded with.
    pub(crate) grounded: Grounded,
    /// The question and the passages, as they may be shown to whoever answers, judges or quotes.
    pub(crate) aside: Aside,
    /// What the guards said.
    pub(crate) verdicts: Vec<GuardVerdict>,
    /// The pseudonyms that stand in what is sent. Lives as long as the request, and is written nowhere.
    pub(crate) vault: Option<Arc<Vault>>,
    /// What is done to links in the answer.
    pub(crate) links: Option<Arc<LinkGuard>>,
    /// What is done about calls of tools, since it holds text from elsewhere.
    pub(crate) gate: Option<Arc<ToolGate>>,
    /// Marks what tools give that are run here; none where nothing is marked.
    pub(crate) marker: Option<Marker>,
    /// What must not be told, and what is done if it is.
    pub(crate) untold: Option<(Arc<Instructions>, AnswerAction)>,
}

impl Screened {
    /// A prompt that is made of what was screened already.
    pub(crate) fn unchecked(grounded: Grounded) -> Self {
        let aside = Aside::of(&grounded);
        Self { grounded, aside, verdicts: Vec::new(), vault: None, links: None, gate: None, marker: None, untold: None }
    }

    /// The passages, as they may be shown.
    pub(crate) fn shown(&self) -> &[Hit] {
        self.aside.hits.as_deref().unwrap_or(&self.grounded.hits)
    }

    /// What an answer says, with real values in the place of pseudonyms. For this process alone.
    pub(crate) fn restored(&self, said: &str) -> String {
        self.vault.as_ref().map_or_else(|| said.to_owned(), |vault| vault.restore(said, Form::Text))
    }

    /// The same with the request put otherwise: no longer as the caller's bytes have it.
    pub(crate) fn with(&self, request: ChatRequest) -> Self {
        let mut other = self.clone();
        (other.grounded.request, other.grounded.untouched) = (request, false);
        other
    }
}

/// What stands beside a request, and may reach others by way of an answer: the question, and the passages.
#[derive(Debug, Clone)]
pub(crate) struct Aside {
    pub(crate) question: String,
    /// `None` while they are as they were found.
    hits: Option<Vec<Hit>>,
}

impl Aside {
    fn of(grounded: &Grounded) -> Self {
        Self { question: grounded.question.clone(), hits: None }
    }

    /// More passages were found, which are shown like these where anything was put in the place of their texts.
    fn grow(&mut self, before: &[Hit], found: &[Hit], shown: Option<Vec<Hit>>) {
        if self.hits.is_some() || shown.is_some() {
            let shown = shown.unwrap_or_else(|| found.to_vec());
            self.hits.get_or_insert_with(|| before.to_vec()).extend(shown);
        }
    }

    /// Visits each text, to put another in its place.
    fn each(&mut self, grounded: &Grounded, visit: &mut dyn FnMut(&mut String)) {
        visit(&mut self.question);
        for hit in self.hits.get_or_insert_with(|| grounded.hits.clone()) {
            let passage = &mut hit.found.passage;
            visit(&mut passage.text);
            passage.lead.iter_mut().for_each(&mut *visit);
        }
    }
}

/// Looks for secrets, personal data and injections in everything that leaves, and does with them what the
/// guards say. `said` is the conversation as the caller sent it: values are numbered as they come up in it, so
/// that they keep their pseudonyms from one request of a conversation to the next.
pub(crate) fn screen(
    guards: &Guards,
    marker: &Marker,
    said: &[Message],
    mut grounded: Grounded,
) -> Result<Screened, Fault> {
    let mut verdicts = Vec::new();
    if guards.secrets != SecretAction::Off {
        verdicts.extend(secrets_in(guards.secrets, &mut grounded)?);
    }
    if let Some(guard) = &guards.injection {
        verdicts.extend(injections_in(guard, &grounded.request)?);
    }
    let mut aside = Aside::of(&grounded);
    if guards.secrets == SecretAction::Mask {
        aside.each(&grounded, &mut secrets::mask_in_place);
    }
    let vault = match &guards.personal {
        None => None,
        Some(guard) => personal::screen(guard, None, said, &mut grounded, &mut aside, &mut verdicts)?,
    };
    let gate = guards.tools.clone().filter(|_| foreign::is_there(&grounded));
    let untold = untold(guards, marker, &mut grounded);
    verdicts.extend(foreign::mark(guards.marks, marker, &mut grounded));
    let marker = (guards.marks != Marks::Off).then(|| marker.clone());
    Ok(Screened { grounded, aside, verdicts, vault, links: guards.links.clone(), gate, marker, untold })
}

/// The instructions, to be recognised in the answer: a function's as the project has them, and else the system message.
fn untold(guards: &Guards, marker: &Marker, grounded: &mut Grounded) -> Option<(Arc<Instructions>, AnswerAction)> {
    let guard = guards.instructions?;
    let canary = foreign::canary(guard, marker, grounded);
    let text = if grounded.instructions.is_empty() {
        let system = grounded.request.messages.iter().filter(|message| message.role == Role::System);
        system.map(Message::words).collect::<Vec<_>>().join("\n")
    } else {
        grounded.instructions.to_string()
    };
    Some((Arc::new(Instructions::new(&text, &canary)?), guard.action))
}

/// What tools gave, and the passages that they found, put behind a prompt that was screened: looked at by the same
/// guards, with the pseudonyms that stand in the prompt already.
pub(crate) fn screen_more(
    guards: &Guards,
    prompt: &mut Screened,
    messages: Vec<Message>,
    hits: Vec<Hit>,
) -> Result<(), Fault> {
    let request = ChatRequest { messages, ..ChatRequest::ask("", "") };
    let mut more = Grounded { hits, ..Grounded::of(request, String::new()) };
    let mut aside = Aside::of(&more);
    let mut verdicts = Vec::new();
    if guards.secrets != SecretAction::Off {
        verdicts.extend(secrets_in(guards.secrets, &mut more)?);
    }
    if let Some(guard) = &guards.injection {
        verdicts.extend(injections_in(guard, &more.request)?);
    }
    if guards.secrets == SecretAction::Mask {
        aside.each(&more, &mut secrets::mask_in_place);
    }
    if let Some(guard) = &guards.personal {
        let before = prompt.vault.clone();
        let made = personal::screen(guard, before.as_deref(), &[], &mut more, &mut aside, &mut verdicts)?;
        prompt.vault = made.or(before);
    }
    prompt.aside.grow(&prompt.grounded.hits, &more.hits, aside.hits);
    prompt.grounded.hits.append(&mut more.hits);
    if let Some(marker) = &prompt.marker {
        verdicts.extend(foreign::mark_more(marker, &mut prompt.grounded.request, &mut more.request.messages));
    }
    prompt.gate.clone_from(&guards.tools);
    prompt.grounded.request.messages.append(&mut more.request.messages);
    prompt.verdicts = verdicts;
    Ok(())
}

/// The passages that may ground an answer, and what was said of the others.
pub(crate) fn passages(guards: &Guards, hits: Vec<Hit>) -> (Vec<Hit>, Vec<GuardVerdict>) {
    let Some(guard) = guards.injection else { return (hits, Vec::new()) };
    let mut verdicts = Vec::new();
    let stays = |hit: &Hit| {
        let suspicion = injection::score(&hit.found.passage.text, Channel::Document);
        if suspicion.score < guard.threshold {
            return true;
        }
        let action = if guard.action == InjectionAction::Block { "left out" } else { "flag" };
        let reason = format!("a passage of {}: {}", hit.found.path, suspicion.reasons.join(", "));
        verdicts.push(verdict("injection", action, reason));
        guard.action != InjectionAction::Block
    };
    (hits.into_iter().filter(stays).collect(), verdicts)
}

fn verdict(guard: &str, action: &str, reason: String) -> GuardVerdict {
    GuardVerdict { guard: guard.into(), action: action.into(), reason }
}

fn secrets_in(action: SecretAction, grounded: &mut Grounded) -> Result<Option<GuardVerdict>, Fault> {
    let mut found: Vec<&'static str> = Vec::new();
    each_text(&mut grounded.request, &mut |text, _| found.extend(secrets::find(text).into_iter().map(|one| one.kind)));
    found.sort_unstable();
    found.dedup();
    if found.is_empty() {
        return Ok(None);
    }
    let kinds = found.join(", ");
    match action {
        SecretAction::Off => Ok(None),
        SecretAction::Flag => Ok(Some(verdict("secrets", "flag", kinds))),
        SecretAction::Mask => {
            each_text(&mut grounded.request, &mut |text, _| secrets::mask_in_place(text));
            grounded.untouched = false;
            Ok(Some(verdict("secrets", "mask", kinds)))
        }
        SecretAction::Block => Err(Fault::new(Code::Blocked, format!("the prompt holds a secret: {kinds}"))
            .hint("Take it out, or set `secrets` under [guards] to \"mask\" or \"flag\".")),
    }
}

/// Instructions where none belong: in what tools gave back, and in what users say. The developer's own words and
/// the model's are not looked at; passages were looked at when they were found.
fn injections_in(guard: &InjectionGuard, request: &ChatRequest) -> Result<Option<GuardVerdict>, Fault> {
    let mut reasons: Vec<String> = Vec::new();
    let mut look = |text: &str, channel: Channel, whose: &str| {
        let suspicion = injection::score(text, channel);
        if suspicion.score >= guard.threshold {
            reasons.push(format!("{whose}: {}", suspicion.reasons.join(", ")));
        }
    };
    for message in &request.messages {
        for part in &message.parts {
            match part {
                Part::Text { text } if message.role == Role::User => look(text, Channel::User, "a user's message"),
                Part::ToolResult { content, .. } => content.iter().for_each(|inner| {
                    if let Part::Text { text } = inner {
                        look(text, Channel::Tool, "a tool's result");
                    }
                }),
                part => {
                    if let Some(item) = foreign::ran_elsewhere(part) {
                        each::each_value(&mut item.clone(), &mut |text, _| {
                            look(text, Channel::Tool, "a tool's result");
                        });
                    }
                }
            }
        }
    }
    reasons.dedup();
    if reasons.is_empty() {
        return Ok(None);
    }
    let reasons = reasons.join("; ");
    if guard.action == InjectionAction::Block {
        let fault = Fault::new(Code::Blocked, format!("the prompt looks like an injection: {reasons}"));
        return Err(fault.hint("Set `action` under [guards.injection] to \"flag\", or raise its `threshold`."));
    }
    Ok(Some(verdict("injection", "flag", reasons)))
}

/// Looks for secrets and personal data in texts of which vectors are made. Of pseudonyms there is no way back here.
pub(crate) fn texts(guards: &Guards, texts: &mut [String]) -> Result<Vec<GuardVerdict>, Fault> {
    let mut request = ChatRequest::ask("", "");
    let parts = texts.iter_mut().map(|text| Part::text(std::mem::take(text))).collect();
    request.messages = vec![Message { parts, ..Message::text(Role::User, "") }];
    let grounded = Grounded::of(request, String::new());
    // Instructions do nothing to a model that only makes vectors.
    let guards =
        Guards { injection: None, links: None, instructions: None, marks: Marks::Off, tools: None, ..guards.clone() };
    let screened = screen(&guards, &Marker::new(0), &[], grounded)?;
    let parts = screened.grounded.request.messages.into_iter().flat_map(|message| message.parts);
    for (text, part) in texts.iter_mut().zip(parts) {
        if let Part::Text { text: screened } = part {
            *text = screened;
        }
    }
    Ok(screened.verdicts)
}

/// Masks the secrets in every text of a message.
pub(crate) fn mask(message: &mut Message) {
    each::each_part(&mut message.parts, &mut |text, _| secrets::mask_in_place(text));
}

/// Masks in a text what a redacted record may not hold.
pub(crate) fn redact(detector: &Detector, text: &mut String) {
    surefoot_guard::redact_in_place(detector, text);
}

#[cfg(test)]
mod foreign_tests;
#[cfg(test)]
mod tests;
