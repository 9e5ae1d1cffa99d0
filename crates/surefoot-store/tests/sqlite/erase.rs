//! An erasure that a search of the raw files proves.

use std::{fs, path::Path};

use surefoot_store::SqliteStore;
use surefoot_testkit::samples::{case, document, feedback, moment, record, run, trace_id};
use surefoot_types::{
    budget::{AccountId, Charge, LeaseAsk, LeaseChange, Lives, Per},
    conversation::{Message, Role},
    feedback::FeedbackValue,
    ports::{Archive, Journal, Ledger, Library, Notebook, Record, Store},
    trace::Trace,
};

use super::Place;

/// Stands in everything that is of the user, and nowhere else.
const MARK: &str = "Zebra-4711";
const USER: &str = "Zebra-4711@example.com";
const TRACES: u64 = 600;

fn marked(n: u64) -> Record {
    let theirs = n.is_multiple_of(3);
    let (user, mark) = if theirs { (USER, MARK) } else { ("bob", "Yak") };
    let mut one: Trace = (*record(n, Some(user)).trace).clone();
    one.question = format!("{mark} asks {n}");
    one.session = Some(format!("{mark}-{}", n % 50));
    one.prompt = vec![Message::text(Role::User, format!("{mark} {}", "long ".repeat(usize::try_from(n).unwrap() * 7)))];
    let account = AccountId::new("budget:monthly", &Per::User, user, moment(0));
    Record { charges: vec![Charge { account, amount: 1, holder: "h".into() }], ..Record::of(one.into()) }
}

async fn fill(store: &SqliteStore) {
    let head = run(1, "answer");
    store.run_put(&head).await.unwrap();
    // In an order that makes trees grow in the middle, so that rows move between pages.
    for n in (1..=TRACES).map(|n| n * 7 % (TRACES + 1)) {
        store.record_add(marked(n)).await.unwrap();
        let mark = if n.is_multiple_of(3) { MARK } else { "Yak" };
        store.feedback_add(&feedback(n, trace_id(n), FeedbackValue::Text(mark.repeat(9)))).await.unwrap();
        let mut one = case(&n.to_string());
        (one.trace_id, one.output) = (Some(trace_id(n)), mark.into());
        store.run_case_add(head.id, &one).await.unwrap();
        let (mut file, passages, vectors) =
            document(n, "docs", &format!("{mark}/{n}.md"), &format!("{mark} wrote this"));
        file.owner = Some(if n.is_multiple_of(3) { USER.into() } else { "bob".into() });
        store.document_put(&file, &passages, &vectors).await.unwrap();
    }
    let account = AccountId::new("requests:a", &Per::User, USER, moment(0));
    let ask = LeaseAsk { account, limit: 100, change: LeaseChange::By(9), needed: 0 };
    store.lease_change(store.holder(), &[ask], Lives::all(std::time::Duration::from_secs(600))).await.unwrap();
}

/// How often the bytes stand in the files of a folder.
fn found(folder: &Path, bytes: &[u8]) -> usize {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let hits = files
        .filter(|path| path.is_file())
        .map(|path| fs::read(path).unwrap().windows(bytes.len()).filter(|window| *window == bytes).count());
    hits.sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_byte_of_an_erased_user_is_left_in_the_files() {
    let place = Place::new();
    let store = place.open().await;
    fill(&store).await;
    // What goes before the erasure leaves no trace of itself either.
    store.trace_prune(moment(30), 100).await.unwrap();
    store.document_remove("docs", &format!("{MARK}/300.md")).await.unwrap();
    let folder = place.path.parent().unwrap();
    assert!(found(folder, MARK.as_bytes()) > 1_000 && found(folder, b"Yak") > 1_000);

    let erased = store.user_erase(USER, moment(TRACES + 1)).await.unwrap();
    let counts = ["traces", "feedback", "run_cases", "documents", "accounts"].map(|kind| erased.counts[kind]);
    assert_eq!(counts, [191, 191, 200, 199, 1]);
    assert_eq!(found(folder, MARK.as_bytes()), 0, "in the files, the log included");
    assert_eq!(found(folder, USER.as_bytes()), 0);

    for n in 30..=TRACES {
        let kept = store.trace_get(trace_id(n)).await.unwrap();
        let expected = (!n.is_multiple_of(3)).then(|| (*marked(n).trace).clone());
        assert_eq!(kept, expected, "{n}");
    }
    assert_eq!(store.document_stamps("docs").await.unwrap().len(), 400);
    store.record_add(marked(3)).await.unwrap();
    store.close().await;
    assert_eq!(found(folder, MARK.as_bytes()), 0, "nor does what comes late bring it back");
    assert!(found(folder, b"Yak") > 1_000);
}

#[tokio::test]
async fn an_audit_log_cannot_be_edited_by_the_way() {
    let place = Place::new();
    let store = place.open().await;
    store.audit_add(&surefoot_testkit::samples::audit(1)).await.unwrap();
    let mut raw = place.raw().await;
    for statement in ["DELETE FROM audit", "UPDATE audit SET body = '{}'"] {
        let refused = sqlx::query(statement).execute(&mut raw).await.unwrap_err().to_string();
        assert!(refused.contains("only grows"), "{refused}");
    }
    assert_eq!(store.audit_list(0, 10).await.unwrap().len(), 1);
}
