//! An erased user is in none of the files.

use std::{fs, path::Path};

use surefoot_testkit::{
    PostgresServer,
    samples::{case, document, feedback, moment, run, trace},
};
use surefoot_types::{
    budget::{AccountId, Charge, Per},
    feedback::FeedbackValue,
    ports::{Archive, Journal, Library, Notebook, Record, Store},
};

use crate::{Place, drained};

const USER: &str = "wanda-qx7@example.com";
const SAID: &str = "the purple elephant of Wanda-qx7";

/// How many files below `folder`, but for the write-ahead log, hold the user's name or words.
fn holding(folder: &Path) -> usize {
    let mut found = 0;
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() && entry.file_name() != "pg_wal" {
            found += holding(&path);
        } else if let Ok(bytes) = fs::read(&path) {
            let holds = |text: &str| memchr::memmem::find(&bytes, text.as_bytes()).is_some();
            found += usize::from(holds(USER) || holds(SAID));
        }
    }
    found
}

fn theirs(n: u64) -> Record {
    let mut one = trace(n);
    one.user = Some(USER.into());
    one.question = SAID.into();
    let account = AccountId::new("budget:daily", &Per::User, USER, moment(0));
    Record { charges: vec![Charge { account, amount: 5, holder: "h".into() }], ..Record::of(one.into()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_an_erased_user_is_left_in_the_files() {
    let server = PostgresServer::start();
    let place = Place::new(&server);
    let store = place.open().await;
    for n in 1..=300 {
        store.record_add(if n % 3 == 0 { theirs(n) } else { Record::of(trace(n).into()) }).await.unwrap();
    }
    drained(&store).await;
    let said = feedback(1, theirs(3).trace.id, FeedbackValue::Text(SAID.into()));
    store.feedback_add(&said).await.unwrap();
    let mut graded = case("1");
    (graded.trace_id, graded.input) = (Some(theirs(3).trace.id), SAID.into());
    store.run_case_add(run(1, "answer").id, &graded).await.unwrap();
    let (mut one, mut passages, vectors) = document(1, "docs", "theirs.md", SAID);
    one.owner = Some(USER.into());
    passages[0].text = SAID.into();
    store.document_put(&one, &passages, &vectors).await.unwrap();
    let mut admin = place.connection().await;
    for order in ["ANALYZE", "CHECKPOINT"] {
        sqlx::query(order).execute(&mut admin).await.unwrap();
    }
    assert!(holding(&server.data()) >= 6, "the search finds what is there");

    let erased = store.user_erase(USER, moment(1_000)).await.unwrap();
    assert_eq!((erased.counts["traces"], erased.counts["feedback"], erased.counts["run_cases"]), (100, 1, 1));
    assert_eq!((erased.counts["spend_rows"], erased.counts["accounts"], erased.counts["documents"]), (1, 1, 1));
    assert_eq!(holding(&server.data()), 0, "tables, indexes and statistics");
    assert_eq!(holding(place.seats()), 0, "the spool");
    assert_eq!(place.counted().await, (200, 300));
    assert_eq!(place.number("SELECT count(*) FROM erasure WHERE unswept <> '{}'").await, 0);
    store.close().await;
}
