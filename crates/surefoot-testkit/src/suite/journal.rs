//! Traces and feedback.

use std::sync::Arc;

use surefoot_types::{
    feedback::{Choice, Feedback, FeedbackValue},
    ports::{Journal, Record, Search, TraceFilter},
    trace::Outcome,
};

use crate::samples::{charged, feedback, moment, trace, trace_id};

/// What a journal does.
///
/// # Panics
/// Where the backend does not.
pub async fn journal(journal: &dyn Journal) {
    empty(journal).await;
    kept_whole(journal).await;
    listed(journal).await;
    searched(journal).await;
    feedback_kept(journal).await;
    pruned(journal).await;
}

async fn empty(journal: &dyn Journal) {
    assert_eq!(journal.trace_get(trace_id(1)).await, Ok(None));
    assert_eq!(journal.trace_list(&TraceFilter::default(), 10).await, Ok(vec![]));
    assert_eq!(journal.feedback_list(trace_id(1)).await, Ok(vec![]));
}

async fn kept_whole(journal: &dyn Journal) {
    for n in 1..=6 {
        let mut trace = trace(n);
        if n == 4 {
            (trace.outcome, trace.asked, trace.cost) = (Outcome::Failed, "fast".into(), None);
            trace.question = "100 % of_it: \u{1F600} 'quoted'".into();
        }
        if n % 2 == 0 {
            (trace.key, trace.tenant) = (Some("app".into()), Some(format!("tenant-{n}")));
            trace.user = Some("u-1".into());
        }
        journal.record_add(Record::of(Arc::new(trace.clone()))).await.expect("a record is kept");
        assert_eq!(journal.trace_get(trace.id).await, Ok(Some(trace)));
    }
    // The same id again changes nothing, nor does a record that is not to be kept show.
    let again = trace_with_another_answer(6);
    journal.record_add(again).await.expect("a record that is there already");
    let kept = journal.trace_get(trace_id(6)).await.expect("a trace").expect("it is there");
    assert_eq!(kept.answer, trace(6).answer);
    journal.record_add(charged(7, vec![])).await.expect("a record is counted");
    assert_eq!(journal.trace_get(trace_id(7)).await, Ok(None));
}

fn trace_with_another_answer(n: u64) -> Record {
    let mut trace = trace(n);
    trace.answer.clear();
    Record::of(Arc::new(trace))
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
        ("by key", TraceFilter { key: Some("app".into()), ..all.clone() }, 10, vec![6, 4, 2]),
        ("by tenant", TraceFilter { tenant: Some("tenant-4".into()), ..all.clone() }, 10, vec![4]),
        (
            "by end user",
            TraceFilter { user: Some("u-1".into()), before: Some(trace_id(6)), ..all.clone() },
            10,
            vec![4, 2],
        ),
        ("by a tenant without traces", TraceFilter { tenant: Some("t".into()), ..all.clone() }, 10, vec![]),
        ("since a moment", TraceFilter { since: Some(moment(5)), ..all.clone() }, 10, vec![6, 5]),
        (
            "by two things",
            TraceFilter { session: Some("session-0".into()), key: Some("app".into()), ..all.clone() },
            10,
            vec![6],
        ),
        (
            "by everything",
            TraceFilter {
                asked: Some("fast".into()),
                outcome: Some(Outcome::Failed),
                session: Some("session-1".into()),
                key: Some("app".into()),
                tenant: Some("tenant-4".into()),
                user: Some("u-1".into()),
                before: Some(trace_id(5)),
                since: Some(moment(4)),
            },
            10,
            vec![4],
        ),
    ] {
        let found = journal.trace_list(&filter, limit).await.expect(name);
        let ids: Vec<_> = found.iter().map(|summary| summary.id).collect();
        assert_eq!(ids, expected.into_iter().map(trace_id).collect::<Vec<_>>(), "{name}");
    }
    let newest = journal.trace_list(&TraceFilter::default(), 2).await.expect("a list");
    assert_eq!(newest[1], trace(5).summary());
}

async fn searched(journal: &dyn Journal) {
    let all = TraceFilter::default();
    let app = TraceFilter { key: Some("app".into()), ..all.clone() };
    let from = |n| TraceFilter { before: Some(trace_id(n)), ..all.clone() };
    for (name, text, filter, (most, limit), expected, stopped_at) in [
        ("whatever its case", "QUESTION 2", all.clone(), (100, 10), vec![2], None),
        ("with wildcards in it", "% of_it", all.clone(), (100, 10), vec![4], None),
        ("within a filter", "question", app.clone(), (100, 10), vec![6, 2], None),
        ("in nothing", "none", all.clone(), (100, 10), vec![], None),
        ("in a page", "question", all.clone(), (100, 2), vec![6, 5], Some(5)),
        ("in the next page", "question", from(5), (100, 10), vec![3, 2, 1], None),
        ("in as many as may be looked at", "none", all.clone(), (4, 10), vec![], Some(3)),
        ("in as many of those that fit", "none", app, (2, 10), vec![], Some(4)),
        ("in the rest", "question 1", from(3), (2, 10), vec![1], Some(1)),
        ("after the last", "question", from(1), (2, 10), vec![], None),
    ] {
        let search = Search { text: text.into(), filter, most };
        let found = journal.trace_search(&search, limit).await.expect(name);
        let ids: Vec<_> = found.traces.iter().map(|summary| summary.id).collect();
        assert_eq!(ids, expected.into_iter().map(trace_id).collect::<Vec<_>>(), "{name}");
        assert_eq!(found.stopped_at, stopped_at.map(trace_id), "{name}");
    }
}

async fn feedback_kept(journal: &dyn Journal) {
    let said = [
        feedback(1, trace_id(1), FeedbackValue::Boolean(true)),
        feedback(2, trace_id(1), FeedbackValue::Number(0.5)),
        Feedback {
            span: Some("ground".into()),
            session: Some("s".into()),
            user: Some("u".into()),
            ..feedback(3, trace_id(1), FeedbackValue::Text("no: 'it' is 7".into()))
        },
        feedback(4, trace_id(1), FeedbackValue::Withdrawn),
        feedback(5, trace_id(1), FeedbackValue::Choice(Choice { chosen: trace_id(1), over: vec![trace_id(2)] })),
    ];
    for one in &said {
        journal.feedback_add(one).await.expect("feedback is kept");
    }
    assert_eq!(journal.feedback_list(trace_id(1)).await, Ok(said.to_vec()));
    assert_eq!(journal.feedback_list(trace_id(2)).await, Ok(vec![]));
}

async fn pruned(journal: &dyn Journal) {
    assert_eq!(journal.trace_prune(moment(4), 2).await, Ok(2));
    assert_eq!(journal.trace_get(trace_id(1)).await, Ok(None), "the oldest goes first");
    assert_eq!(journal.feedback_list(trace_id(1)).await, Ok(vec![]), "and what was said about it");
    assert_eq!(journal.trace_prune(moment(4), 2).await, Ok(1));
    assert_eq!(journal.trace_prune(moment(4), 2).await, Ok(0));
    let left = journal.trace_list(&TraceFilter::default(), 10).await.expect("a list");
    assert_eq!(left.iter().map(|summary| summary.id).collect::<Vec<_>>(), [6, 5, 4].map(trace_id));
}
