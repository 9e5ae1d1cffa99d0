//! What is done in the background: files that come into vector stores are read, and what is due goes.

use std::time::Duration;

use surefoot_types::{
    Fault, Timestamp,
    document::Document,
    ids::DocumentId,
    shelf::{FILES, Item},
};
use tokio::task::spawn_blocking;

use super::{
    Attached, Failure, Shelves, Status, VectorStore,
    stored::{ATTACHED, Kept, STORES},
};
use crate::{
    ingest::{self, Cutting, Unread},
    passages::Sizes,
};

/// After how long a file that is not read yet is taken for given up, by whoever looks next.
const LEASE: Duration = Duration::from_secs(120);
/// How often a file is begun to be read: one on which the program dies is not tried for ever.
const TRIES: u32 = 3;
/// How many things that are due are looked at at once.
const PAGE: usize = 16;
/// Bytes of a token, about.
const TOKEN: usize = 4;

impl Shelves {
    /// A moment until which nobody else touches what is begun now.
    pub(super) fn lease(&self) -> Timestamp {
        let now = self.0.clock.now();
        now.checked_add(LEASE).unwrap_or(now)
    }

    /// Notes a file as one to be read, and begins.
    pub(super) async fn begin(&self, attached: Attached) -> Result<Attached, Fault> {
        let attached = Attached { tries: 1, ..attached };
        let item = Item { due: Some(self.lease()), ..attached.item("") };
        // A file that is in it already is read anew, with what is said of it now.
        if !self.0.store.item_put(&item, None).await? && !self.0.store.item_change(&item).await? {
            return Err(super::nowhere("file", &attached.file));
        }
        self.spawn(attached.clone());
        Ok(attached)
    }

    fn spawn(&self, attached: Attached) {
        let shelves = self.clone();
        let place = (attached.store.clone(), attached.file.clone());
        if !shelves.under_way().insert(place.clone()) {
            return;
        }
        tokio::spawn(async move {
            // What cannot be written now is due again when the lease is over.
            if let Err(fault) = shelves.read(attached).await {
                tracing::warn!(store = %place.0, file = %place.1, error = %fault.message, "a file is not read yet");
            }
            shelves.under_way().remove(&place);
        });
    }

    /// Reads a file into its vector store.
    async fn read(&self, attached: Attached) -> Result<(), Fault> {
        let _room = self.0.room.acquire().await.map_err(|error| Fault::internal(error.to_string()))?;
        // While it waited it may have been taken out, called off, or put in anew to be cut otherwise.
        let place = format!("{ATTACHED}{}", attached.store);
        let Some(item) = self.0.store.item_get(&place, &attached.file).await? else { return Ok(()) };
        let attached = Attached::of(item)?;
        if attached.status != Status::InProgress {
            return Ok(());
        }
        self.0.store.item_change(&Item { due: Some(self.lease()), ..attached.item("") }).await?;
        let read = self.document_of(&attached).await?;
        let (store, path) = (&attached.store, attached.path());
        // It may have been taken out, called off or given other attributes while it was read.
        let Some(now) = self.0.store.item_get(&format!("{ATTACHED}{store}"), &attached.file).await? else {
            return Ok(());
        };
        let mut now = Attached::of(now)?;
        if now.status == Status::Cancelled {
            return Ok(());
        }
        match read {
            Ok((document, made)) => {
                let document = Document { attributes: now.attributes.clone(), ..document };
                let words: usize = made.iter().map(|passage| passage.text.len()).sum();
                now.bytes = (words + made.len() * self.0.embedder.dimensions()) as u64;
                now.failure = None;
                now.status = Status::Completed;
                ingest::keep(&*self.0.store, self.0.embedder.as_ref(), &document, &made).await?;
                self.0.knowledge.refresh(store).await?;
            }
            Err(failure) => {
                now.status = Status::Failed;
                now.failure = Some(failure);
            }
        }
        if !self.0.store.item_change(&now.item("")).await? {
            self.0.store.document_remove(store, &path).await?;
        }
        Ok(())
    }

