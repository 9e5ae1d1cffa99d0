//! Vector stores: those that callers make, and the project's own knowledge, which only shows itself as such.

use std::collections::BTreeMap;

use surefoot_types::{
    Code, Fault, Timestamp,
    document::{Attribute, Hit},
    ids::StoreId,
    shelf::{MADE, may_have},
};

use super::{
    Adding, Asker, Attached, Chunking, Filter, Listed, Page, Shelves, Status, VectorStore, nowhere,
    stored::{ATTACHED, BATCHES, Batch, Kept, STORES},
};
use crate::search::Wanted;

/// How old the note of the last use may be, in seconds: it is not written with every search.
const FRESH: i64 = 600;

/// A vector store that is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Made {
    /// Its name.
    pub name: String,
    /// What its owner notes of it.
    pub metadata: BTreeMap<String, String>,
    /// After how many days without use it goes.
    pub days: Option<u32>,
    /// Files to put in.
    pub files: Vec<String>,
    /// How those are cut.
    pub chunking: Option<Chunking>,
}

/// What is to be changed of a vector store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// Its name.
    pub name: Option<String>,
    /// What its owner notes of it.
    pub metadata: Option<BTreeMap<String, String>>,
    /// After how many days without use it goes, if it shall.
    pub days: Option<Option<u32>>,
}

/// How many files of a vector store stand how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// In the order of [`Status::ALL`].
    pub each: [u64; Status::ALL.len()],
    /// Bytes of their passages and vectors.
    pub bytes: u64,
}

/// A vector store as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// It.
    pub store: VectorStore,
    /// Its files.
    pub counts: Counts,
}

/// A passage that was found in a vector store.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The passage, with its score.
    pub hit: Hit,
    /// The id of the file that it is of.
    pub file: String,
    /// The file's name.
    pub name: String,
    /// The file's attributes.
    pub attributes: BTreeMap<String, Attribute>,
}

impl Counts {
    /// How many stand so.
    pub fn of(&self, status: Status) -> u64 {
        self.each[status as usize]
    }

    /// Counts one more.
    pub fn add(&mut self, status: Status) {
        self.each[status as usize] += 1;
    }
}

impl Shelves {
    /// Makes a vector store.
    ///
    /// # Errors
    /// Where a file for it is not theirs, or the store cannot be written.
    pub async fn store_create(&self, asker: &Asker, made: Made) -> Result<Shown, Fault> {
        let (clock, chance) = (self.0.clock.as_ref(), self.0.chance.as_ref());
        let id = format!("{}{}", StoreId::mint(clock, chance), asker.mark);
        if !(asker.may)(&id) {
            return Err(Fault::new(Code::Forbidden, "the key may not make vector stores")
                .hint(format!("Its list of `knowledge` needs \"{MADE}*\" for that.")));
        }
        for file in &made.files {
            self.file_get(asker, file).await?;
        }
        let at = clock.now();
        let Made { name, metadata, days, files, chunking } = made;
        let store = VectorStore { id: id.clone(), name, metadata, at, active: at, days, expired: false };
        self.0.store.item_put(&store.item(&asker.mark), None).await?;
        if !files.is_empty() {
            let adding = files.into_iter().map(|file| Adding { file, attributes: BTreeMap::new(), chunking });
            self.batch_create(asker, &id, adding.collect()).await?;
        }
        self.shown(store).await
    }

    /// A vector store.
    ///
    /// # Errors
    /// Where there is none of theirs.
    pub async fn store_get(&self, asker: &Asker, id: &str) -> Result<Shown, Fault> {
        if self.is_projects(asker, id).await? {
            return self.shown_project(id).await;
        }
        let store = self.made_even_expired(asker, id).await?;
        self.shown(store).await
    }

