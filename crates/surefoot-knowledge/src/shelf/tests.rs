use std::{collections::BTreeMap, time::Duration};

use surefoot_testkit::{CountingChance, HandClock, MemoryStore, suite::until};
use surefoot_types::{
    document::Attribute,
    ports::{Library, Shelf},
};

use super::*;
use crate::embed::StaticEmbedder;

struct Bench {
    store: Arc<MemoryStore>,
    clock: Arc<HandClock>,
    shelves: Shelves,
}

impl Bench {
    fn new() -> Self {
        let (store, clock) = (Arc::new(MemoryStore::default()), Arc::new(HandClock::default()));
        let shelves = over(&store, &clock);
        Self { store, clock, shelves }
    }

    async fn file(&self, who: &Asker, name: &str, text: &str) -> String {
        let upload = Upload { name: name.into(), purpose: "assistants".into(), ..Upload::default() };
        self.shelves.file_create(who, upload, text.as_bytes()).await.unwrap().id
    }

    async fn made(&self, who: &Asker, days: Option<u32>) -> String {
        let made = Made { name: "help".into(), days, ..Made::default() };
        self.shelves.store_create(who, made).await.unwrap().store.id
    }

    async fn attached(&self, who: &Asker, store: &str, file: &str, attributes: &[(&str, &str)]) -> Attached {
        let text = |(key, text): &(&str, &str)| ((*key).to_owned(), Attribute::Text((*text).to_owned()));
        let attributes = attributes.iter().map(text).collect();
        let adding = Adding { file: file.into(), attributes, chunking: None };
        self.shelves.attach(who, store, adding).await.unwrap();
        self.read(who, store, file).await
    }

    /// Waits until a file was read, or could not be.
    async fn read(&self, who: &Asker, store: &str, file: &str) -> Attached {
        until("the file is read", || async {
            self.shelves.attached_get(who, store, file).await.unwrap().status != Status::InProgress
        })
        .await;
        self.shelves.attached_get(who, store, file).await.unwrap()
    }

    async fn found(&self, who: &Asker, store: &str, query: &str, filter: Option<&Filter>) -> Vec<String> {
        let found = self.shelves.store_search(who, store, &[query.to_owned()], filter, 10).await.unwrap();
        found.into_iter().map(|found| found.name).collect()
    }
}

fn over(store: &Arc<MemoryStore>, clock: &Arc<HandClock>) -> Shelves {
    let knowledge = Arc::new(Knowledge::open(store.clone(), Arc::new(StaticEmbedder), None));
    let chance = Arc::new(CountingChance::default());
    Shelves::new(store.clone(), knowledge, Arc::new(StaticEmbedder), clock.clone(), chance)
}

fn asker(name: &str) -> Asker {
    Asker { mark: surefoot_types::shelf::owner_mark(Some(name), None), may: Box::new(|_| true) }
}

#[tokio::test]
async fn files_are_read_found_by_attributes_and_taken_out() {
    let (bench, anna) = (Bench::new(), asker("anna"));
    let store = bench.made(&anna, None).await;
    assert!(bench.found(&anna, &store, "tide", None).await.is_empty());
    let tides = bench.file(&anna, "tides.md", "# Tides\n\nThe tide rises twice a day in the harbour.").await;
    let ropes = bench.file(&anna, "ropes.md", "# Ropes\n\nA rope in the harbour holds against the tide.").await;
    let broken = bench.file(&anna, "broken.pdf", "no pdf").await;
    assert_eq!(bench.attached(&anna, &store, &tides, &[("region", "eu")]).await.status, Status::Completed);
    assert!(bench.attached(&anna, &store, &ropes, &[("region", "us")]).await.bytes > 0);
    let failed = bench.attached(&anna, &store, &broken, &[]).await;
    assert_eq!((failed.status, failed.failure.unwrap().code.as_str()), (Status::Failed, "invalid_file"));
    let counts = bench.shelves.store_get(&anna, &store).await.unwrap().counts;
    assert_eq!((counts.of(Status::Completed), counts.of(Status::Failed)), (2, 1));

    assert_eq!(bench.found(&anna, &store, "tide in the harbour", None).await.len(), 2);
    let region = |name: &str| Filter::told(&format!("region={name}")).unwrap();
    assert_eq!(bench.found(&anna, &store, "tide in the harbour", Some(&region("us"))).await, ["ropes.md"]);
    assert!(bench.found(&anna, &store, "tide", Some(&region("asia"))).await.is_empty());
    let other = BTreeMap::from([("region".to_owned(), Attribute::Text("asia".into()))]);
    bench.shelves.attached_mark(&anna, &store, &tides, other).await.unwrap();
    assert_eq!(bench.found(&anna, &store, "tide", Some(&region("asia"))).await, ["tides.md"]);

    let (_, text) = bench.shelves.attached_text(&anna, &store, &tides).await.unwrap();
    assert!(text.starts_with("# Tides"), "{text}");
    bench.shelves.attached_delete(&anna, &store, &ropes).await.unwrap();
    assert_eq!(bench.found(&anna, &store, "rope", None).await, ["tides.md"]);
    bench.shelves.file_delete(&anna, &tides).await.unwrap();
    assert!(bench.found(&anna, &store, "tide", None).await.is_empty(), "it went from the store with the file");
    bench.shelves.store_delete(&anna, &store).await.unwrap();
    assert_eq!(bench.shelves.store_get(&anna, &store).await.unwrap_err().code, Code::NotFound);
    assert_eq!(bench.shelves.file_list(&anna, &Page::default()).await.unwrap().items.len(), 2, "files stay");
}

