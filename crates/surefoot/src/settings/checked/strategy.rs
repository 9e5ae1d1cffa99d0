//! How a variant uses models.

use std::sync::Arc;

use surefoot_gateway::project::{BestOf, Cascade, Check, Model, Strategy, Vote};

use super::{Ground, models::Models};
use crate::settings::{
    source::At,
    written::{Written, strategy as written, variant::Variant},
};

/// Answers where nothing is said.
const BEST_OF: usize = 3;
const VOTE: usize = 5;

/// What a function has that its variants may use, or its answers be checked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Checkable {
    /// It has knowledge.
    pub(super) grounded: bool,
    /// It has an output schema.
    pub(super) shaped: bool,
    /// It has examples.
    pub(super) exemplary: bool,
}

impl Ground<'_> {
    /// The strategy of a variant whose own model is `model`.
    pub(super) fn strategy(
        &self,
        all: &Written,
        variant: &Variant,
        model: &Arc<Model>,
        models: &Models,
        checkable: Checkable,
    ) -> Option<Strategy> {
        for (place, _) in variant.strategies.iter().skip(1) {
            let message = "a variant has one strategy";
            self.mistakes.add(place, message, "Keep one of [cascade], [best_of] and [vote].".to_owned());
        }
        let judge = |named: &Option<At<String>>| named.as_ref().map(|name| models.model(self, &all.root, name));
        match variant.strategies.first().map(|(_, strategy)| strategy) {
            None => Some(Strategy::Single),
            Some(written::Strategy::Cascade(written)) => {
                let then = written.then.iter().map(|name| models.model(self, &all.root, name));
                let then: Option<Vec<Arc<Model>>> = then.collect();
                let then = then.filter(|then| !then.is_empty())?;
                let judge = judge(&written.judge).unwrap_or_else(|| then.last().cloned());
                let checks = self.checks(written, judge, checkable);
                Some(Strategy::Cascade(Cascade { then, checks }))
            }
            Some(written::Strategy::BestOf(written)) => {
                let answers = self.count("answers", written.answers.as_ref(), 10).unwrap_or(BEST_OF);
                let judge = judge(&written.judge).unwrap_or_else(|| Some(Arc::clone(model)))?;
                Some(Strategy::BestOf(BestOf { answers, judge, prompt: written.prompt.as_ref()?.value.clone() }))
            }
            Some(written::Strategy::Vote(written)) => {
                let answers = self.count("answers", written.answers.as_ref(), 15).unwrap_or(VOTE);
                Some(Strategy::Vote(Vote { answers, field: written.field.as_ref().map(|field| field.value.clone()) }))
            }
        }
    }

    fn count(&self, what: &str, written: Option<&At<i64>>, most: i64) -> Option<usize> {
        self.within(what, written, 2..=most).and_then(|count| usize::try_from(count).ok())
    }

    fn checks(&self, written: &written::Cascade, judge: Option<Arc<Model>>, checkable: Checkable) -> Vec<Check> {
        let named = [("schema", Check::Schema), ("citations", Check::Citations), ("abstains", Check::Answers)];
        let mut checks = Vec::new();
        for name in &written.when {
            match named.iter().find(|(known, _)| *known == name.value) {
                Some((_, Check::Schema)) if !checkable.shaped => {
                    let message = "the function has no output schema that an answer could fail to fit";
                    self.mistakes.add(&name.place, message, "Write one in function.toml, under [output].".to_owned());
                }
                Some((_, Check::Citations | Check::Answers)) if !checkable.grounded => {
                    let message = format!("the function has no knowledge, so that '{}' says nothing", name.value);
                    self.mistakes.add(&name.place, message, "Add `knowledge = \"…\"` to function.toml.".to_owned());
                }
                Some((_, check)) => checks.push(check.clone()),
                None => self.unknown("check", name, named.iter().map(|(name, _)| *name), "The checks are"),
            }
        }
        // The dearer the check, the later.
        checks.extend(written.logprob.as_ref().map(|least| Check::Logprob(least.value)));
        let unless = written.unless.as_ref().zip(judge);
        checks.extend(unless.map(|(of, judge)| Check::Confidence { of: of.value.clone(), judge }));
        if checks.is_empty() && written.when.is_empty() && written.unless.is_none() {
            let message = "nothing sends an answer of this cascade on";
            let hint = "Say what does: `when = [\"abstains\"]`, `unless = \"…\"` or `logprob = -0.5`.";
            self.mistakes.add(&written.place, message, hint.to_owned());
        }
        checks
    }
}