    /// A page of the vector stores: theirs, and as the oldest ones the project's.
    ///
    /// # Errors
    /// Where the page begins after something that is not there.
    pub async fn store_list(&self, asker: &Asker, page: &Page) -> Result<Listed<Shown>, Fault> {
        let all = self.0.store.knowledge_list().await?;
        let mut projects: Vec<String> =
            all.into_iter().filter(|name| !name.starts_with(MADE) && (asker.may)(name)).collect();
        projects.reverse();
        let beyond = page.after.as_ref().or(page.before.as_ref());
        let in_project = beyond.is_some_and(|id| projects.contains(id));
        let mut shown = Vec::new();
        let mut more = false;
        if !in_project {
            let own = self.listed::<VectorStore>(&format!("{STORES}{}", asker.mark), page).await?;
            more = own.more;
            for store in own.items {
                shown.push(self.shown(store).await?);
            }
        }
        // In which direction the list goes on tells on which side of theirs the project's stand.
        let follow = page.oldest_first == (page.before.is_some() && page.after.is_none());
        if in_project || (follow && !more) || (!follow && beyond.is_none()) {
            let rest = if in_project { page.clone() } else { Page { after: None, before: None, ..page.clone() } };
            let rest = rest.of(projects, String::as_str)?;
            let mut those = Vec::new();
            for name in rest.items {
                those.push(self.shown_project(&name).await?);
            }
            if page.oldest_first {
                shown.splice(0..0, those);
            } else {
                shown.extend(those);
            }
            more |= rest.more;
        }
        more |= shown.len() > page.limit;
        if page.before.is_some() && page.after.is_none() {
            shown.drain(..shown.len().saturating_sub(page.limit));
        }
        shown.truncate(page.limit);
        Ok(Listed { items: shown, more })
    }

    /// Changes what is noted of a vector store.
    ///
    /// # Errors
    /// Where there is none of theirs, or it is the project's.
    pub async fn store_change(&self, asker: &Asker, id: &str, change: Change) -> Result<Shown, Fault> {
        let before = self.made(asker, id).await?;
        let store = VectorStore {
            name: change.name.unwrap_or(before.name),
            metadata: change.metadata.unwrap_or(before.metadata),
            days: change.days.unwrap_or(before.days),
            active: self.0.clock.now(),
            id: before.id,
            at: before.at,
            expired: false,
        };
        if !self.0.store.item_change(&store.item(&asker.mark)).await? {
            return Err(nowhere("vector store", id));
        }
        self.shown(store).await
    }

    /// Takes a vector store away with all that is in it. The files stay.
    ///
    /// # Errors
    /// Where there is none of theirs, or it is the project's.
    pub async fn store_delete(&self, asker: &Asker, id: &str) -> Result<(), Fault> {
        if self.is_projects(asker, id).await? {
            return Err(read_only(id));
        }
        self.made_even_expired(asker, id).await?;
        self.0.store.item_delete(&format!("{STORES}{}", asker.mark), id).await?;
        self.empty(id).await
    }

    /// Takes everything out of a vector store.
    pub(super) async fn empty(&self, id: &str) -> Result<(), Fault> {
        let page = Page { limit: 100, oldest_first: true, ..Page::default() };
        loop {
            let files = self.listed::<Attached>(&format!("{ATTACHED}{id}"), &page).await?;
            let batches = self.listed::<Batch>(&format!("{BATCHES}{id}"), &page).await?;
            for one in &files.items {
                self.detach(one).await?;
            }
            for one in &batches.items {
                self.0.store.item_delete(&format!("{BATCHES}{id}"), &one.id).await?;
            }
            if files.items.is_empty() && batches.items.is_empty() {
                break;
            }
        }
        if self.0.store.change_latest(id).await? > 0 {
            self.0.knowledge.refresh(id).await?;
        }
        Ok(())
    }

    /// The best passages for any of some queries, of documents that meet a filter.
    ///
    /// # Errors
    /// Where there is no such vector store of theirs, or it expired.
    pub async fn store_search(
        &self,
        asker: &Asker,
        id: &str,
        queries: &[String],
        filter: Option<&Filter>,
        limit: usize,
    ) -> Result<Vec<Found>, Fault> {
        if !self.is_projects(asker, id).await? {
            let store = self.made(asker, id).await?;
            self.touch(&store).await?;
        }
        let wanted = Wanted { knowledge: id, queries, filter, limit };
        let hits = self.0.knowledge.find(&wanted).await?;
        let stamps = self.0.store.document_stamps(id).await?;
        let found = hits.into_iter().map(|hit| {
            let (file, name) = Self::file_of(&hit.found.path, hit.found.document_id);
            let stamp = stamps.iter().find(|stamp| stamp.document_id == hit.found.document_id);
            let attributes = stamp.map(|stamp| stamp.attributes.clone()).unwrap_or_default();
            Found { hit, file, name, attributes }
        });
        Ok(found.collect())
    }

