//! Shadow mode: another variant answers copies of live requests. Nobody is shown it; its trace tells of it.

use std::{collections::BTreeMap, sync::Arc};

use surefoot_types::trace::{Keep, Outcome, Trace};

use crate::{
    call::{Call, Caller, Context},
    gateway::Gateway,
    project::Project,
    resolve::is_live,
};

/// The door's name on the traces of copies.
pub const DOOR: &str = "shadow";
/// The tag that names the request that one is a copy of.
pub const TAG: &str = "shadow_of";

impl Gateway {
    /// Asks a function's shadow what was just answered, if this request is one of those that are copied. It waits for
    /// nothing: the caller has its answer. Project-wide budgets and limits hold for copies; a key's, a tenant's and a
    /// user's are not charged with what they did not ask for.
    pub(crate) fn cast_shadow(&self, project: &Project, call: &Call, trace: &Arc<Trace>) {
        let Some(copy) = copied(project, call, trace) else { return };
        let copy = Call { trace_id: self.mint_trace(), ..copy };
        let reply = self.answer(copy);
        tokio::spawn(async move { drop(reply.collect().await) });
    }
}

/// The copy of a request, with the trace id of the original still, if it is to be copied.
fn copied(project: &Project, call: &Call, trace: &Trace) -> Option<Call> {
    let function = project.functions.get(trace.function.as_deref()?)?;
    let shadow = function.shadow.as_ref()?;
    let answered = trace.outcome == Outcome::Answered && is_live(call.door);
    // Who names a variant means that one; and what the shadow itself answered needs no second answer.
    let live = trace.asked == function.name && trace.variant.as_ref() != Some(&shadow.variant);
    // A key that has less kept than the function does is not known to the copy.
    let guards = function.guards.as_ref().unwrap_or(&project.guards);
    let masked = guards.personal.as_ref().is_some_and(|guard| guard.unkept.is_some());
    let most = if masked { Keep::Redacted } else { Keep::All };
    let kept = trace.keep == function.keep.unwrap_or(most).min(project.records.keep).min(most);
    // A copy that used tools would do things a second time.
    let harmless = function.tools.is_empty() && call.chat.tools.iter().all(|tool| !tool.schema.is_null());
    // A copy is nobody's: it would be shown other examples than the tenant's.
    let same = trace.tenant.is_none() || function.examples.is_none();
    if !(answered && live && kept && harmless && same && drawn(trace) < shadow.share) {
        return None;
    }
    let mut chat = call.chat.clone();
    (chat.model, chat.stream) = (format!("{}@{}", function.name, shadow.variant), false);
    let tags = BTreeMap::from([(TAG.to_owned(), trace.id.to_string())]);
    let context = Context { tags, input: call.context.input.clone(), fresh: true, ..Context::default() };
    let caller = Caller { secret: None, trusted: true };
    Some(Call { trace_id: call.trace_id, door: DOOR, chat, body: None, caller, context })
}

/// A number in `0.0..1.0` of the trace's own: the lower bits of an id are chance.
fn drawn(trace: &Trace) -> f64 {
    let bits = blake3::hash(&trace.id.to_bits().to_be_bytes());
    let bits = bits.as_bytes()[..8].iter().fold(0u64, |bits, byte| (bits << 8) | u64::from(*byte));
    (bits >> 11) as f64 / (1u64 << 53) as f64
}
