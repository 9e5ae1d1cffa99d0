//! Traces and feedback.

use std::sync::Arc;

use surefoot_types::{
    Money,
    feedback::FeedbackValue,
    ports::{Journal, TraceFilter},
    trace::Outcome,
};

use crate::samples::{feedback, moment, trace, trace_id};

/// What a journal does.
///
/// # Panics
/// Where the backend does not.
pub async fn journal(journal: &dyn Journal) {
    empty(journal).await;
    kept_whole(journal).await;
    listed(journal).await;
    feedback_kept(journal).await;
}

async fn empty(journal: &dyn Journal) {
    assert_eq!(journal.trace_get(trace_id(1)).await, Ok(None));
    assert_eq!(journal.trace_list(&TraceFilter::default(), 10).await, Ok(vec![]));
    assert_eq!(journal.trace_cost_since(moment(0)).await, Ok(Money::ZERO));
    assert_eq!(journal.feedback_list(trace_id(1)).await, Ok(vec![]));
}

async fn kept_whole(journal: &dyn Journal) {
    for n in 1..=6 {
        let mut trace = trace(n);
        if n == 4 {
            (trace.outcome, trace.asked, trace.cost) = (Outcome::Failed, "fast".into(), None);
            trace.question = "100 % of_it: \u{1F600} 'quoted'".into();
        }
        journal.trace_add(Arc::new(trace.clone())).await.expect("a trace is kept");
        assert_eq!(journal.trace_get(trace.id).await, Ok(Some(trace)));
    }
    // The same id again replaces it.
    let mut again = trace(6);
    again.answer.clear();
    journal.trace_add(Arc::new(again.clone())).await.expect("a trace is replaced");
    assert_eq!(journal.trace_get(again.id).await, Ok(Some(again)));
    assert_eq!(journal.trace_cost_since(moment(3)).await, Ok(Money::nanos(3_000)));
}

async fn listed(journal: &dyn Journal) {
    let all = TraceFilter::default();
    for (name, filter, limit, expected) in [
        ("all, newest first", all.clone(), 10, vec![6, 5, 4, 3, 2, 1]),
        ("a page", all.clone(), 2, vec![6, 5]),
        ("the next page", TraceFilter { before: Some(trace_id(5)), ..all.clone() }, 2, vec![4, 3]),
        ("by name", TraceFilter { asked: Some("fast".into()), ..all.clone() }, 10, vec![4]),
        ("by outcome", TraceFilter { outcome: Some(Outcome::Answered), ..all.clone() }, 10, vec![6, 5, 3, 2, 1]),
        ("by session", TraceFilter { session: Some("session-0".into()), ..all.clone() }, 10, vec![6, 3]),
        ("by text, whatever its case", TraceFilter { text: Some("QUESTION 2".into()), ..all.clone() }, 10, vec![2]),
        ("by text with wildcards in it", TraceFilter { text: Some("% of_it".into()), ..all.clone() }, 10, vec![4]),
        ("since a moment", TraceFilter { since: Some(moment(5)), ..all.clone() }, 10, vec![6, 5]),
        (
            "by two things",
            TraceFilter { session: Some("session-0".into()), text: Some("6".into()), ..all },
            10,
            vec![6],
        ),
    ] {
        let found = journal.trace_list(&filter, limit).await.expect(name);
        let ids: Vec<_> = found.iter().map(|summary| summary.id).collect();
        assert_eq!(ids, expected.into_iter().map(trace_id).collect::<Vec<_>>(), "{name}");
    }
    let newest = journal.trace_list(&TraceFilter::default(), 2).await.expect("a list");
    assert_eq!(newest[1], trace(5).summary());
}

async fn feedback_kept(journal: &dyn Journal) {
    let said = [
        feedback(1, trace_id(1), FeedbackValue::Boolean(true)),
        feedback(2, trace_id(1), FeedbackValue::Number(0.5)),
        feedback(3, trace_id(1), FeedbackValue::Text("no: 'it' is 7".into())),
    ];
    for one in &said {
        journal.feedback_add(one).await.expect("feedback is kept");
    }
    assert_eq!(journal.feedback_list(trace_id(1)).await, Ok(said.to_vec()));
    assert_eq!(journal.feedback_list(trace_id(2)).await, Ok(vec![]));
}
