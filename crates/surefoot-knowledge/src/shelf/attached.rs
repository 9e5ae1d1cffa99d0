//! Files in vector stores: coming in, alone and in batches, looked at and taken out.

use std::collections::BTreeMap;

use surefoot_types::{
    Code, Fault,
    document::{Attribute, Document, Stamp},
    ids::{BatchId, DocumentId},
    shelf::FILES,
};

use super::{
    Asker, Attached, Batch, Chunking, Listed, Page, Shelves, Status, VectorStore, nowhere,
    stored::{ATTACHED, BATCHES, Kept},
};
use crate::ingest::UPLOADED;

/// Most files of a batch.
const MANY: usize = 2000;

/// A file that is to come into a vector store.
#[derive(Debug, Clone, PartialEq)]
pub struct Adding {
    /// Its id.
    pub file: String,
    /// What searches may be confined by.
    pub attributes: BTreeMap<String, Attribute>,
    /// How it is cut, where its owner says.
    pub chunking: Option<Chunking>,
}

impl Attached {
    /// The document that it is read into: the file's name stands in its path, for people.
    pub(super) fn path(&self) -> String {
        format!("{UPLOADED}{}/{}", self.file, self.name)
    }

    /// As a document of the project's own knowledge is shown.
    fn of_project(knowledge: &str, stamp: Stamp) -> Self {
        let mut attributes: BTreeMap<String, Attribute> =
            stamp.metadata.into_iter().map(|(key, text)| (key, Attribute::Text(text))).collect();
        attributes.extend(stamp.attributes);
        Self {
            file: stamp.document_id.to_string(),
            store: knowledge.to_owned(),
            owner: String::new(),
            name: stamp.path,
            user: None,
            at: stamp.document_id.made(),
            attributes,
            chunking: None,
            status: Status::Completed,
            failure: None,
            bytes: 0,
            tries: 0,
        }
    }
}

/// The file and its name of the document at a path, if it was uploaded.
pub(super) fn uploaded(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix(UPLOADED)?.split_once('/')
}

impl Shelves {
    /// Puts a file into a vector store. It is read in the background.
    ///
    /// # Errors
    /// Where either is not theirs, or the store is the project's.
    pub async fn attach(&self, asker: &Asker, store: &str, adding: Adding) -> Result<Attached, Fault> {
        let store = self.made(asker, store).await?;
        let attached = self.taken_in(asker, &store, adding).await?;
        self.touch(&store).await?;
        Ok(attached)
    }

    async fn taken_in(&self, asker: &Asker, store: &VectorStore, adding: Adding) -> Result<Attached, Fault> {
        let Adding { file, attributes, chunking } = adding;
        let file = self.file_get(asker, &file).await?;
        let attached = Attached {
            file: file.id,
            store: store.id.clone(),
            owner: asker.mark.clone(),
            name: file.name,
            user: file.user,
            at: self.0.clock.now(),
            attributes,
            chunking,
            status: Status::InProgress,
            failure: None,
            bytes: 0,
            tries: 0,
        };
        self.begin(attached).await
    }

    /// A file of a vector store.
    ///
    /// # Errors
    /// Where it is not in it, or the store is not theirs.
    pub async fn attached_get(&self, asker: &Asker, store: &str, file: &str) -> Result<Attached, Fault> {
        if self.is_projects(asker, store).await? {
            let stamps = self.0.store.document_stamps(store).await?;
            let stamp = stamps.into_iter().find(|stamp| stamp.document_id.to_string() == file);
            return stamp.map(|stamp| Attached::of_project(store, stamp)).ok_or_else(|| nowhere("file", file));
        }
        let store = self.made(asker, store).await?;
        Attached::of(self.item(&format!("{ATTACHED}{}", store.id), file, "file in this vector store").await?)
    }

    /// A page of the files of a vector store.
    ///
    /// # Errors
    /// Where the store is not theirs, or the page begins after something that is not there.
    pub async fn attached_list(&self, asker: &Asker, store: &str, page: &Page) -> Result<Listed<Attached>, Fault> {
        if self.is_projects(asker, store).await? {
            let stamps = self.0.store.document_stamps(store).await?;
            let mut all: Vec<Attached> = stamps.into_iter().map(|stamp| Attached::of_project(store, stamp)).collect();
            all.retain(|one| page.status.as_deref().is_none_or(|status| status == one.status.name()));
            all.sort_by(|a, b| b.file.cmp(&a.file));
            return page.of(all, |one| &one.file);
        }
        let store = self.made(asker, store).await?;
        self.listed(&format!("{ATTACHED}{}", store.id), page).await
    }

    /// Gives a file of a vector store other attributes.
    ///
    /// # Errors
    /// Where it is not in it, or the store is not theirs.
    pub async fn attached_mark(
        &self,
        asker: &Asker,
        store: &str,
        file: &str,
        attributes: BTreeMap<String, Attribute>,
    ) -> Result<Attached, Fault> {
        self.made(asker, store).await?;
        let before = self.attached_get(asker, store, file).await?;
        let attached = Attached { attributes, ..before };
        let mut item = attached.item(&asker.mark);
        if attached.status == Status::InProgress {
            item.due = Some(self.lease());
        }
        if !self.0.store.item_change(&item).await? {
            return Err(nowhere("file in this vector store", file));
        }
        // Where it is not read yet, whoever reads it looks again in the end.
        self.0.store.document_mark(store, &attached.path(), &attached.attributes).await?;
        Ok(attached)
    }