#[tokio::test]
async fn nobody_has_what_is_anothers() {
    let (bench, anna, ben) = (Bench::new(), asker("anna"), asker("ben"));
    let store = bench.made(&anna, None).await;
    let file = bench.file(&anna, "a.md", "The secret of the harbour.").await;
    bench.attached(&anna, &store, &file, &[]).await;
    let (shelves, adding) =
        (&bench.shelves, Adding { file: file.clone(), attributes: BTreeMap::new(), chunking: None });
    let own = bench.made(&ben, None).await;
    for refused in [
        shelves.file_get(&ben, &file).await.unwrap_err(),
        shelves.file_content(&ben, &file).await.unwrap_err(),
        shelves.file_delete(&ben, &file).await.unwrap_err(),
        shelves.store_get(&ben, &store).await.unwrap_err(),
        shelves.store_delete(&ben, &store).await.unwrap_err(),
        shelves.store_search(&ben, &store, &["harbour".to_owned()], None, 5).await.unwrap_err(),
        shelves.attached_text(&ben, &store, &file).await.unwrap_err(),
        shelves.attach(&ben, &own, adding).await.unwrap_err(),
    ] {
        assert_eq!(refused.code, Code::NotFound, "{refused:?}");
    }
    let shown = shelves.store_list(&ben, &Page::default()).await.unwrap();
    assert_eq!(shown.items.iter().map(|shown| &shown.store.id).collect::<Vec<_>>(), [&own]);
}

#[tokio::test]
async fn what_a_process_left_half_done_is_taken_up() {
    let (bench, anna) = (Bench::new(), asker("anna"));
    let store = bench.made(&anna, None).await;
    let file = bench.file(&anna, "a.md", "The tide rises.").await;
    let left = bench.attached(&anna, &store, &file, &[]).await;
    bench.store.document_remove(&store, &left.path()).await.unwrap();
    let now = bench.clock.now();
    let half = Attached { status: Status::InProgress, tries: 1, ..left };
    let item = Item { due: Some(now), ..half.item("") };
    assert!(bench.store.item_change(&item).await.unwrap());
    let another = over(&bench.store, &bench.clock);
    another.tick().await.unwrap();
    assert_eq!(bench.read(&anna, &store, &file).await.status, Status::Completed);
    assert_eq!(bench.found(&anna, &store, "tide", None).await, ["a.md"]);

    // One on which the program dies each time is given up.
    let item = Item { due: Some(now), ..Attached { tries: 3, ..half }.item("") };
    assert!(bench.store.item_change(&item).await.unwrap());
    another.tick().await.unwrap();
    assert_eq!(bench.read(&anna, &store, &file).await.failure.unwrap().code, "server_error");
}

#[tokio::test]
async fn what_expires_goes() {
    let (bench, anna) = (Bench::new(), asker("anna"));
    let store = bench.made(&anna, Some(2)).await;
    let upload = Upload {
        name: "a.md".into(),
        purpose: "assistants".into(),
        lives: Some(Duration::from_secs(3_600)),
        user: None,
    };
    let short = bench.shelves.file_create(&anna, upload, b"The tide rises.").await.unwrap().id;
    let long = bench.file(&anna, "b.md", "The tide falls.").await;
    bench.attached(&anna, &store, &short, &[]).await;
    bench.attached(&anna, &store, &long, &[]).await;
    bench.clock.advance(Duration::from_secs(4_000));
    bench.shelves.tick().await.unwrap();
    assert_eq!(bench.found(&anna, &store, "tide", None).await, ["b.md"]);
    // It was used just now: two days from here on.
    bench.clock.advance(Duration::from_secs(47 * 3_600));
    bench.shelves.tick().await.unwrap();
    assert!(!bench.shelves.store_get(&anna, &store).await.unwrap().store.expired);
    bench.clock.advance(Duration::from_secs(2 * 3_600));
    bench.shelves.tick().await.unwrap();
    let shown = bench.shelves.store_get(&anna, &store).await.unwrap();
    assert!(shown.store.expired && shown.counts.each.iter().sum::<u64>() == 0, "{shown:?}");
    assert!(bench.shelves.store_search(&anna, &store, &["tide".to_owned()], None, 5).await.is_err());
    assert!(bench.store.document_stamps(&store).await.unwrap().is_empty());
}

#[tokio::test]
async fn pages_join_up_in_both_directions() {
    let (bench, anna) = (Bench::new(), asker("anna"));
    let mut names = Vec::new();
    for n in 0..5 {
        bench.clock.advance(Duration::from_secs(1));
        names.push(bench.file(&anna, &format!("{n}.md"), "x").await);
    }
    let page = |after: Option<usize>, before: Option<usize>, oldest_first| Page {
        after: after.map(|at| names[at].clone()),
        before: before.map(|at| names[at].clone()),
        oldest_first,
        limit: 2,
        status: None,
    };
    for (page, expected, more) in [
        (page(None, None, false), vec![4, 3], true),
        (page(Some(3), None, false), vec![2, 1], true),
        (page(Some(1), None, false), vec![0], false),
        (page(None, None, true), vec![0, 1], true),
        (page(Some(3), None, true), vec![4], false),
        (page(None, Some(0), false), vec![2, 1], true),
        (page(None, Some(3), false), vec![4], false),
        (page(None, Some(4), true), vec![2, 3], true),
    ] {
        let listed = bench.shelves.file_list(&anna, &page).await.unwrap();
        let ids: Vec<&String> = listed.items.iter().map(|file| &file.id).collect();
        assert_eq!(ids, expected.iter().map(|at| &names[*at]).collect::<Vec<_>>(), "{page:?}");
        assert_eq!(listed.more, more, "{page:?}");
    }
    let nowhere = Page { after: Some("file_x".into()), ..Page::default() };
    assert_eq!(bench.shelves.file_list(&anna, &nowhere).await.unwrap_err().code, Code::BadRequest);
}
