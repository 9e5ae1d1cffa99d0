//! Personal data on its way out.

use std::{collections::BTreeMap, sync::Arc};

use surefoot_guard::{
    personal::{Detector, mask_in_place},
    pseudonyms::{Form, Vault},
};
use surefoot_types::{Code, Fault, conversation::Message, trace::GuardVerdict};

use super::{
    Aside,
    each::{each_part, each_text},
    verdict,
};
use crate::{
    ground::Grounded,
    guards::{PersonalAction, PersonalGuard},
};

const GUARD: &str = "personal";

/// Does with the personal data of a prompt what the guard says. Gives the pseudonyms that stand in it then;
/// those of `before` go on.
pub(super) fn screen(
    guard: &PersonalGuard,
    before: Option<&Vault>,
    said: &[Message],
    grounded: &mut Grounded,
    aside: &mut Aside,
    verdicts: &mut Vec<GuardVerdict>,
) -> Result<Option<Arc<Vault>>, Fault> {
    if let Some(found) = guard.of(PersonalAction::Block).and_then(|detector| found(detector, grounded, aside)) {
        return Err(Fault::new(Code::Blocked, format!("the prompt holds personal data: {found}"))
            .hint("Take it out, or set another action for it under [guards.personal]."));
    }
    if let Some(found) = guard.of(PersonalAction::Flag).and_then(|detector| found(detector, grounded, aside)) {
        verdicts.push(verdict(GUARD, "flag", found));
    }
    if let Some(detector) = guard.of(PersonalAction::Mask)
        && let Some(found) = found(detector, grounded, aside)
    {
        each_text(&mut grounded.request, &mut |text, _| mask_in_place(detector, text));
        aside.each(grounded, &mut |text| mask_in_place(detector, text));
        grounded.untouched = false;
        verdicts.push(verdict(GUARD, "mask", found));
    }
    let Some(detector) = guard.of(PersonalAction::Pseudonymise) else { return Ok(None) };
    let Some(found) = found(detector, grounded, aside) else { return Ok(None) };
    verdicts.push(verdict(GUARD, "pseudonymise", found));
    let mut vault = pseudonymise(detector, before, said, grounded);
    aside.each(grounded, &mut |text| *text = vault.mask(text));
    Ok(Some(Arc::new(vault)))
}

/// Puts pseudonyms in the place of personal data.
fn pseudonymise(detector: &Arc<Detector>, before: Option<&Vault>, said: &[Message], grounded: &mut Grounded) -> Vault {
    let pairs = before.into_iter().flat_map(Vault::pairs).map(|(mark, value)| (mark, value.to_owned()));
    let mut vault = Vault::with_pairs(Arc::clone(detector), pairs);
    let mut put = |text: &mut String, form: Form| {
        let masked = match form {
            Form::Text => vault.mask(text),
            Form::Json => vault.mask_json(text),
        };
        *text = masked;
    };
    // A prompt around the conversation names others, and not the same ones in each request.
    if !grounded.untouched {
        each_part(&mut said.iter().flat_map(|message| message.parts.clone()).collect::<Vec<_>>(), &mut put);
    }
    each_text(&mut grounded.request, &mut put);
    grounded.untouched = false;
    vault
}

/// What of personal data a prompt holds, by kind, as a trace may tell it; `None` where there is none.
fn found(detector: &Detector, grounded: &mut Grounded, aside: &Aside) -> Option<String> {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = |text: &str| {
        for finding in detector.find(text) {
            *kinds.entry(finding.kind.to_owned()).or_default() += 1;
        }
    };
    each_text(&mut grounded.request, &mut |text, _| count(text));
    // Most passages stand in the prompt as well: they are not counted twice.
    if kinds.is_empty() {
        aside.clone().each(grounded, &mut |text| {
            detector.find(text).iter().for_each(|finding| *kinds.entry(finding.kind.to_owned()).or_default() += 1);
        });
    }
    let told: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    (!told.is_empty()).then(|| told.join(", "))
}
