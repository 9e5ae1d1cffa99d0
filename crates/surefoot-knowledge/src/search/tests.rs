use std::sync::Arc;

use surefoot_testkit::{CountingChance, HandClock, MemoryStore};
use surefoot_types::ports::Change;

use super::*;
use crate::{
    embed::StaticEmbedder,
    measure::{Collection, Entry, kept},
};

pub(super) async fn keep(library: &MemoryStore, chance: &CountingChance, documents: &[(&str, &str)]) {
    let entry = |(id, text): &(&str, &str)| Entry {
        id: (*id).into(),
        title: String::new(),
        text: (*text).into(),
        answerable: true,
        support: Vec::new(),
    };
    let documents = documents.iter().map(entry).collect();
    let collection = Collection { documents, queries: Vec::new(), unanswerable: Vec::new(), judged: HashMap::new() };
    kept(&collection, "docs", library, &StaticEmbedder, &HandClock::default(), chance).await.unwrap();
}

fn knowledge(library: &Arc<MemoryStore>, dir: Option<PathBuf>) -> Knowledge {
    Knowledge::open(library.clone(), Arc::new(StaticEmbedder), dir)
}

async fn paths(knowledge: &Knowledge, query: &str) -> Vec<String> {
    let hits = knowledge.search("docs", query, 10).await.unwrap();
    hits.into_iter().map(|hit| hit.found.path).collect()
}

pub(super) const SHOP: &[(&str, &str)] = &[
    ("refunds", "Refunds are paid within fourteen days of the return."),
    ("shipping", "Parcels leave the warehouse every morning."),
    ("code", "Call runTarget before the DiffExecutor is dropped."),
    ("中文", "黑豹队的防守只丢了 308分。"),
];

#[tokio::test]
async fn passages_are_found_by_words_meaning_and_identifiers() {
    let (library, chance) = (Arc::new(MemoryStore::default()), CountingChance::default());
    keep(&library, &chance, SHOP).await;
    let knowledge = knowledge(&library, None);
    for (query, first) in [
        ("refund days", "refunds"),
        ("when will I get my money back after a return", "refunds"),
        ("what leaves in the mornings", "shipping"),
        ("diff executor", "code"),
        ("run_target", "code"),
        ("黑豹队丢了多少分", "中文"),
    ] {
        assert_eq!(paths(&knowledge, query).await[0], first, "{query}");
    }
    let best = &knowledge.search("docs", "refunds", 1).await.unwrap()[0];
    assert!((best.score - 1.0).abs() < 1e-6 && best.lexical.is_some() && best.vector.is_some(), "{best:?}");
    assert_eq!(knowledge.search("docs", &"refunds parcels ".repeat(50_000), usize::MAX).await.unwrap().len(), 4);
    assert!(knowledge.search("docs", "", 3).await.unwrap().len() <= 3);
}

#[tokio::test]
async fn what_is_new_is_found_and_what_is_gone_is_not() {
    let (library, chance) = (Arc::new(MemoryStore::default()), CountingChance::default());
    keep(&library, &chance, SHOP).await;
    let knowledge = knowledge(&library, None);
    assert_eq!(paths(&knowledge, "refunds").await[0], "refunds");
    keep(&library, &chance, &[("zebra", "Zebras have stripes."), ("refunds", "There are none any more.")]).await;
    library.document_remove("docs", "shipping").await.unwrap();
    assert_eq!(paths(&knowledge, "zebra stripes").await[0], "zebra");
    assert!(!paths(&knowledge, "parcels warehouse").await.contains(&"shipping".to_owned()));
    let hits = knowledge.search("docs", "refunds paid", 10).await.unwrap();
    assert!(hits.iter().all(|hit| !hit.found.passage.text.contains("fourteen")));
}

#[tokio::test]
async fn names_that_are_not_there_are_told_with_those_that_are() {
    let (library, chance) = (Arc::new(MemoryStore::default()), CountingChance::default());
    let none = knowledge(&library, None).search("docs", "x", 1).await.unwrap_err();
    assert!(none.code == Code::NotFound && none.hint.unwrap().contains("surefoot ingest"));
    keep(&library, &chance, SHOP).await;
    let fault = knowledge(&library, None).search("dosc", "x", 1).await.unwrap_err();
    assert_eq!((fault.code, fault.hint.as_deref()), (Code::NotFound, Some("There is: docs.")));
}

