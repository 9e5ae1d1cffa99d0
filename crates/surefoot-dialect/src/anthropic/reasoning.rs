//! Reasoning in Anthropic's words: a budget of tokens for its older models, an effort for others.

use serde_json::{Map, Value, json};
use surefoot_types::conversation::{ChatRequest, Dialect, Effort, Message, Part, Reasoning, Thinking, ToolChoice};

use crate::{
    effort,
    extras::Dropped,
    json::{Fields, Object},
    signature,
};

/// The fewest tokens that Anthropic takes as a budget.
const LEAST: u64 = 1024;
/// The budget where a model that needs one is to think as it sees fit.
const USUAL: u64 = 8192;

/// Models that take a budget and no effort, as far as their names tell. Newer models take an effort,
/// so this list, unlike one of them, never grows.
const BUDGETED: [&str; 9] = [
    "claude-3-7-",
    "claude-sonnet-4-0-",
    "claude-sonnet-4-2025",
    "claude-sonnet-4-5-",
    "claude-opus-4-0-",
    "claude-opus-4-2025",
    "claude-opus-4-1-",
    "claude-opus-4-5-",
    "claude-haiku-4-5-",
];
/// The same where the name is a bare one.
const BUDGETED_BARE: [&str; 2] = ["claude-sonnet-4-", "claude-opus-4-"];
/// Models that do not reason.
const WITHOUT: [&str; 5] = ["claude-2-", "claude-instant-", "claude-3-5-", "claude-3-haiku-", "claude-3-opus-"];

/// How a model reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Effort,
    Budget,
    None,
}

impl Way {
    /// Other vendors spell the names with dots and at signs.
    fn of(model: &str) -> Self {
        let name = format!("{}-", model.replace(['.', '@', ':'], "-"));
        let among = |names: &[&str]| names.iter().any(|it| name.contains(it));
        if among(&WITHOUT) {
            Self::None
        } else if among(&BUDGETED) || BUDGETED_BARE.iter().any(|it| name.ends_with(it)) {
            Self::Budget
        } else {
            Self::Effort
        }
    }
}

/// Reads `thinking`, and the effort in `output_config`; what the neutral words lack stays there.
pub(crate) fn read(fields: &mut Fields<'_>, config: &mut Object) -> Reasoning {
    let effort = config.get("effort").and_then(Value::as_str).and_then(effort::read);
    if effort.is_some() {
        config.shift_remove("effort");
    }
    let mut reasoning = Reasoning { effort, ..Reasoning::default() };
    let Some(Value::Object(mut thinking)) = fields.get("thinking").cloned() else { return reasoning };
    let budget = thinking.get("budget_tokens").and_then(Value::as_u64);
    reasoning.thinking = match (thinking.get("type").and_then(Value::as_str), budget) {
        (Some("enabled"), Some(budget)) => Some(Thinking::Budget(budget)),
        (Some("disabled"), _) => Some(Thinking::Off),
        (Some("adaptive"), _) => Some(Thinking::Adaptive),
        _ => return reasoning,
    };
    reasoning.shown = match thinking.get("display").and_then(Value::as_str) {
        Some("summarized") => Some(true),
        Some("omitted") => Some(false),
        _ => None,
    };
    for read in ["type", "budget_tokens"] {
        thinking.shift_remove(read);
    }
    if reasoning.shown.is_some() {
        thinking.shift_remove("display");
    }
    fields.take("thinking");
    if !thinking.is_empty() {
        fields.put("thinking", thinking.into());
    }
    reasoning
}

/// What is written of it.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) thinking: Option<Value>,
    pub(crate) effort: Option<&'static str>,
    pub(crate) max_tokens: u64,
}

