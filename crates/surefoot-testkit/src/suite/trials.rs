//! Experiments.

use std::sync::Arc;

use serde_json::json;
use surefoot_types::{
    Timestamp,
    experiment::{KeptExperiment, Observed, Trial},
    feedback::FeedbackValue,
    ports::{Record, Store},
    trace::{Outcome, Trace},
};

use crate::samples::{feedback, moment, trace, trace_id};

/// What keeps experiments.
///
/// # Panics
/// Where the backend does not.
pub async fn trials(store: &dyn Store) {
    observed(store).await;
    kept(store).await;
    gone(store).await;
}

fn tried(n: u64) -> Trace {
    let mut one = trace(n);
    one.at = Timestamp::from_millisecond(one.at.as_millisecond()).unwrap_or(one.at);
    one.variant = Some(format!("v{}", n % 2));
    one.user = Some(format!("user-{n}"));
    one.trial = Some(Trial { experiment: format!("answer.{}", n % 3), unit: format!("unit-{n}"), share: 0.25 });
    one
}

/// Requests come with their traces; those that the caller gave up do not count.
async fn observed(store: &dyn Store) {
    for n in 1..=9 {
        let mut one = tried(n);
        match n {
            4 => one.trial = None,
            7 => one.outcome = Outcome::Cancelled,
            5 => (one.outcome, one.cost) = (Outcome::Failed, None),
            _ => {}
        }
        store.record_add(Record::of(Arc::new(one))).await.expect("a record is kept");
        store.feedback_add(&feedback(n, trace_id(n), FeedbackValue::Boolean(true))).await.expect("feedback is kept");
    }
    store.feedback_add(&feedback(10, trace_id(2), FeedbackValue::Boolean(false))).await.expect("feedback is kept");
    assert_eq!(store.trial_count("answer.2").await, Ok((3, 4)));
    assert_eq!(store.trial_count("none").await, Ok((0, 0)));
    let listed = store.trial_list("answer.2").await.expect("a list");
    let failed = Trace { outcome: Outcome::Failed, cost: None, ..tried(5) };
    let expected: Vec<Observed> =
        [tried(2), failed, tried(8)].iter().filter_map(|one| Some(Observed::of(one)?.1)).collect();
    assert_eq!(listed, expected);
    let others = store.trial_list("answer.1").await.map(|all| all.len());
    assert_eq!(others, Ok(1), "neither one that was none, nor one that was given up");
    let said = store.trial_feedback("answer.2").await.expect("a list");
    assert_eq!(said.iter().map(|one| one.trace_id).collect::<Vec<_>>(), [2, 5, 8, 2].map(trace_id));
}

/// Of two who change the same revision one does.
async fn kept(store: &dyn Store) {
    let state = |revision, body: &str| KeptExperiment { id: "answer.2".into(), revision, body: json!({"is": body}) };
    assert_eq!(store.experiment_get("answer.2").await, Ok(None));
    for (one, is_kept) in [
        (state(2, "too early"), false),
        (state(1, "begun"), true),
        (state(1, "begun twice"), false),
        (state(2, "further"), true),
        (state(2, "further twice"), false),
        (state(4, "too far"), false),
    ] {
        assert_eq!(store.experiment_put(&one).await, Ok(is_kept), "{one:?}");
    }
    assert_eq!(store.experiment_get("answer.2").await, Ok(Some(state(2, "further"))));
    assert_eq!(store.experiment_list().await, Ok(vec![state(2, "further")]));
}

/// They go with their traces.
async fn gone(store: &dyn Store) {
    store.user_erase("user-2", moment(100)).await.expect("a user is erased");
    assert_eq!(store.trial_count("answer.2").await, Ok((2, 2)));
    store.trace_prune(moment(6), 100).await.expect("traces go");
    assert_eq!(store.trial_count("answer.2").await, Ok((1, 1)));
}
