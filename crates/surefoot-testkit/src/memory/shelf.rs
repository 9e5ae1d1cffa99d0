//! Files, vector stores and the like in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use surefoot_types::{
    Timestamp,
    erasure::{Erased, user_hash},
    ports::{Shelf, Stored},
    shelf::{FILES, Item, ItemPage, Sum},
};

use super::MemoryStore;

/// Things with their content, by place and id.
#[derive(Debug, Default)]
pub(super) struct Things(BTreeMap<(String, String), Thing>);

type Thing = (Item, Option<Vec<u8>>);

impl Things {
    /// Takes a user's things away.
    pub(super) fn erase(&mut self, user: &str, erased: &mut Erased) {
        let theirs = |item: &Item| item.user.as_deref() == Some(user);
        let files = self.0.values().filter(|(item, _)| theirs(item) && item.place.starts_with(FILES)).count();
        self.0.retain(|_, (item, _)| !theirs(item));
        erased.count("files", files as u64);
    }
}

fn at(place: &str, id: &str) -> (String, String) {
    (place.to_owned(), id.to_owned())
}

#[async_trait]
impl Shelf for MemoryStore {
    async fn item_put(&self, item: &Item, content: Option<&[u8]>) -> Stored<bool> {
        let mut inner = self.lock();
        let hash = item.user.as_deref().map(user_hash);
        let is_erased = inner.erasures.iter().any(|one| Some(&one.user) == hash.as_ref() && item.at <= one.at);
        let place = at(&item.place, &item.id);
        if is_erased || inner.things.0.contains_key(&place) {
            return Ok(false);
        }
        inner.things.0.insert(place, (item.clone(), content.map(<[u8]>::to_vec)));
        Ok(true)
    }

    async fn item_change(&self, item: &Item) -> Stored<bool> {
        let mut inner = self.lock();
        let Some((kept, _)) = inner.things.0.get_mut(&at(&item.place, &item.id)) else { return Ok(false) };
        *kept = Item { at: kept.at, user: kept.user.take(), ..item.clone() };
        Ok(true)
    }

    async fn item_get(&self, place: &str, id: &str) -> Stored<Option<Item>> {
        Ok(self.lock().things.0.get(&at(place, id)).map(|(item, _)| item.clone()))
    }

    async fn item_content(&self, place: &str, id: &str) -> Stored<Option<Vec<u8>>> {
        Ok(self.lock().things.0.get(&at(place, id)).and_then(|(_, content)| content.clone()))
    }

    async fn item_list(&self, place: &str, page: &ItemPage) -> Stored<Vec<Item>> {
        let inner = self.lock();
        let here = inner.things.0.values().map(|(item, _)| item).filter(|item| item.place == place);
        let mut items: Vec<Item> =
            here.filter(|item| page.status.as_ref().is_none_or(|status| item.status == *status)).cloned().collect();
        items.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        if let Some((at, id)) = &page.beyond {
            items.retain(|item| match page.newest_first {
                true => (item.at, &item.id) < (*at, id),
                false => (item.at, &item.id) > (*at, id),
            });
        }
        if page.newest_first {
            items.reverse();
        }
        items.truncate(page.limit);
        Ok(items)
    }

    async fn item_sums(&self, place: &str) -> Stored<BTreeMap<String, Sum>> {
        let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
        for (item, _) in self.lock().things.0.values().filter(|(item, _)| item.place == place) {
            let sum = sums.entry(item.status.clone()).or_default();
            sum.many += 1;
            sum.bytes += item.bytes;
        }
        Ok(sums)
    }

    async fn item_due(&self, now: Timestamp, limit: usize) -> Stored<Vec<Item>> {
        let inner = self.lock();
        let due = inner.things.0.values().filter(|(item, _)| item.due.is_some_and(|due| due <= now));
        let mut due: Vec<Item> = due.map(|(item, _)| item.clone()).collect();
        due.sort_by(|a, b| (a.due, &a.place, &a.id).cmp(&(b.due, &b.place, &b.id)));
        due.truncate(limit);
        Ok(due)
    }

    async fn item_everywhere(&self, id: &str) -> Stored<Vec<Item>> {
        Ok(self.lock().things.0.values().filter(|(item, _)| item.id == id).map(|(item, _)| item.clone()).collect())
    }

    async fn item_delete(&self, place: &str, id: &str) -> Stored<bool> {
        Ok(self.lock().things.0.remove(&at(place, id)).is_some())
    }
}
