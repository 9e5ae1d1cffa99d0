//! What people would say of a run's answers: its judges' rates, corrected by answers that people labelled.

use std::sync::Arc;

use anyhow::ensure;
use surefoot_lab::evals::{
    self, Dataset, Finished, Grader,
    calibrate::{self, Calibration},
    report::percent,
};

use crate::{
    assemble::{GatewaySubject, House},
    terminal::{bar, say},
};

/// Compares every judge of the eval with the labels, and corrects its pass rate in the run.
pub(super) async fn corrected(
    house: &House,
    eval: &evals::Eval,
    labels: &Dataset,
    finished: &Finished,
    at_once: u16,
) -> anyhow::Result<Vec<Calibration>> {
    let subject = GatewaySubject::new(house.gateway.clone(), Arc::clone(&house.store) as _);
    let mut told = Vec::new();
    for spec in eval.graders.iter().filter(|spec| spec.asks()) {
        let grader = Grader::compile(spec, eval.home()).map_err(anyhow::Error::msg)?;
        let bar = bar(labels.cases().len() as u64, grader.name());
        let progress = |done| bar.set_position(done);
        let cases = &finished.cases;
        let one = calibrate::calibrate(&grader, labels, &subject, at_once.into(), cases, &progress).await;
        bar.finish_and_clear();
        told.push(one.map_err(|wrong| anyhow::anyhow!("the labels: {}", wrong.join("\n")))?);
    }
    ensure!(!told.is_empty(), "no grader of '{}' asks a judge: there is nothing to correct", eval.name);
    Ok(told)
}

pub(super) fn shown(calibration: &Calibration) {
    let name = &calibration.grader;
    match &calibration.corrected {
        Some(told) => say(format!(
            "  {name}: people would pass {} (95 % interval {} to {}), the judge passes {} of {} answers",
            percent(told.people.value),
            percent(told.people.low),
            percent(told.people.high),
            percent(told.judge),
            told.answers
        )),
        None => say(format!("  {name}: too few labels to correct the judge by")),
    }
}
