//! Files of older versions come through whole, and a migration that is cut off changes nothing.

use std::{fs, path::Path};

use sqlx::{AssertSqlSafe, Connection, Executor, migrate::Migrator, sqlite::SqliteConnectOptions};
use surefoot_store::{Options, SqliteStore};
use surefoot_testkit::samples::{case, document, feedback, key, moment, run, trace, trace_id};
use surefoot_types::{
    feedback::FeedbackValue,
    ids::KeyId,
    key::{Key, Scope},
    ports::{Archive, Books, Journal, Ledger, Library, Notebook, StoreError, TraceFilter},
    spend::{By, SpendQuery, SpendRow, Step, Sums, entries},
    trace::{Outcome, Trace},
};

use super::Place;

/// A file as the first version left it: its tables, made by its own migration, and what it wrote.
async fn first_version(place: &Place) {
    fs::create_dir_all(place.path.parent().unwrap()).unwrap();
    let migrations = tempfile::tempdir().unwrap();
    let first = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sqlite/migrations/0001_init.sql");
    fs::copy(first, migrations.path().join("0001_init.sql")).unwrap();
    let options = SqliteConnectOptions::new().filename(&place.path).create_if_missing(true);
    let mut raw = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    Migrator::new(migrations.path()).await.unwrap().run(&mut raw).await.unwrap();
    raw.execute(include_str!("fixtures/0001.sql")).await.unwrap();
    raw.close().await.unwrap();
}

/// The traces of the fixture.
fn traces() -> [Trace; 3] {
    [1, 2, 3].map(|n| {
        let mut one = trace(n);
        if n == 2 {
            (one.outcome, one.cost, one.attempts[0].cost) = (Outcome::Failed, None, None);
        } else {
            (one.user, one.key, one.tenant) = (Some("ann".into()), Some("app".into()), Some("docs".into()));
            one.tags = [("team".to_owned(), "a".to_owned())].into();
        }
        one
    })
}

async fn whole(store: &SqliteStore) {
    for one in traces() {
        assert_eq!(store.trace_get(one.id).await, Ok(Some(one)));
    }
    let listed = store.trace_list(&TraceFilter::default(), 10).await.unwrap();
    assert_eq!(listed, traces().iter().rev().map(Trace::summary).collect::<Vec<_>>());
    for (filter, count) in [
        (TraceFilter { outcome: Some(Outcome::Failed), ..TraceFilter::default() }, 1),
        (TraceFilter { key: Some("app".into()), ..TraceFilter::default() }, 2),
        (TraceFilter { tenant: Some("docs".into()), ..TraceFilter::default() }, 2),
    ] {
        assert_eq!(store.trace_list(&filter, 10).await.unwrap().len(), count, "{filter:?}");
    }
    assert_eq!(
        store.feedback_list(trace_id(1)).await,
        Ok(vec![feedback(1, trace_id(1), FeedbackValue::Boolean(true))])
    );
    // A key of the first version opened every door.
    let old = |n, name, tenant: Option<&str>| Key {
        id: KeyId::from_bits(key(1, "").id.to_bits() + u128::from(n - 1)),
        tenant: tenant.map(str::to_owned),
        scope: Scope::all(),
        created: moment(1),
        ..key(n, name)
    };
    assert_eq!(store.key_list().await, Ok(vec![old(1, "app", Some("docs")), old(2, "ci", None)]));
    let (kept, passages, _) = document(1, "docs", "a.md", "two words");
    assert_eq!(store.document_get(kept.id).await, Ok(Some(kept.clone())));
    assert_eq!(store.passage_list(kept.id).await.unwrap().len(), passages.len());
    assert_eq!(store.change_list("docs", 0, 9).await.unwrap().len(), 1);
    assert_eq!(store.run_cases(run(1, "answer").id).await, Ok(vec![case("a")]));
}

/// The books are those that would have been written from the start.
async fn in_the_books(store: &SqliteStore) {
    for by in [By::All, By::Key, By::Tenant, By::User, By::Function, By::Target, By::Tag("team".into())] {
        let all = traces();
        let of = all.iter().flat_map(entries).filter(|entry| entry.by == by);
        let (mut name, mut sums) = (String::new(), Sums::default());
        for entry in of {
            (name, sums) = (entry.name, sums.plus(entry.sums));
        }
        for step in [Step::Whole, Step::Day, Step::Hour] {
            let query = SpendQuery { by: by.clone(), name: None, since: moment(0), until: None, step };
            let expected = SpendRow { at: step.floor(moment(0)), name: name.clone(), sums };
            assert_eq!(store.spend_list(&query).await, Ok(vec![expected]), "{query:?}");
        }
    }
}

#[tokio::test]
async fn a_file_of_the_first_version_comes_through() {
    let place = Place::new();
    first_version(&place).await;
    let store = place.open().await;
    whole(&store).await;
    in_the_books(&store).await;
    let erased = store.user_erase("ann", moment(9)).await.unwrap();
    assert_eq!((erased.counts["traces"], erased.counts["feedback"], erased.counts["run_cases"]), (2, 1, 1));
}

#[tokio::test]
async fn a_migration_that_is_cut_off_leaves_the_file_as_it_was() {
    let place = Place::new();
    first_version(&place).await;
    let mut raw = place.raw().await;
    let pages: u32 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    // The disk is full after one more table, after two, …, until it goes through.
    let mut refused = 0;
    for more in 0.. {
        match place.try_open(Options { pages: Some(pages + more), ..place.options() }).await {
            Ok(store) => {
                whole(&store).await;
                in_the_books(&store).await;
                break;
            }
            Err(StoreError::Unavailable(why)) => {
                assert!(why.contains("full"), "{why}");
                refused += 1;
            }
            Err(other) => panic!("{other}"),
        }
        let mut raw = place.raw().await;
        let applied: i64 =
            sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations").fetch_one(&mut raw).await.unwrap();
        // Each is applied as a whole, or not at all.
        let old = match applied {
            1 => "SELECT count(*) FROM trace WHERE cost IS NOT NULL AND summary IS NOT NULL",
            2 => {
                "SELECT count(*) FROM trace WHERE user IS NOT NULL
                  AND NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'library')"
            }
            3 => {
                "SELECT count(*) FROM trace WHERE user IS NOT NULL
                  AND NOT EXISTS (SELECT 1 FROM pragma_table_info('trace') WHERE name = 'key')"
            }
            4 => {
                "SELECT count(*) FROM trace WHERE user IS NOT NULL
                  AND NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'response')"
            }
            5 => {
                "SELECT count(*) FROM trace WHERE user IS NOT NULL
                  AND NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'lease_want')"
            }
            6 => {
                "SELECT count(*) FROM trace WHERE user IS NOT NULL
                  AND NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'trial')"
            }
            7 => {
                "SELECT count(*) FROM trace WHERE user IS NOT NULL
                  AND NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'item')"
            }
            8 => "SELECT count(*) FROM trace WHERE user IS NOT NULL",
            other => panic!("{other} migrations are applied"),
        };
        let kept: i64 = sqlx::query_scalar(AssertSqlSafe(old)).fetch_one(&mut raw).await.unwrap();
        assert_eq!(kept, 2, "the old tables are as they were");
        raw.close().await.unwrap();
    }
    assert!(refused > 5, "{refused}");
}
