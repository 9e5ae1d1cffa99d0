//! The guards, on what really leaves.

use surefoot_guard::{personal::Detector, secrets};
use surefoot_types::{
    Code, Fault,
    conversation::{ChatRequest, Message, Part},
    trace::GuardVerdict,
};

use crate::{
    ground::Grounded,
    project::{Project, SecretAction},
};

/// A prompt that may leave.
#[derive(Debug, Clone)]
pub(crate) struct Screened {
    /// What to send, and what it was grounded with.
    pub(crate) grounded: Grounded,
    /// What the guards said.
    pub(crate) verdicts: Vec<GuardVerdict>,
}

impl Screened {
    /// The same with the request put otherwise: no longer as the caller's bytes have it.
    pub(crate) fn with(&self, request: ChatRequest) -> Self {
        let mut other = self.clone();
        (other.grounded.request, other.grounded.untouched) = (request, false);
        other
    }
}

/// Looks for secrets in every message, and does with them what the project says.
pub(crate) fn screen(project: &Project, mut grounded: Grounded) -> Result<Screened, Fault> {
    if project.secrets == SecretAction::Off {
        return Ok(Screened { grounded, verdicts: Vec::new() });
    }
    let mut found: Vec<&'static str> = Vec::new();
    for message in &grounded.request.messages {
        each_text(message, &mut |text| found.extend(secrets::find(text).into_iter().map(|finding| finding.kind)));
    }
    found.sort_unstable();
    found.dedup();
    if found.is_empty() {
        return Ok(Screened { grounded, verdicts: Vec::new() });
    }
    let kinds = found.join(", ");
    let verdict = |action: &str| GuardVerdict { guard: "secrets".into(), action: action.into(), reason: kinds.clone() };
    let verdicts = match project.secrets {
        SecretAction::Off => Vec::new(),
        SecretAction::Flag => vec![verdict("flag")],
        SecretAction::Mask => {
            grounded.request.messages.iter_mut().for_each(mask);
            grounded.untouched = false;
            vec![verdict("mask")]
        }
        SecretAction::Block => {
            return Err(Fault::new(Code::Blocked, format!("the prompt holds a secret: {kinds}"))
                .hint("Take it out, or set `secrets` under [guards] to \"mask\" or \"flag\"."));
        }
    };
    Ok(Screened { grounded, verdicts })
}

/// Masks in a text what a redacted record may not hold.
pub(crate) fn redact(detector: &Detector, text: &mut String) {
    surefoot_guard::redact_in_place(detector, text);
}

/// Masks the secrets in every text of a message.
pub(crate) fn mask(message: &mut Message) {
    message.parts.iter_mut().for_each(mask_part);
}

/// Masks the secrets in a part.
pub(crate) fn mask_part(part: &mut Part) {
    match part {
        Part::Text { text } | Part::Refusal { text } | Part::Thinking { text, .. } => secrets::mask_in_place(text),
        Part::ToolCall { arguments, .. } => secrets::mask_in_place(arguments),
        Part::ToolResult { content, .. } => content.iter_mut().for_each(mask_part),
        Part::Image { .. } | Part::File { .. } | Part::Other { .. } => {}
    }
}

fn each_text(message: &Message, visit: &mut dyn FnMut(&str)) {
    fn part(one: &Part, visit: &mut dyn FnMut(&str)) {
        match one {
            Part::Text { text } | Part::Refusal { text } | Part::Thinking { text, .. } => visit(text),
            Part::ToolCall { arguments, .. } => visit(arguments),
            Part::ToolResult { content, .. } => content.iter().for_each(|inner| part(inner, visit)),
            Part::Image { .. } | Part::File { .. } | Part::Other { .. } => {}
        }
    }
    message.parts.iter().for_each(|one| part(one, visit));
}