/// The request's reasoning for a model that may write `max_tokens`, or as many as it needs where
/// the caller set no limit.
pub(crate) fn write(request: &ChatRequest, model: &str, usual: u64, own: bool, dropped: &mut Dropped) -> Written {
    let reasoning = &request.reasoning;
    let limit = request.parameters.max_tokens;
    let max_tokens = limit.unwrap_or(usual);
    if own {
        let kept = request.extra.get("thinking").and_then(Value::as_object).cloned();
        let thinking = thinking_own(reasoning, kept.unwrap_or_default());
        return Written { thinking, effort: reasoning.effort.map(effort::word), max_tokens };
    }
    let way = Way::of(model);
    let nothing = Written { max_tokens, ..Written::default() };
    if !effort::is_wanted(reasoning) {
        let off = reasoning.thinking == Some(Thinking::Off) && way == Way::Effort;
        return Written { thinking: off.then(|| json!({"type": "disabled"})), ..nothing };
    }
    if way == Way::None {
        dropped.name("reasoning");
        return nothing;
    }
    if way == Way::Effort {
        let mut thinking = json!({"type": "adaptive"});
        shown(reasoning, &mut thinking);
        let effort = effort::effort(reasoning).map(|asked| effort::word(asked.max(Effort::Low)));
        return Written { thinking: Some(thinking), effort, max_tokens };
    }
    let forced = matches!(
        request.tool_choice,
        Some(ToolChoice::Required | ToolChoice::Named(_) | ToolChoice::Allowed { required: true, .. })
    );
    let budget = effort::budget(reasoning).unwrap_or(USUAL).max(LEAST);
    let budget = limit.map_or(budget, |limit| budget.min(limit.saturating_sub(1)));
    if forced || budget < LEAST || !is_continuable(&request.messages) {
        dropped.name("reasoning");
        return nothing;
    }
    let max_tokens = limit.unwrap_or(budget + usual);
    Written { thinking: Some(json!({"type": "enabled", "budget_tokens": budget})), effort: None, max_tokens }
}

/// What was read, in the words that it came in, with the rest of the object that it stood in.
pub(crate) fn thinking_own(reasoning: &Reasoning, mut kept: Map<String, Value>) -> Option<Value> {
    let (kind, budget) = match reasoning.thinking {
        Some(Thinking::Off) => ("disabled", None),
        Some(Thinking::Adaptive) => ("adaptive", None),
        Some(Thinking::Budget(tokens)) => ("enabled", Some(tokens)),
        None => return (!kept.is_empty()).then(|| kept.into()),
    };
    kept.insert("type".into(), kind.into());
    kept.extend(budget.map(|tokens| ("budget_tokens".to_owned(), tokens.into())));
    let mut thinking = Value::Object(kept);
    shown(reasoning, &mut thinking);
    Some(thinking)
}

fn shown(reasoning: &Reasoning, thinking: &mut Value) {
    if let Some(shown) = reasoning.shown {
        thinking["display"] = if shown { "summarized" } else { "omitted" }.into();
    }
}

/// Whether a thinking model may go on from here: amid a tool loop it insists on the reasoning that
/// came before the calls, which clients of other dialects may have lost.
fn is_continuable(messages: &[Message]) -> bool {
    let last = messages.iter().rev().find(|message| message.parts.iter().any(is_call_or_words));
    last.is_none_or(|message| {
        let calls = message.parts.iter().any(|part| matches!(part, Part::ToolCall { .. }));
        let signed = |part: &Part| match part {
            Part::Thinking { signature, redacted, by, .. } => {
                (signature.is_some() || redacted.is_some()) && signature::fits(Dialect::Anthropic, *by)
            }
            _ => false,
        };
        !calls || message.parts.iter().any(signed)
    })
}

fn is_call_or_words(part: &Part) -> bool {
    matches!(part, Part::ToolCall { .. } | Part::Text { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_how_a_model_reasons() {
        for (way, models) in [
            (Way::Budget, ["claude-sonnet-4-20250514", "claude-opus-4", "anthropic/claude-opus-4.1"].as_slice()),
            (Way::Budget, &["eu.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-sonnet-4@20250514"]),
            (Way::Effort, &["claude-opus-4-6", "claude-opus-4-8", "claude-sonnet-5", "something-else"]),
            (Way::None, &["claude-3-5-sonnet-20241022", "claude-3-haiku-20240307", "claude-2.1"]),
        ] {
            for model in models {
                assert_eq!(Way::of(model), way, "{model}");
            }
        }
    }
}
