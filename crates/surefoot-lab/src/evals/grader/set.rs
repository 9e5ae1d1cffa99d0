//! Several graders as one: assert-set.

use surefoot_types::run::{Grade, Verdict};

use super::{Finding, Found};

/// The grade of a set from those of its members with their weights. Without a threshold all that apply
/// must pass; with one, their weighted mean score must reach it. One error makes the whole an error: what
/// could not be graded is not weighed as if it had failed.
pub(super) fn together(members: &[(f64, Grade)], threshold: Option<f64>) -> Found {
    let told = |verdict| {
        let those = members.iter().filter(|(_, grade)| grade.verdict == verdict);
        those.map(|(_, grade)| format!("{}: {}", grade.grader, grade.reason)).collect::<Vec<_>>().join("; ")
    };
    let any = |verdict| members.iter().any(|(_, grade)| grade.verdict == verdict);
    if any(Verdict::Error) {
        return Err(told(Verdict::Error));
    }
    let applies = |grade: &Grade| matches!(grade.verdict, Verdict::Pass | Verdict::Fail);
    let (mut reached, mut possible) = (0.0, 0.0);
    for (weight, grade) in members.iter().filter(|(_, grade)| applies(grade)) {
        let plain = if grade.verdict == Verdict::Pass { 1.0 } else { 0.0 };
        reached += weight * grade.score.unwrap_or(plain);
        possible += weight;
    }
    if possible == 0.0 {
        return Ok(Finding::undefined("no grader of the set applies, or all weigh nothing"));
    }
    let score = reached / possible;
    if let Some(threshold) = threshold {
        return Ok(Finding::scored(score, threshold, "the set's score"));
    }
    let failed = any(Verdict::Fail);
    let fact = if failed { told(Verdict::Fail) } else { "all graders of the set that apply pass".to_owned() };
    Ok(Finding { score: Some(score), ..Finding::of(!failed, fact) })
}
