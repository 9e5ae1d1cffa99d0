//! A project moves from a SQLite file.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use surefoot_store::{Options, SqliteStore, migrate};
use surefoot_testkit::{
    PostgresServer,
    samples::{account, audit, case, document, feedback, key, moment, record, response, run, trace_id},
};
use surefoot_types::{
    Clock, SystemClock,
    audit::verify,
    budget::{AccountId, Charge, LeaseAsk, LeaseChange, Lives, Per},
    experiment::{KeptExperiment, Trial},
    feedback::FeedbackValue,
    ids::TraceId,
    ports::{
        Archive, Change, Journal, Ledger, Library, Notebook, Record, Responses, Shelf, Store, StoreError, TraceFilter,
        Trials, Vault,
    },
    shelf::Item,
    spend::{By, SpendQuery, Step},
    trace::Trace,
};

use crate::Place;

const TRACES: u64 = 450;

/// A file with something of everything.
async fn full(folder: &Path) -> SqliteStore {
    let store = SqliteStore::open(&folder.join("surefoot.db"), Options::new(folder.join("seats"))).await.unwrap();
    for n in 1..=TRACES {
        let user = format!("user-{}", n % 7);
        let charge = |account| Charge { account, amount: 3, holder: "h".into() };
        let charges = vec![
            charge(account("daily", "t", n % 3)),
            charge(AccountId::new("budget:all", &Per::User, &user, moment(0))),
        ];
        store.record_add(Record { kept: n % 10 > 0, charges, ..record(n, Some(&user)) }).await.unwrap();
    }
    for n in 1..=3 {
        store.key_add(&key(n, &format!("key-{n}"))).await.unwrap();
        store.feedback_add(&feedback(n, trace_id(n), FeedbackValue::Number(0.5))).await.unwrap();
        store.audit_add(&audit(n)).await.unwrap();
        store.run_put(&run(n, "answer")).await.unwrap();
        store.run_case_add(run(n, "answer").id, &case(&n.to_string())).await.unwrap();
        store.response_put(&response(n, n.checked_sub(1).filter(|n| *n > 0), None)).await.unwrap();
        let (mut one, passages, vectors) = document(n, "docs", &format!("{n}.md"), "some words of it");
        one.owner = (n == 3).then(|| "user-3".to_owned());
        store.document_put(&one, &passages, &vectors).await.unwrap();
    }
    for n in 1..=3 {
        let content = vec![n as u8; 70_000];
        assert!(store.item_put(&thing(n), (n > 1).then_some(content.as_slice())).await.unwrap());
    }
    store.document_remove("docs", "2.md").await.unwrap();
    let ask = LeaseAsk { account: account("daily", "t", 1), limit: 10_000, change: LeaseChange::By(5), needed: 0 };
    store.lease_change("somebody", &[ask], Lives::all(std::time::Duration::from_secs(600))).await.unwrap();
    store.secret_keep("one", [1; 32]).await.unwrap();
    let kept = KeptExperiment { id: "answer.1".into(), revision: 1, body: "as it stands".into() };
    assert!(store.experiment_put(&kept).await.unwrap());
    let mut tried = record(TRACES + 1, None);
    let trace = Arc::make_mut(&mut tried.trace);
    trace.variant = Some("a".into());
    trace.trial = Some(Trial { experiment: "answer.1".into(), unit: "u".into(), share: 0.5 });
    store.record_add(tried).await.unwrap();
    assert_eq!(store.trial_count("answer.1").await, Ok((1, 0)));
    store.user_erase("user-3", moment(10_000)).await.unwrap();
    store
}

fn thing(n: u64) -> Item {
    Item {
        place: format!("files:{}", n % 2),
        id: n.to_string(),
        at: moment(n),
        due: (n == 2).then(|| moment(9)),
        user: Some("user-1".into()),
        status: "open".into(),
        bytes: n,
        body: serde_json::json!({"n": n}),
    }
}

