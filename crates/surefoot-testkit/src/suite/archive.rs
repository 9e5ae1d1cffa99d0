//! The audit log, and erasure.

use std::sync::Arc;

use futures_util::future::join_all;
use surefoot_types::{
    Money,
    audit::verify,
    budget::{AccountId, Charge, Per},
    erasure::{Erasure, user_hash},
    feedback::{Feedback, FeedbackValue},
    ports::{Archive, Change, Record, Store},
    spend::{By, SpendQuery, Step},
    trace::Trace,
};

use crate::samples::{audit, case, document, feedback, moment, record, run, trace_id};

/// What an archive does.
///
/// # Panics
/// Where the backend does not.
pub async fn archive(store: &dyn Store) {
    audited(store).await;
    erased(store).await;
}

async fn audited(archive: &dyn Archive) {
    assert_eq!(archive.audit_list(0, 10).await, Ok(vec![]));
    let drafts: Vec<_> = (1..=20).map(audit).collect();
    let added = join_all(drafts.iter().map(|draft| archive.audit_add(draft))).await;
    let mut added: Vec<_> = added.into_iter().collect::<Result<_, _>>().expect("events are kept");
    added.sort_by_key(|event| event.number);
    let all = archive.audit_list(0, 100).await.expect("events");
    assert_eq!(all, added, "what was told is what is there");
    assert!(drafts.iter().all(|draft| all.iter().any(|event| event.draft == *draft)));
    let first = verify((0, String::new()), &archive.audit_list(0, 7).await.expect("a page")).expect("it holds");
    let rest = archive.audit_list(first.0, 100).await.expect("a page");
    assert_eq!(verify(first, &rest), Ok((20, all[19].hash.clone())));
}

const USER: &str = "ann'|%é@example.com";
const OTHER: &str = "ann";

/// Two users with the same of everything; one of them goes.
async fn erased(store: &dyn Store) {
    for (n, user) in [(1, USER), (2, OTHER), (3, USER)] {
        store.record_add(of(n, user)).await.expect("a record is kept");
        store.feedback_add(&feedback(n, trace_id(n), FeedbackValue::Boolean(true))).await.expect("feedback");
    }
    let elsewhere = Feedback { user: Some(USER.into()), ..feedback(4, trace_id(2), FeedbackValue::Boolean(false)) };
    store.feedback_add(&elsewhere).await.expect("feedback on somebody else's trace");
    let head = run(1, "answer");
    store.run_put(&head).await.expect("a run is kept");
    for n in 1..=3 {
        let mut one = case(&n.to_string());
        one.trace_id = (n < 3).then(|| trace_id(n));
        store.run_case_add(head.id, &one).await.expect("a case is kept");
    }
    for (n, path, owner) in [(1, "theirs.md", Some(USER)), (2, "other.md", Some(OTHER)), (3, "ours.md", None)] {
        put(store, n, path, owner).await;
    }
    let before = store.change_latest("docs").await.expect("a number");

    let told = store.user_erase(USER, moment(50)).await.expect("a user is erased");
    for (kind, many) in [("traces", 2), ("feedback", 3), ("spend_rows", 1), ("accounts", 1), ("run_cases", 1)] {
        assert_eq!(told.counts.get(kind), Some(&many), "{kind}");
    }
    assert_eq!((told.counts.get("documents"), told.counts.get("passages")), (Some(&1), Some(&2)));
    assert_eq!(told.documents, ["docs/theirs.md"]);
    gone(store).await;
    untouched(store).await;
    documents(store, before).await;
    late(store).await;

    let again = store.user_erase(USER, moment(60)).await.expect("a user is erased again");
    assert_eq!((again.number > told.number, again.counts.get("traces")), (true, Some(&1)));
    let erasure = |number, at| Erasure { number, user: user_hash(USER), at: moment(at) };
    let all = [erasure(told.number, 50), erasure(again.number, 60)];
    assert_eq!(store.erasure_list(0).await, Ok(all.to_vec()));
    assert_eq!(store.erasure_list(told.number).await, Ok(all[1..].to_vec()));
}

fn of(n: u64, user: &str) -> Record {
    let account = AccountId::new("budget:monthly", &Per::User, user, moment(0));
    let charges = vec![
        Charge { account, amount: 5, holder: "h".into() },
        Charge { account: total(), amount: 5, holder: "h".into() },
    ];
    Record { charges, ..record(n, Some(user)) }
}

