//! A cheap model first, and a stronger one where a check of its answer fails.

use surefoot_types::{
    Citation, Code, Fault, Retry,
    conversation::{Answer, words},
};

use super::{
    Asking, Chosen,
    draft::{Ask, Draft},
};
use crate::{
    accounts::Hold,
    project::{Cascade, Check},
    record::Tale,
    screen::Screened,
    verify::Shape,
};

impl Asking<'_> {
    /// Asks one model after the other, until an answer passes the checks. The last one's is taken as it is; where
    /// there is none, what there is of those before it.
    pub(super) async fn cascade(
        &self,
        cascade: &Cascade,
        shape: Option<&Shape>,
        tale: &mut Tale,
        hold: &mut Hold,
    ) -> Result<Chosen, Fault> {
        let prompt = self.with_logprobs(cascade);
        let mut weak: Option<Draft> = None;
        let mut why = Vec::new();
        for step in 0..=cascade.then.len() {
            let model = step.checked_sub(1).map_or(&self.plan.model, |at| &cascade.then[at]);
            let last = step == cascade.then.len();
            let prompt = if last { self.prompt } else { &prompt };
            let ask = Ask { model, prompt, purpose: format!("step {}", step + 1), held: step == 0 };
            match self.draft(&ask, tale, hold).await {
                Ok(draft) if last => return Ok(chosen(draft, step, &why)),
                Ok(mut draft) => match self.failed(cascade, shape, &draft, tale, hold).await? {
                    None => {
                        self.without_logprobs(&mut draft);
                        return Ok(chosen(draft, step, &why));
                    }
                    Some(check) => {
                        why.push(format!("step {} {check}", step + 1));
                        weak = Some(draft);
                    }
                },
                Err(fault) if gives_up(&fault) => return Err(fault),
                Err(fault) => {
                    why.push(format!("step {} failed ({})", step + 1, fault.code.name()));
                    if last {
                        let Some(mut draft) = weak else { return Err(fault) };
                        self.without_logprobs(&mut draft);
                        let how = format!("cascade: the best there is, since {}", why.join(", "));
                        return Ok(Chosen { draft, how: Some(how) });
                    }
                }
            }
        }
        Err(Fault::internal("a cascade has a last step"))
    }

    /// The first check that an answer does not pass, in words.
    async fn failed(
        &self,
        cascade: &Cascade,
        shape: Option<&Shape>,
        draft: &Draft,
        tale: &mut Tale,
        hold: &mut Hold,
    ) -> Result<Option<String>, Fault> {
        let answer = &draft.whole.answer;
        let said = words(&answer.parts);
        let grounding = self.parts.grounding.as_deref();
        for check in &cascade.checks {
            let failed = match check {
                Check::Schema => shape
                    .filter(|shape| shape.fit_answer(&mut answer.clone()).is_err())
                    .map(|_| "does not fit the schema".to_owned()),
                Check::Citations => {
                    let (told, hits) = (draft.prompt.restored(&said), &draft.prompt.grounded.hits);
                    let citations = grounding.map(|it| it.verify(&told, hits)).unwrap_or_default();
                    let holds = !citations.is_empty() && citations.iter().all(Citation::holds);
                    (!holds).then(|| "has citations that do not hold, or none".to_owned())
                }
                Check::Answers => grounding.filter(|it| it.abstains(&said)).map(|_| "does not answer".to_owned()),
                Check::Confidence { of, judge } => match self.holds(of, judge, &said, tale, hold).await {
                    Ok(true) => None,
                    Ok(false) => Some("did not convince the judge".to_owned()),
                    Err(fault) if fault.code == Code::Cancelled => return Err(fault),
                    // Without a verdict nobody knows: that is no reason to take it.
                    Err(_) => Some("has no verdict of the judge's".to_owned()),
                },
                Check::Logprob(least) => match mean_logprob(answer) {
                    Some(mean) if mean >= *least => None,
                    Some(mean) => Some(format!("has a mean log probability of {mean:.2}")),
                    None => Some("tells no log probabilities".to_owned()),
                },
            };
            if failed.is_some() {
                return Ok(failed);
            }
        }
        Ok(None)
    }

    /// The prompt, asking for what the checks need.
    fn with_logprobs(&self, cascade: &Cascade) -> Screened {
        let mut prompt = self.prompt.clone();
        if cascade.checks.iter().any(|check| matches!(check, Check::Logprob(_))) {
            prompt.grounded.request.parameters.logprobs = Some(true);
            prompt.grounded.untouched = false;
        }
        prompt
    }

    /// What only the checks needed is not the caller's.
    fn without_logprobs(&self, draft: &mut Draft) {
        if self.prompt.grounded.request.parameters.logprobs != Some(true) && !draft.whole.answer.logprobs.is_empty() {
            draft.whole.answer.logprobs.clear();
            draft.whole.raw = None;
        }
    }
}

/// Whether a fault ends the request: its caller is gone, or it is wrong for every model. What a budget or a limit
/// refuses only ends the climb.
fn gives_up(fault: &Fault) -> bool {
    fault.code == Code::Cancelled || (fault.code == Code::BadRequest && fault.retry == Retry::Never)
}

fn chosen(draft: Draft, step: usize, why: &[String]) -> Chosen {
    let how = match why {
        [] => format!("cascade: step {}", step + 1),
        why => format!("cascade: step {}, since {}", step + 1, why.join(", ")),
    };
    Chosen { draft, how: Some(how) }
}

fn mean_logprob(answer: &Answer) -> Option<f64> {
    let count = answer.logprobs.len();
    (count > 0).then(|| answer.logprobs.iter().map(|token| token.logprob).sum::<f64>() / count as f64)
}