/// Everything that either store tells.
async fn told(store: &dyn Store) -> Vec<String> {
    let mut told = Vec::new();
    let all = store.trace_list(&TraceFilter::default(), 1_000).await.unwrap();
    told.push(format!("{all:?}"));
    for one in &all {
        told.push(format!("{:?} {:?}", store.trace_get(one.id).await, store.feedback_list(one.id).await));
    }
    for by in [By::All, By::User, By::Target, By::Function] {
        let query = SpendQuery { by, name: None, since: moment(0), until: None, step: Step::Hour };
        told.push(format!("{:?}", store.spend_list(&query).await));
    }
    told.push(format!("{:?} {:?}", store.key_list().await, store.audit_list(0, 100).await));
    let spent = store.account_list("").await.unwrap();
    told.push(format!("{:?}", spent.iter().map(|state| (&state.account, state.spent)).collect::<Vec<_>>()));
    for run in store.run_list(None, 100).await.unwrap() {
        told.push(format!("{run:?} {:?}", store.run_cases(run.id).await));
    }
    told.push(format!("{:?}", store.response_chain(response(3, None, None).id, 10).await));
    for n in 1..=3 {
        let Item { place, id, .. } = thing(n);
        let (item, content) = (store.item_get(&place, &id).await, store.item_content(&place, &id).await);
        told.push(format!("{item:?} {content:?}"));
    }
    for stamp in store.document_stamps("docs").await.unwrap() {
        let document = store.document_get(stamp.document_id).await;
        told.push(format!("{document:?} {:?}", store.passage_list(stamp.document_id).await));
    }
    told.push(format!("{:?} {:?}", store.change_list("docs", 0, 100).await, store.change_latest("docs").await));
    told.push(format!("{:?} {:?}", store.tombstone_list("docs").await, store.erasure_list(0).await));
    told.push(format!("{:?}", store.secret_keep("one", [2; 32]).await));
    told.push(format!("{:?} {:?}", store.trial_list("answer.1").await, store.experiment_list().await));
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_moves_with_everything_and_goes_on() {
    let place = Place::new(PostgresServer::shared());
    let from = full(place.seats()).await;
    let to = place.open().await;
    let steps = Mutex::new(Vec::new());
    let counts = migrate(&from, &to, &|what, done, all| steps.lock().unwrap().push((what, done, all))).await.unwrap();
    assert_eq!(told(&from).await, told(&to).await);
    assert!(counts.iter().all(|count| count.from == count.to && count.from > 0), "{counts:?}");
    assert!(steps.lock().unwrap().iter().all(|(_, done, all)| done <= all));

    // And it goes on where the file stopped.
    let before = to.change_latest("docs").await.unwrap();
    let (one, passages, vectors) = document(9, "docs", "9.md", "new words");
    to.document_put(&one, &passages, &vectors).await.unwrap();
    let changes = to.change_list("docs", before, 10).await.unwrap();
    assert!(
        matches!(&changes[..], [(_, Change::Added { passages, .. })] if passages.iter().all(|one| one.key > 12)),
        "{changes:?}"
    );
    to.audit_add(&audit(4)).await.unwrap();
    assert_eq!(verify((0, String::new()), &to.audit_list(0, 100).await.unwrap()).unwrap().0, 4);
    to.record_add(record(1, Some("user-1"))).await.unwrap();
    assert_eq!(told(&to).await[0], told(&from).await[0], "a request that is known is known");
    assert!(to.user_erase("user-5", moment(20_000)).await.unwrap().number > 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_was_cut_off_goes_on() {
    let place = Place::new(PostgresServer::shared());
    let from = full(place.seats()).await;
    let to = place.open().await;
    let mut cuts = 0;
    loop {
        // Each attempt is cut off after two pages. The first call for each kind tells what was there before.
        let (pages, cut, kind) = (AtomicU64::new(0), tokio::sync::Notify::new(), Mutex::new(""));
        let progress = |what, _, _| {
            let known = std::mem::replace(&mut *kind.lock().unwrap(), what) == what;
            if known && pages.fetch_add(1, Ordering::Relaxed) == 1 {
                cut.notify_one();
            }
        };
        let attempt = migrate(&from, &to, &progress);
        tokio::select! {
            biased;
            () = cut.notified() => cuts += 1,
            counts = attempt => {
                assert!(counts.unwrap().iter().all(|count| count.from == count.to));
                break;
            }
        }
        assert!(cuts < 100);
    }
    assert!(cuts > 5, "{cuts}");
    assert_eq!(told(&from).await, told(&to).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_with_something_in_it_is_left_alone() {
    let place = Place::new(PostgresServer::shared());
    let from = full(place.seats()).await;
    let to = place.open().await;
    to.key_add(&key(7, "mine")).await.unwrap();
    let refusal = migrate(&from, &to, &|_, _, _| {}).await.unwrap_err();
    assert!(matches!(refusal, StoreError::Exists(_)), "{refusal}");
    assert_eq!(to.key_list().await.unwrap().len(), 1);
}

/// A database as it was after these migrations.
pub(crate) async fn as_of(place: &Place, migrations: &[&str]) {
    let before = tempfile::tempdir().unwrap();
    for name in migrations {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/postgres/migrations").join(name);
        std::fs::copy(from, before.path().join(name)).unwrap();
    }
    let migrator = sqlx::migrate::Migrator::new(before.path()).await.unwrap();
    migrator.run(&mut place.connection().await).await.unwrap();
}

/// As a process moves it that knows nothing of keys and tenants.
async fn moved_by_an_older_process(place: &Place, one: &Trace) {
    let (mut raw, id) = (place.connection().await, one.id.to_bits().to_be_bytes().to_vec());
    sqlx::query("SELECT trace_month($1)").bind(one.at.as_millisecond()).execute(&mut raw).await.unwrap();
    sqlx::query("INSERT INTO trace VALUES ($1, $2, 'answer', 'answered', NULL, NULL, '', $3)")
        .bind(&id)
        .bind(one.at.as_millisecond())
        .bind(serde_json::to_string(&one.summary()).unwrap())
        .execute(&mut raw)
        .await
        .unwrap();
    let body = sqlx::query("INSERT INTO trace_body VALUES ($1, $2)").bind(&id);
    body.bind(serde_json::to_string(&one).unwrap()).execute(&mut raw).await.unwrap();
}

/// A zero byte in a document, and a backslash before what only looks like one, harm nobody; nor does a name that no
/// index holds.
#[tokio::test]
async fn traces_that_were_there_are_found_by_key_and_tenant() {
    let first = ["0001_init.sql", "0002_library_id.sql"];
    // The columns are there, and a process of before is there still.
    let later = [&first[..], &["0003_trace_key.sql", "0004_response.sql", "0005_lease_line.sql"]].concat();
    for migrations in [&first[..], &later] {
        let place = Place::new(PostgresServer::shared());
        as_of(&place, migrations).await;
        let (now, long) = (SystemClock.now(), "x".repeat(2_000));
        let mut ids = Vec::new();
        for (n, question) in [(1, "plain"), (2, "a\0\0b"), (3, r"\u0000"), (4, "\\\0"), (5, "long")] {
            let mut one = (*record(n, None).trace).clone();
            (one.at, one.question) = (now, question.into());
            one.id = TraceId::from_bits(u128::from(now.as_millisecond().unsigned_abs()) << 80 | u128::from(n));
            one.key = Some("app".into());
            one.tenant = Some(if n == 5 { long.clone() } else { format!("t{n}") });
            moved_by_an_older_process(&place, &one).await;
            ids.push(one.id);
        }
        let store = place.open().await;
        let filter = TraceFilter { key: Some("app".into()), ..TraceFilter::default() };
        assert_eq!(store.trace_list(&filter, 10).await.unwrap().len(), 5);
        for n in 1..=4 {
            let filter = TraceFilter { tenant: Some(format!("t{n}")), ..filter.clone() };
            assert_eq!(store.trace_list(&filter, 10).await.unwrap()[0].id, ids[n - 1], "{n}");
        }
        let cut = TraceFilter { tenant: Some(long[..1_024].to_owned()), ..TraceFilter::default() };
        assert_eq!(store.trace_list(&cut, 10).await, Ok(vec![]), "nobody is taken for another");
    }
}