#[tokio::test]
async fn an_index_on_disk_is_taken_up_again_and_mended() {
    let (library, chance) = (Arc::new(MemoryStore::default()), CountingChance::default());
    let dir = tempfile::tempdir().unwrap();
    let open = || knowledge(&library, Some(dir.path().to_owned()));
    keep(&library, &chance, SHOP).await;
    let expected = paths(&open(), "refunds and parcels").await;
    assert_eq!(paths(&open(), "refunds and parcels").await, expected);

    // Two at once: both follow.
    let (one, two) = (open(), open());
    keep(&library, &chance, &[("zebra", "Zebras have stripes.")]).await;
    assert_eq!(paths(&one, "zebra").await[0], "zebra");
    assert_eq!(paths(&two, "zebra").await[0], "zebra");

    for file in std::fs::read_dir(dir.path().join("docs")).unwrap() {
        std::fs::write(file.unwrap().path(), b"broken").unwrap();
    }
    assert_eq!(paths(&open(), "zebra").await[0], "zebra");
}

#[tokio::test]
async fn an_index_of_another_library_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let (old, chance) = (Arc::new(MemoryStore::default()), CountingChance::default());
    keep(&old, &chance, SHOP).await;
    paths(&knowledge(&old, Some(dir.path().to_owned())), "refunds").await;
    let new = Arc::new(MemoryStore::default());
    // As many changes, under the same numbers and keys.
    let animals = [("zebra", "Zebras"), ("whale", "Whales"), ("finch", "Finches"), ("mole", "Moles")];
    keep(&new, &chance, &animals).await;
    let found = knowledge(&new, Some(dir.path().to_owned())).search("docs", "refunds zebras", 1).await.unwrap();
    assert_eq!((found[0].found.path.as_str(), found[0].lexical.is_some()), ("zebra", true));
}

#[tokio::test]
async fn an_index_that_is_ahead_of_a_restored_library_is_built_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (old, chance) = (Arc::new(MemoryStore::default()), CountingChance::default());
    keep(&old, &chance, SHOP).await;
    paths(&knowledge(&old, Some(dir.path().to_owned())), "refunds").await;
    let restored = Arc::new(MemoryStore::restored(&old));
    keep(&restored, &chance, &[("zebra", "Zebras have stripes."), ("whale", "Whales swim.")]).await;
    let found = knowledge(&restored, Some(dir.path().to_owned())).search("docs", "refunds zebras", 1).await.unwrap();
    assert_eq!((found[0].found.path.as_str(), found[0].lexical.is_some()), ("zebra", true));
}

/// Whether any file under a folder holds these bytes.
fn holds(folder: &std::path::Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, bytes);
        }
        std::fs::read(path).unwrap().windows(bytes.len()).any(|window| window == bytes)
    })
}

/// The middle of the vector that the last change to the library brought: words stand in an index in a form that
/// a search of its bytes does not see, vectors as they are.
async fn last_vector(library: &MemoryStore) -> Vec<u8> {
    let changes = library.change_list("docs", 0, 1_000).await.unwrap();
    let Some((_, Change::Added { vectors, .. })) = changes.last() else { panic!("{changes:?}") };
    vectors.data[100..116].iter().map(|x| x.cast_unsigned()).collect()
}

#[tokio::test]
async fn what_was_scrubbed_is_in_no_file() {
    let (library, chance) = (Arc::new(MemoryStore::default()), CountingChance::default());
    let dir = tempfile::tempdir().unwrap();
    let knowledge = knowledge(&library, Some(dir.path().to_owned()));
    keep(&library, &chance, SHOP).await;
    let kept = last_vector(&library).await;
    keep(&library, &chance, &[("secret", "Violets grow on the moon.")]).await;
    let gone = last_vector(&library).await;
    assert_eq!(paths(&knowledge, "violets").await[0], "secret");
    assert!(holds(dir.path(), &kept) && holds(dir.path(), &gone));
    library.document_remove("docs", "secret").await.unwrap();
    knowledge.scrub().await.unwrap();
    assert!(holds(dir.path(), &kept) && !holds(dir.path(), &gone));
    assert_eq!(paths(&knowledge, "refunds").await[0], "refunds");

    // The last document goes as well as the first.
    for (path, _) in SHOP {
        library.document_remove("docs", path).await.unwrap();
    }
    knowledge.scrub().await.unwrap();
    assert!(!holds(dir.path(), &kept));
    keep(&library, &chance, SHOP).await;
    assert_eq!(paths(&knowledge, "refunds").await[0], "refunds");
}

#[test]
fn folders_have_plain_names() {
    assert_eq!(folder_name("product-docs_2"), "product-docs_2");
    for name in ["../x", "", "Ünï", "A", "con/x"] {
        assert!(folder_name(name).starts_with('+') && folder_name(name).len() == 33, "{name}");
    }
}
