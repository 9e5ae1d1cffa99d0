//! Files, vector stores and the like.

use std::collections::BTreeMap;

use serde_json::json;
use surefoot_types::{
    ports::Store,
    shelf::{Item, ItemPage, Sum},
};

use crate::samples::moment;

fn item(place: &str, n: u64, user: Option<&str>) -> Item {
    Item {
        place: place.into(),
        id: format!("id{n}"),
        at: moment(n),
        due: None,
        user: user.map(str::to_owned),
        status: "open".into(),
        bytes: n,
        body: json!({"n": n, "words": "it's \u{0} fine"}),
    }
}

/// What keeps files, vector stores and the like.
///
/// # Panics
/// Where the backend does not.
pub async fn shelf(store: &dyn Store) {
    for n in 1..=5 {
        let content = [0, 1, 255, n as u8];
        let put = store.item_put(&item("files:a", n, None), (n % 2 == 1).then_some(&content)).await;
        assert_eq!(put, Ok(true));
    }
    assert_eq!(store.item_put(&item("files:b", 1, None), None).await, Ok(true));
    let again = Item { bytes: 99, ..item("files:a", 1, None) };
    assert_eq!(store.item_put(&again, None).await, Ok(false), "what is there stays");
    assert_eq!(store.item_get("files:a", "id1").await, Ok(Some(item("files:a", 1, None))));
    assert_eq!(store.item_get("files:a", "id9").await, Ok(None));
    assert_eq!(store.item_content("files:a", "id1").await, Ok(Some(vec![0, 1, 255, 1])));
    assert_eq!(store.item_content("files:a", "id2").await, Ok(None));
    assert_eq!(store.item_content("files:b", "id1").await, Ok(None));
    let everywhere = store.item_everywhere("id1").await.expect("things");
    assert_eq!(everywhere, [item("files:a", 1, None), item("files:b", 1, None)]);
    pages(store).await;
    changed(store).await;
    erased(store).await;
    assert_eq!(store.item_delete("files:a", "id1").await, Ok(true));
    assert_eq!(store.item_delete("files:a", "id1").await, Ok(false));
    assert_eq!(store.item_content("files:a", "id1").await, Ok(None), "its content went with it");
    assert_eq!(store.item_get("files:b", "id1").await.map(|found| found.is_some()), Ok(true));
}

async fn ids(store: &dyn Store, page: &ItemPage) -> String {
    let items = store.item_list("files:a", page).await.expect("a page");
    items.iter().map(|item| item.id.trim_start_matches("id")).collect::<Vec<_>>().join(" ")
}

async fn pages(store: &dyn Store) {
    let page = |newest_first, beyond: Option<u64>, limit| ItemPage {
        beyond: beyond.map(|n| (moment(n), format!("id{n}"))),
        newest_first,
        status: None,
        limit,
    };
    for (newest_first, beyond, limit, expected) in [
        (false, None, 9, "1 2 3 4 5"),
        (true, None, 2, "5 4"),
        (true, Some(4), 2, "3 2"),
        (false, Some(4), 2, "5"),
        (false, Some(5), 2, ""),
    ] {
        assert_eq!(ids(store, &page(newest_first, beyond, limit)).await, expected);
    }
}

/// What changes, what is due, and what is counted.
async fn changed(store: &dyn Store) {
    for (n, due) in [(2, 30), (3, 10), (4, 20)] {
        let body = json!({"changed": n});
        let changed = Item { due: Some(moment(due)), status: "shut".into(), body, ..item("files:a", n, None) };
        assert_eq!(store.item_change(&changed).await, Ok(true));
        assert_eq!(store.item_get("files:a", &changed.id).await, Ok(Some(changed)));
    }
    assert_eq!(store.item_content("files:a", "id3").await, Ok(Some(vec![0, 1, 255, 3])), "the content stays");
    assert_eq!(store.item_change(&item("files:a", 9, None)).await, Ok(false));
    let due = store.item_due(moment(20), 9).await.expect("what is due");
    assert_eq!(due.iter().map(|item| item.id.as_str()).collect::<Vec<_>>(), ["id3", "id4"]);
    assert_eq!(store.item_due(moment(30), 1).await.map(|due| due.len()), Ok(1));
    let shut = ItemPage { status: Some("shut".into()), limit: 9, ..ItemPage::default() };
    assert_eq!(ids(store, &shut).await, "2 3 4");
    let sums = [("open".to_owned(), Sum { many: 2, bytes: 6 }), ("shut".to_owned(), Sum { many: 3, bytes: 9 })];
    assert_eq!(store.item_sums("files:a").await, Ok(BTreeMap::from(sums)));
    assert_eq!(store.item_sums("files:c").await, Ok(BTreeMap::new()));
}

async fn erased(store: &dyn Store) {
    for (n, user) in [(11, "anna"), (12, "ben"), (13, "anna")] {
        let place = if n == 13 { "attached:x" } else { "files:a" };
        assert_eq!(store.item_put(&item(place, n, Some(user)), Some(b"theirs")).await, Ok(true));
    }
    let told = store.user_erase("anna", moment(50)).await.expect("a user is erased");
    assert_eq!(told.counts.get("files"), Some(&1), "files are counted, not where they were put");
    assert_eq!(store.item_get("files:a", "id11").await, Ok(None));
    assert_eq!(store.item_content("files:a", "id11").await, Ok(None));
    assert_eq!(store.item_get("attached:x", "id13").await, Ok(None));
    assert_eq!(store.item_get("files:a", "id12").await, Ok(Some(item("files:a", 12, Some("ben")))));
    assert_eq!(store.item_put(&item("files:a", 14, Some("anna")), None).await, Ok(false), "a late one is not kept");
    assert_eq!(store.item_put(&item("files:a", 51, Some("anna")), None).await, Ok(true));
}
