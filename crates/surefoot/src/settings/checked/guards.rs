//! What the guards are to do.

use std::{collections::BTreeMap, sync::Arc};

use surefoot_gateway::guards::{
    AnswerAction, Guards, InjectionAction, InjectionGuard, InstructionsGuard, LinkGuard, Marks, PersonalAction,
    PersonalGuard, SecretAction, ToolGate,
};
use surefoot_guard::personal::{self, Detector, ON_REQUEST, Options, Own};

use super::Ground;
use crate::settings::{
    mistake::suggest,
    source::At,
    written::guard::{Guards as Written, Injection, Instructions, Links, Personal, Tools},
};

const SECRETS: [(&str, SecretAction); 4] = [
    ("off", SecretAction::Off),
    ("flag", SecretAction::Flag),
    ("mask", SecretAction::Mask),
    ("block", SecretAction::Block),
];
const PERSONAL: [(&str, Option<PersonalAction>); 5] = [
    ("off", None),
    ("flag", Some(PersonalAction::Flag)),
    ("mask", Some(PersonalAction::Mask)),
    ("pseudonymise", Some(PersonalAction::Pseudonymise)),
    ("block", Some(PersonalAction::Block)),
];
const INJECTION: [(&str, Option<InjectionAction>); 3] =
    [("off", None), ("flag", Some(InjectionAction::Flag)), ("block", Some(InjectionAction::Block))];
const LINKS: [(&str, Option<bool>); 3] = [("off", None), ("flag", Some(false)), ("neutralise", Some(true))];
const MARKS: [(&str, Marks); 3] = [("off", Marks::Off), ("functions", Marks::Functions), ("all", Marks::All)];
const TOOLS: [(&str, Option<AnswerAction>); 4] = [
    ("off", None),
    ("flag", Some(AnswerAction::Flag)),
    ("withhold", Some(AnswerAction::Withhold)),
    ("block", Some(AnswerAction::Block)),
];
const INSTRUCTIONS: [(&str, Option<AnswerAction>); 3] =
    [("off", None), ("flag", Some(AnswerAction::Flag)), ("block", Some(AnswerAction::Block))];

/// The score from which a text counts as an injection, unless the project says otherwise.
const THRESHOLD: f32 = 0.5;

/// Kinds with what is done about each.
type Actions = BTreeMap<String, PersonalAction>;