    /// Takes a file out of a vector store. The file itself stays.
    ///
    /// # Errors
    /// Where it is not in it, or the store is not theirs.
    pub async fn attached_delete(&self, asker: &Asker, store: &str, file: &str) -> Result<(), Fault> {
        self.made(asker, store).await?;
        let attached = self.attached_get(asker, store, file).await?;
        self.detach(&attached).await
    }

    pub(super) async fn detach(&self, attached: &Attached) -> Result<(), Fault> {
        // First what says that it is there: whoever reads it just now then takes its document away again.
        self.0.store.item_delete(&format!("{ATTACHED}{}", attached.store), &attached.file).await?;
        self.0.store.document_remove(&attached.store, &attached.path()).await?;
        Ok(())
    }

    /// The text that was read of a file in a vector store.
    ///
    /// # Errors
    /// Where it is not in it, or the store is not theirs.
    pub async fn attached_text(&self, asker: &Asker, store: &str, file: &str) -> Result<(Attached, String), Fault> {
        let attached = self.attached_get(asker, store, file).await?;
        let document = match file.parse::<DocumentId>() {
            Ok(id) => self.0.store.document_get(id).await?.filter(|document| document.knowledge == store),
            Err(_) => self.document(store, &attached.path()).await?,
        };
        let text = document.map(|document| document.text);
        let text = text.ok_or_else(|| Fault::new(Code::NotFound, "the file was not read yet, or could not be"))?;
        Ok((attached, text))
    }

    async fn document(&self, knowledge: &str, path: &str) -> Result<Option<Document>, Fault> {
        let stamps = self.0.store.document_stamps(knowledge).await?;
        match stamps.iter().find(|stamp| stamp.path == path) {
            Some(stamp) => Ok(self.0.store.document_get(stamp.document_id).await?),
            None => Ok(None),
        }
    }

    /// Puts files into a vector store together. All of them must be theirs, or none is taken.
    ///
    /// # Errors
    /// Where one of them or the store is not theirs, or there are too many.
    pub async fn batch_create(&self, asker: &Asker, store: &str, adding: Vec<Adding>) -> Result<Batch, Fault> {
        let store = self.made(asker, store).await?;
        if adding.is_empty() || adding.len() > MANY {
            return Err(Fault::bad_request("file_ids", format!("a batch has from 1 to {MANY} files")));
        }
        for one in &adding {
            self.item(&format!("{FILES}{}", asker.mark), &one.file, "file").await?;
        }
        let batch = Batch {
            id: BatchId::mint(self.0.clock.as_ref(), self.0.chance.as_ref()).to_string(),
            store: store.id.clone(),
            at: self.0.clock.now(),
            files: adding.iter().map(|one| one.file.clone()).collect(),
            cancelled: false,
        };
        self.0.store.item_put(&batch.item(&asker.mark), None).await?;
        for one in adding {
            self.taken_in(asker, &store, one).await?;
        }
        self.touch(&store).await?;
        Ok(batch)
    }

    /// A batch, and how its files stand.
    ///
    /// # Errors
    /// Where there is none, or the store is not theirs.
    pub async fn batch_get(&self, asker: &Asker, store: &str, id: &str) -> Result<(Batch, Vec<Attached>), Fault> {
        let store = self.made(asker, store).await?;
        let batch = Batch::of(self.item(&format!("{BATCHES}{}", store.id), id, "batch in this vector store").await?)?;
        let mut files = Vec::with_capacity(batch.files.len());
        for file in &batch.files {
            // One that was taken out meanwhile is no longer the batch's.
            if let Some(item) = self.0.store.item_get(&format!("{ATTACHED}{}", store.id), file).await? {
                files.push(Attached::of(item)?);
            }
        }
        Ok((batch, files))
    }

    /// A page of the files of a batch.
    ///
    /// # Errors
    /// As [`batch_get`](Self::batch_get).
    pub async fn batch_list(
        &self,
        asker: &Asker,
        store: &str,
        id: &str,
        page: &Page,
    ) -> Result<Listed<Attached>, Fault> {
        let (_, mut files) = self.batch_get(asker, store, id).await?;
        files.retain(|one| page.status.as_deref().is_none_or(|status| status == one.status.name()));
        files.sort_by(|a, b| (b.at, &b.file).cmp(&(a.at, &a.file)));
        page.of(files, |one| &one.file)
    }

    /// Calls a batch off: what was not read yet is not.
    ///
    /// # Errors
    /// As [`batch_get`](Self::batch_get).
    pub async fn batch_cancel(&self, asker: &Asker, store: &str, id: &str) -> Result<(Batch, Vec<Attached>), Fault> {
        let (batch, files) = self.batch_get(asker, store, id).await?;
        let cancelled = Batch { cancelled: true, ..batch };
        self.0.store.item_change(&cancelled.item(&asker.mark)).await?;
        for one in files.into_iter().filter(|one| one.status == Status::InProgress) {
            let one = Attached { status: Status::Cancelled, ..one };
            self.0.store.item_change(&one.item(&asker.mark)).await?;
        }
        self.batch_get(asker, store, id).await
    }

    /// The file that a document of a vector store was read from: its id and its name.
    pub(super) fn file_of(path: &str, document: DocumentId) -> (String, String) {
        match uploaded(path) {
            Some((file, name)) => (file.to_owned(), name.to_owned()),
            None => (document.to_string(), path.to_owned()),
        }
    }
}