    /// Notes that a vector store is used: a search of it by other doors than its own tells here.
    ///
    /// # Errors
    /// Where it expired or is not there.
    pub async fn used(&self, id: &str) -> Result<(), Fault> {
        let mark = id.get(StoreId::PREFIX.len() + 1 + 26..).unwrap_or_default();
        let item = self.item(&format!("{STORES}{mark}"), id, "vector store").await?;
        let store = live(VectorStore::of(item)?)?;
        self.touch(&store).await
    }

    pub(super) async fn touch(&self, store: &VectorStore) -> Result<(), Fault> {
        let now = self.0.clock.now();
        if now.as_second() - store.active.as_second() < FRESH {
            return Ok(());
        }
        let mark = store.id.get(StoreId::PREFIX.len() + 1 + 26..).unwrap_or_default();
        self.0.store.item_change(&VectorStore { active: now, ..store.clone() }.item(mark)).await?;
        Ok(())
    }

    /// A vector store that a caller made, that is theirs and in use.
    pub(super) async fn made(&self, asker: &Asker, id: &str) -> Result<VectorStore, Fault> {
        if self.is_projects(asker, id).await? {
            return Err(read_only(id));
        }
        live(self.made_even_expired(asker, id).await?)
    }

    async fn made_even_expired(&self, asker: &Asker, id: &str) -> Result<VectorStore, Fault> {
        // Of another's nothing is told, not even that it is there.
        if !id.starts_with(MADE) || !may_have(id, &asker.mark) || !(asker.may)(id) {
            return Err(nowhere("vector store", id));
        }
        VectorStore::of(self.item(&format!("{STORES}{}", asker.mark), id, "vector store").await?)
    }

    /// Whether it is the project's own knowledge, and theirs to search.
    pub(super) async fn is_projects(&self, asker: &Asker, id: &str) -> Result<bool, Fault> {
        if id.starts_with(MADE) || !(asker.may)(id) {
            return Ok(false);
        }
        Ok(self.0.store.change_latest(id).await? > 0)
    }

    async fn shown(&self, store: VectorStore) -> Result<Shown, Fault> {
        let sums = self.0.store.item_sums(&format!("{ATTACHED}{}", store.id)).await?;
        let each = Status::ALL.map(|status| sums.get(status.name()).map_or(0, |sum| sum.many));
        let bytes = sums.values().map(|sum| sum.bytes).sum();
        Ok(Shown { store, counts: Counts { each, bytes } })
    }

    async fn shown_project(&self, name: &str) -> Result<Shown, Fault> {
        let many = self.0.store.document_stamps(name).await?.len() as u64;
        let store = VectorStore {
            id: name.to_owned(),
            name: name.to_owned(),
            metadata: BTreeMap::new(),
            at: Timestamp::UNIX_EPOCH,
            active: self.0.clock.now(),
            days: None,
            expired: false,
        };
        let each = Status::ALL.map(|status| if status == Status::Completed { many } else { 0 });
        Ok(Shown { store, counts: Counts { each, bytes: 0 } })
    }
}

fn live(store: VectorStore) -> Result<VectorStore, Fault> {
    if store.expired {
        let told = format!("the vector store '{}' expired: what was in it is gone", store.id);
        return Err(Fault::bad_request("vector_store_id", told));
    }
    Ok(store)
}

fn read_only(id: &str) -> Fault {
    Fault::bad_request("vector_store_id", format!("'{id}' is the project's own knowledge, and only read here"))
        .hint("Its documents come from its sources in surefoot.toml.")
}