impl Ground<'_> {
    /// The guards: what is not written is as in `base`.
    pub(super) fn guards(&self, written: &Written, base: &Guards) -> Guards {
        Guards {
            secrets: self.choice("secrets", written.secrets.as_ref(), &SECRETS).unwrap_or(base.secrets),
            personal: written.personal.as_ref().map_or_else(|| base.personal.clone(), |one| self.personal(one)),
            injection: written.injection.as_ref().map_or(base.injection, |one| self.injection(one)),
            links: written.links.as_ref().map_or_else(|| base.links.clone(), |one| self.links(one)),
            marks: self.choice("marks", written.marks.as_ref(), &MARKS).unwrap_or(base.marks),
            tools: written.tools.as_ref().map_or_else(|| base.tools.clone(), |one| self.gate(one)),
            instructions: written.instructions.as_ref().map_or(base.instructions, |one| self.instructions(one)),
        }
    }

    fn gate(&self, written: &Tools) -> Option<Arc<ToolGate>> {
        let mut allowed = BTreeMap::new();
        for (tool, rule) in &written.allowed {
            match jsonschema::validator_for(rule) {
                Ok(rule) => drop(allowed.insert(tool.value.clone(), Arc::new(rule))),
                Err(error) => {
                    let message = format!("the rule for '{}' is not a JSON schema: {error}", tool.value);
                    self.mistakes.add(&tool.place, message, "Write it like an input of a function.".to_owned());
                }
            }
        }
        let action = self.choice("action", written.action.as_ref(), &TOOLS)??;
        if written.privileged.is_empty()
            && let Some(place) = written.action.as_ref().map(|action| &action.place)
        {
            let message = "no tool is privileged".to_owned();
            self.mistakes.add(place, message, "Name those that do something: privileged = [\"send_*\"].".to_owned());
        }
        let privileged: Vec<String> = written.privileged.iter().map(|tool| tool.value.clone()).collect();
        let gate = ToolGate { action, privileged, allowed };
        for (tool, _) in written.allowed.iter().filter(|(tool, _)| !gate.holds(&tool.value)) {
            let message = format!("'{}' has a rule and is not privileged", tool.value);
            self.mistakes.add(&tool.place, message, "Name it in `privileged`, or take its rule away.".to_owned());
        }
        Some(Arc::new(gate))
    }

    fn instructions(&self, written: &Instructions) -> Option<InstructionsGuard> {
        let action = self.choice("action", written.action.as_ref(), &INSTRUCTIONS)??;
        Some(InstructionsGuard { action, canary: written.canary.as_ref().is_none_or(|canary| canary.value) })
    }

    fn injection(&self, written: &Injection) -> Option<InjectionGuard> {
        let threshold = self.within("threshold", written.threshold.as_ref(), 0.0..=1.0);
        let action = self.choice("action", written.action.as_ref(), &INJECTION)??;
        Some(InjectionGuard { action, threshold: threshold.map_or(THRESHOLD, |threshold| threshold as f32) })
    }

    fn links(&self, written: &Links) -> Option<Arc<LinkGuard>> {
        for host in &written.allowed {
            if host.value.is_empty() || host.value.contains(['/', ':', '*', ' ']) {
                let message = format!("'{}' is not a host", host.value);
                self.mistakes.add(
                    &host.place,
                    message,
                    "Write it like `example.com`; its subdomains count as well.".to_owned(),
                );
            }
        }
        let allowed = written.allowed.iter().map(|host| host.value.to_lowercase()).collect();
        let neutralise = self.choice("action", written.action.as_ref(), &LINKS)??;
        Some(Arc::new(LinkGuard { neutralise, allowed }))
    }

    fn personal(&self, written: &Personal) -> Option<Arc<PersonalGuard>> {
        let own = self.own(written);
        let actions = self.actions(written, &own)?;
        let detector = |wanted: &dyn Fn(PersonalAction) -> bool| detector_of(&actions, &own, wanted);
        let all = [PersonalAction::Flag, PersonalAction::Mask, PersonalAction::Pseudonymise, PersonalAction::Block];
        let by_action: Vec<(PersonalAction, Arc<Detector>)> =
            all.into_iter().filter_map(|action| Some((action, detector(&|one| one == action)?))).collect();
        let unkept = detector(&|action| action != PersonalAction::Flag);
        (!by_action.is_empty()).then(|| Arc::new(PersonalGuard { by_action, unkept }))
    }

    /// The user's own kinds.
    fn own(&self, written: &Personal) -> Vec<(String, Own)> {
        let patterns = written.patterns.iter().map(|(name, pattern)| (name, Own::Pattern(pattern.value.clone())));
        let words = written
            .words
            .iter()
            .map(|(name, words)| (name, Own::Words(words.iter().map(|word| word.value.clone()).collect())));
        let mut own: Vec<(String, Own)> = Vec::new();
        for (name, one) in patterns.chain(words) {
            if personal::kinds().any(|kind| kind == name.value) || own.iter().any(|(other, _)| *other == name.value) {
                let message = format!("there is a kind '{}' already", name.value);
                self.mistakes.add(&name.place, message, "Give yours another name.".to_owned());
            }
            own.push((name.value.clone(), one));
        }
        for (name, pattern) in &written.patterns {
            let alone = Options { own: vec![(name.value.clone(), Own::Pattern(pattern.value.clone()))], ..none() };
            if let Err(message) = Detector::new(&alone) {
                self.mistakes.add(&pattern.place, message, "Try it out with `surefoot guard test`.".to_owned());
            }
        }
        own
    }

    /// What is done about each kind. `None` where nothing is.
    fn actions(&self, written: &Personal, own: &[(String, Own)]) -> Option<Actions> {
        let built_in = personal::kinds().map(|kind| -> &str { kind });
        let known: Vec<&str> = built_in.chain(own.iter().map(|(name, _)| name.as_str())).collect();
        let check = |kind: &At<String>| {
            let there = known.contains(&kind.value.as_str());
            if !there {
                let message = format!("there is no kind of personal data named '{}'", kind.value);
                self.mistakes.add(&kind.place, message, suggest(&kind.value, known.iter().copied(), "The kinds are"));
            }
            there
        };
        let kinds: Vec<String> = match &written.kinds {
            Some(kinds) => kinds.iter().filter(|kind| check(kind)).map(|kind| kind.value.clone()).collect(),
            None => personal::kinds().filter(|kind| !ON_REQUEST.contains(kind)).map(str::to_owned).collect(),
        };
        let common = self.choice("action", written.action.as_ref(), &PERSONAL)?;
        let names = kinds.into_iter().chain(own.iter().map(|(name, _)| name.clone()));
        let mut actions: Actions = names.filter_map(|kind| Some((kind, common?))).collect();
        for (kind, action) in written.by_kind.iter().filter(|(kind, _)| check(kind)) {
            match self.choice(&kind.value, Some(action), &PERSONAL) {
                Some(Some(action)) => drop(actions.insert(kind.value.clone(), action)),
                Some(None) => drop(actions.remove(&kind.value)),
                None => {}
            }
        }
        Some(actions)
    }
}

/// A detector for the kinds whose action is wanted; `None` where there are none, or where a pattern is wrong, which
/// was told where it stands.
fn detector_of(
    actions: &Actions,
    own: &[(String, Own)],
    wanted: &dyn Fn(PersonalAction) -> bool,
) -> Option<Arc<Detector>> {
    let names = || actions.iter().filter(|(_, action)| wanted(**action)).map(|(kind, _)| kind);
    let own: Vec<(String, Own)> = own.iter().filter(|(name, _)| names().any(|kind| kind == name)).cloned().collect();
    let kinds = names().filter(|kind| !own.iter().any(|(name, _)| name == *kind)).cloned().collect();
    let options = Options { kinds, own, ..none() };
    let wanted = !options.kinds.is_empty() || !options.own.is_empty();
    wanted.then(|| Detector::new(&options).ok().map(Arc::new))?
}

/// Looks for nothing.
fn none() -> Options {
    Options { kinds: std::collections::BTreeSet::new(), ..Options::default() }
}