    /// What a file says, cut, or why it cannot be read.
    async fn document_of(
        &self,
        attached: &Attached,
    ) -> Result<Result<(Document, Vec<surefoot_types::document::Passage>), Failure>, Fault> {
        let failed = |code: &str, message: &str| Ok(Err(Failure { code: code.into(), message: message.into() }));
        let content = self.0.store.item_content(&format!("{FILES}{}", attached.owner), &attached.file).await?;
        let Some(content) = content else { return failed("invalid_file", "the file was deleted") };
        let (name, cutting, bytes) = (attached.name.clone(), cutting(attached), content.len() as u64);
        let read = spawn_blocking(move || {
            let hash = blake3::hash(&content).to_hex().to_string();
            ingest::made(&name, content, cutting).map(|made| (made, hash))
        });
        let (made, hash) = match read.await {
            Ok(Ok(read)) => read,
            Ok(Err(Unread::Unknown(reason))) => return failed("unsupported_file", &reason),
            Ok(Err(Unread::Broken(reason))) => return failed("invalid_file", &reason),
            Err(_panic) => return failed("server_error", "its reader broke down on it"),
        };
        if self.0.store.tombstone_list(&attached.store).await?.contains(&hash) {
            return failed("invalid_file", "its owner was erased");
        }
        let document = Document {
            id: DocumentId::mint(self.0.clock.as_ref(), self.0.chance.as_ref()),
            knowledge: attached.store.clone(),
            path: attached.path(),
            title: made.title,
            format: made.format.to_owned(),
            metadata: made.metadata,
            attributes: attached.attributes.clone(),
            etag: None,
            reader: ingest::parse::READER,
            hash,
            owner: attached.user.clone(),
            bytes,
            at: self.0.clock.now(),
            text: made.text,
        };
        Ok(Ok((document, made.passages)))
    }

    /// Does what is due: files that nobody reads any more are read, expired files and vector stores go. To be called
    /// from time to time.
    ///
    /// # Errors
    /// What the store says when it is asked what is due. What cannot be done of it waits for a while, and holds up nothing
    /// else.
    pub async fn tick(&self) -> Result<(), Fault> {
        for item in self.0.store.item_due(self.0.clock.now(), PAGE).await? {
            let later = Item { due: Some(self.lease()), ..item.clone() };
            if let Err(fault) = self.due(item).await {
                tracing::warn!(place = %later.place, id = %later.id, error = %fault.message, "what is due is not done yet");
                self.0.store.item_change(&later).await?;
            }
        }
        Ok(())
    }

    async fn due(&self, item: Item) -> Result<(), Fault> {
        let place = item.place.clone();
        if place.starts_with(ATTACHED) {
            self.again(Attached::of(item)?).await?;
        } else if let Some(owner) = place.strip_prefix(FILES) {
            self.file_drop(owner, &item.id).await?;
        } else if let Some(owner) = place.strip_prefix(STORES) {
            let store = VectorStore::of(item)?;
            self.empty(&store.id).await?;
            let expired = VectorStore { expired: true, ..store };
            self.0.store.item_change(&expired.item(owner)).await?;
        }
        Ok(())
    }

    /// Takes up a file that was not read to its end.
    async fn again(&self, attached: Attached) -> Result<(), Fault> {
        if self.under_way().contains(&(attached.store.clone(), attached.file.clone())) {
            let item = Item { due: Some(self.lease()), ..attached.item("") };
            self.0.store.item_change(&item).await?;
            return Ok(());
        }
        let attached = Attached { tries: attached.tries + 1, ..attached };
        if attached.tries > TRIES {
            let message = format!("it was begun to be read {TRIES} times, and never to the end");
            let failure = Some(Failure { code: "server_error".into(), message });
            let failed = Attached { status: Status::Failed, failure, ..attached };
            self.0.store.item_change(&failed.item("")).await?;
            return Ok(());
        }
        let item = Item { due: Some(self.lease()), ..attached.item("") };
        if self.0.store.item_change(&item).await? {
            self.spawn(attached);
        }
        Ok(())
    }
}

fn cutting(attached: &Attached) -> Cutting {
    let Some(chunking) = attached.chunking else { return Cutting::default() };
    let most = chunking.most as usize * TOKEN;
    // The overlap comes on top of what is cut, and must fit.
    let overlap = (chunking.overlap as usize * TOKEN).min(most / 2);
    let own = most - overlap;
    Cutting { sizes: Sizes { target: own * 5 / 7, most: own }, overlap }
}
