//! Documents, passages and the changes that indexes follow.

use std::collections::BTreeMap;

use surefoot_types::{
    document::{Attribute, Stamp},
    ports::{Change, Library},
};

use crate::samples::document;

/// What a library does.
///
/// # Panics
/// Where the backend does not.
pub async fn library(library: &dyn Library) {
    let id = library.library_id().await.expect("an id");
    assert!(!id.is_empty());
    let (first, passages, vectors) = document(1, "docs", "a.md", "one two three");
    assert_eq!(library.change_latest("docs").await, Ok(0));
    library.document_put(&first, &passages, &vectors).await.expect("a document is kept");

    assert_eq!(library.document_get(first.id).await, Ok(Some(first.clone())));
    let stored = library.passage_list(first.id).await.expect("passages");
    assert_eq!(stored.iter().map(|one| one.passage.clone()).collect::<Vec<_>>(), passages);
    assert_eq!((stored[0].path.as_str(), stored[0].title.as_str()), ("a.md", "a"));
    let keys: Vec<u64> = stored.iter().rev().map(|one| one.key).collect();
    let got = library.passage_get(&[keys[0], u64::MAX >> 1, keys[2]]).await.expect("passages by key");
    assert_eq!(got, [stored[2].clone(), stored[0].clone()], "in the order of the keys, unknown ones left out");

    let after_first = library.change_latest("docs").await.expect("a number");
    let changes = library.change_list("docs", 0, 10).await.expect("changes");
    assert_eq!(changes, [(after_first, Change::Added { passages: stored.clone(), vectors })]);
    replaced(library, after_first, keys).await;
    removed(library).await;
    apart(library).await;
    assert_eq!(library.library_id().await, Ok(id), "it stays the same");
}

/// A new version takes the old one's place, with passages under new keys.
async fn replaced(library: &dyn Library, before: u64, mut old_keys: Vec<u64>) {
    let (mut second, passages, vectors) = document(2, "docs", "a.md", "one four");
    second.etag = Some("version 2".into());
    second.metadata.insert("author".into(), "Ann".into());
    second.reader = 7;
    library.document_put(&second, &passages, &vectors).await.expect("a document is replaced");
    let stamps = library.document_stamps("docs").await.expect("stamps");
    assert_eq!(stamps.len(), 1);
    assert_eq!((stamps[0].document_id, stamps[0].hash.as_str()), (second.id, second.hash.as_str()));
    assert_eq!(stamps[0], Stamp::of(second.clone(), "sample-4".into()));
    let change = library.change_latest("docs").await;
    second.attributes = BTreeMap::from([
        ("a".into(), Attribute::Text("it's".into())),
        ("b".into(), Attribute::Number(1.5)),
        ("c".into(), Attribute::Flag(true)),
    ]);
    assert_eq!(library.document_mark("docs", "a.md", &second.attributes).await, Ok(true));
    assert_eq!(library.document_mark("docs", "nowhere.md", &second.attributes).await, Ok(false));
    assert_eq!(library.document_get(second.id).await, Ok(Some(second.clone())));
    let stamps = library.document_stamps("docs").await.expect("stamps");
    assert_eq!(stamps, [Stamp::of(second.clone(), "sample-4".into())]);
    assert_eq!(library.change_latest("docs").await, change, "its passages are what they were");
    assert_eq!(library.passage_get(&old_keys).await, Ok(vec![]));

    old_keys.sort_unstable();
    let fresh = library.passage_list(second.id).await.expect("passages");
    assert!(fresh.iter().all(|one| !old_keys.contains(&one.key)), "keys are never used again");
    let changes = library.change_list("docs", before, 10).await.expect("changes");
    let mut gone = Vec::new();
    let mut came = Vec::new();
    for (_, change) in changes {
        match change {
            Change::Removed { keys } => gone.extend(keys),
            Change::Added { passages, vectors: of } => {
                assert_eq!(of, vectors);
                came.extend(passages);
            }
        }
    }
    gone.sort_unstable();
    assert_eq!(gone, old_keys);
    assert_eq!(came, fresh);
}

async fn removed(library: &dyn Library) {
    let before = library.change_latest("docs").await.expect("a number");
    assert_eq!(library.document_remove("docs", "nowhere.md").await, Ok(false));
    assert_eq!(library.change_latest("docs").await, Ok(before), "nothing happened");
    assert_eq!(library.document_remove("docs", "a.md").await, Ok(true));
    assert_eq!(library.document_stamps("docs").await, Ok(vec![]));
    let changes = library.change_list("docs", before, 10).await.expect("changes");
    assert!(matches!(&changes[..], [(_, Change::Removed { keys })] if keys.len() == 2), "{changes:?}");
    // Whoever follows from the beginning is told of nothing that has gone.
    let all = library.change_list("docs", 0, 10).await.expect("changes");
    assert!(all.iter().all(|(_, change)| matches!(change, Change::Removed { .. })), "{all:?}");
}

/// Two knowledges with documents of the same path are strangers, and pages of changes join up.
async fn apart(library: &dyn Library) {
    for (n, knowledge, path) in [(3, "x", "a.md"), (4, "y", "a.md"), (5, "x", "b.md"), (6, "x", "c.md")] {
        let (document, passages, vectors) = document(n, knowledge, path, "word");
        library.document_put(&document, &passages, &vectors).await.expect("a document is kept");
    }
    assert_eq!(library.knowledge_list().await, Ok(vec!["x".into(), "y".into()]));
    assert_eq!(library.document_stamps("x").await.map(|stamps| stamps.len()), Ok(3));
    assert_eq!(library.document_stamps("y").await.map(|stamps| stamps.len()), Ok(1));
    let first = library.change_list("x", 0, 2).await.expect("changes");
    assert_eq!(first.len(), 2);
    let rest = library.change_list("x", first[1].0, 2).await.expect("changes");
    assert_eq!(rest.len(), 1);
    assert_eq!(library.change_latest("x").await, Ok(rest[0].0));
}