fn total() -> AccountId {
    AccountId::new("budget:total", &Per::All, "", moment(0))
}

async fn put(store: &dyn Store, n: u64, path: &str, owner: Option<&str>) {
    let (mut one, passages, vectors) = document(n, "docs", path, "two words");
    one.owner = owner.map(str::to_owned);
    store.document_put(&one, &passages, &vectors).await.expect("a document is kept");
}

async fn spent(store: &dyn Store, by: By) -> Vec<(String, Money)> {
    let query = SpendQuery { by, name: None, since: moment(0), until: None, step: Step::Whole };
    let rows = store.spend_list(&query).await.expect("a report");
    rows.into_iter().map(|row| (row.name, row.sums.cost)).collect()
}

async fn gone(store: &dyn Store) {
    for n in [1, 3] {
        assert_eq!(store.trace_get(trace_id(n)).await, Ok(None));
        assert_eq!(store.feedback_list(trace_id(n)).await, Ok(vec![]));
    }
    assert_eq!(spent(store, By::User).await, [(OTHER.into(), Money::nanos(1_000))]);
    let accounts = store.account_list("budget:monthly").await.expect("accounts");
    assert!(accounts.len() == 1 && accounts[0].account.is_of_user(OTHER), "{accounts:?}");
    let cases = store.run_cases(run(1, "answer").id).await.expect("cases");
    assert_eq!(cases.iter().map(|case| case.case_id.as_str()).collect::<Vec<_>>(), ["2", "3"]);
}

async fn untouched(store: &dyn Store) {
    let kept: Option<Trace> = store.trace_get(trace_id(2)).await.expect("a trace");
    assert_eq!(kept, Some(Arc::unwrap_or_clone(of(2, OTHER).trace)));
    assert_eq!(store.feedback_list(trace_id(2)).await.map(|all| all.len()), Ok(1));
    assert_eq!(spent(store, By::All).await, [(String::new(), Money::nanos(3_000))], "what it cost is no secret");
    let accounts = store.account_list(total().as_str()).await.expect("accounts");
    assert_eq!(accounts[0].spent, 15);
}

/// What a user owned goes, is told to indexes, and does not come back unchanged.
async fn documents(store: &dyn Store, before: u64) {
    let paths = async || {
        let stamps = store.document_stamps("docs").await.expect("stamps");
        stamps.into_iter().map(|stamp| stamp.path).collect::<Vec<_>>()
    };
    assert_eq!(paths().await, ["other.md", "ours.md"]);
    let changes = store.change_list("docs", before, 10).await.expect("changes");
    assert!(matches!(&changes[..], [(_, Change::Removed { keys })] if keys.len() == 2), "{changes:?}");
    let hash = document(1, "docs", "theirs.md", "").0.hash;
    assert_eq!(store.tombstone_list("docs").await, Ok(vec![hash]));
    assert_eq!(store.tombstone_list("other").await, Ok(vec![]));
    put(store, 1, "theirs.md", None).await;
    assert_eq!(paths().await, ["other.md", "ours.md"], "the same file is not kept");
    put(store, 4, "theirs.md", None).await;
    assert_eq!(paths().await, ["other.md", "ours.md", "theirs.md"], "another is");
}

/// Records of an erased user that were on their way are counted and not kept; later ones are kept.
async fn late(store: &dyn Store) {
    for n in [1, 4, 50, 51] {
        store.record_add(of(n, USER)).await.expect("a record is taken");
        assert_eq!(store.trace_get(trace_id(n)).await.map(|trace| trace.is_some()), Ok(n == 51), "{n}");
    }
    // Number 1 was counted before it was erased.
    assert_eq!(spent(store, By::All).await, [(String::new(), Money::nanos(6_000))]);
    let by_user = spent(store, By::User).await;
    assert_eq!(by_user, [(OTHER.into(), Money::nanos(1_000)), (USER.into(), Money::nanos(1_000))]);
    let accounts = store.account_list(total().as_str()).await.expect("accounts");
    assert_eq!(accounts[0].spent, 30);
    assert_eq!(store.account_list("budget:monthly").await.map(|all| all.len()), Ok(2));
}
