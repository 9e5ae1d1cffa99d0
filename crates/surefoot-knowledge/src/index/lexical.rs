//! The lexical leg: BM25 (k1 1.2, b 0.75) in tantivy, and the place where both legs are kept on disk.
//!
//! Each entry keeps its key and its vector, so that one commit makes words and vectors durable together and the
//! number of the change they stand for (the commit's payload) is true of both.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};
use surefoot_types::document::StoredPassage;
use tantivy::{
    Index, IndexReader, IndexWriter, ReloadPolicy, Searcher, TantivyDocument, TantivyError, Term,
    collector::TopDocs,
    query::{BooleanQuery, Occur, Query, TermQuery},
    schema::{FAST, Field, INDEXED, IndexRecordOption, STORED, Schema, TextFieldIndexing, TextOptions, Value},
    tokenizer::TokenizerManager,
};

use super::vectors::Flat;
use crate::words;

/// Raised when what is on disk changes its form or its analysis: an older index is then built anew.
const FORM: u32 = 2;
const ANALYZER: &str = "surefoot";
/// Memory for entries that are not on disk yet.
const WRITER_BYTES: usize = 64 << 20;

/// What a commit says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Payload {
    form: u32,
    embedder: String,
    /// Whose changes it has followed.
    library: String,
    /// Whether the passages themselves are in it.
    #[serde(default)]
    copies: bool,
    change: u64,
}

/// What an index is of: entries made with another embedder, or from another library, are of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Whose vectors it holds.
    pub embedder: String,
    /// The id of the library that it follows.
    pub library: String,
    /// Whether it keeps the passages beside their words, for when the library is away.
    pub copies: bool,
}

/// One knowledge's entries.
pub(super) struct Lexical {
    index: Index,
    reader: IndexReader,
    key: Field,
    text: Field,
    vector: Field,
    copy: Field,
    origin: Origin,
}

/// Entries on their way in. While it lives, no other process writes.
pub(super) type Writer = IndexWriter<TantivyDocument>;

fn schema() -> Schema {
    let indexing = TextFieldIndexing::default().set_tokenizer(ANALYZER).set_index_option(IndexRecordOption::WithFreqs);
    let mut schema = Schema::builder();
    schema.add_u64_field("key", FAST | INDEXED | STORED);
    schema.add_text_field("text", TextOptions::default().set_indexing_options(indexing));
    schema.add_bytes_field("vector", STORED);
    schema.add_bytes_field("copy", STORED);
    schema.build()
}

impl Lexical {
    /// Opens the index in a folder, or one in memory. What is there and cannot be used is thrown away: it can be
    /// built anew.
    pub(super) fn open(folder: Option<&Path>, origin: &Origin) -> tantivy::Result<Self> {
        let Some(folder) = folder else { return Self::of(Index::create_in_ram(schema()), origin) };
        if let Ok(kept) = Index::open_in_dir(folder).and_then(|index| Self::of(index, origin))
            && kept.index.schema() == schema()
            && kept.is_of(origin)?
        {
            return Ok(kept);
        }
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        Self::of(Index::create_in_dir(folder, schema())?, origin)
    }

    fn of(mut index: Index, origin: &Origin) -> tantivy::Result<Self> {
        let analyzers = TokenizerManager::default();
        analyzers.register(ANALYZER, words::analyzer());
        index.set_tokenizers(analyzers);
        let schema = index.schema();
        Ok(Self {
            key: schema.get_field("key")?,
            text: schema.get_field("text")?,
            vector: schema.get_field("vector")?,
            copy: schema.get_field("copy")?,
            reader: index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?,
            origin: origin.clone(),
            index,
        })
    }

    /// Whether what is there can be gone on with. Nothing committed yet can.
    fn is_of(&self, origin: &Origin) -> tantivy::Result<bool> {
        let metas = self.index.load_metas()?;
        let Some(told) = metas.payload else { return Ok(metas.segments.is_empty()) };
        let payload = serde_json::from_str::<Payload>(&told).ok();
        Ok(payload.is_some_and(|payload| {
            let told = Origin { embedder: payload.embedder, library: payload.library, copies: payload.copies };
            payload.form == FORM && told == *origin
        }))
    }

    /// What an index in a folder is of; none where there is none that could be gone on with.
    pub(super) fn origin_in(folder: &Path) -> Option<Origin> {
        let told = Index::open_in_dir(folder).and_then(|index| index.load_metas()).ok()?.payload?;
        let payload = serde_json::from_str::<Payload>(&told).ok().filter(|payload| payload.form == FORM)?;
        Some(Origin { embedder: payload.embedder, library: payload.library, copies: payload.copies })
    }

    fn payload(&self) -> tantivy::Result<Option<Payload>> {
        Ok(self.index.load_metas()?.payload.and_then(|payload| serde_json::from_str(&payload).ok()))
    }

    /// The number of the last change that the index holds.
    pub(super) fn change(&self) -> tantivy::Result<u64> {
        Ok(self.payload()?.map_or(0, |payload| payload.change))
    }

    /// Begins to write; none while another process does.
    pub(super) fn writer(&self) -> tantivy::Result<Option<Writer>> {
        match self.index.writer_with_num_threads(1, WRITER_BYTES) {
            Ok(writer) => Ok(Some(writer)),
            Err(TantivyError::LockFailure(..)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Adds a passage by what is searched of it.
    pub(super) fn add(
        &self,
        writer: &Writer,
        stored: &StoredPassage,
        text: &str,
        vector: &[i8],
    ) -> tantivy::Result<()> {
        let mut entry = TantivyDocument::default();
        entry.add_u64(self.key, stored.key);
        if self.origin.copies {
            entry.add_bytes(
                self.copy,
                &serde_json::to_vec(stored).map_err(|e| TantivyError::InternalError(e.to_string()))?,
            );
        }
        entry.add_text(self.text, text);
        entry.add_bytes(self.vector, &vector.iter().map(|x| x.cast_unsigned()).collect::<Vec<u8>>());
        writer.add_document(entry).map(drop)
    }

    pub(super) fn remove(&self, writer: &Writer, key: u64) {
        writer.delete_term(Term::from_field_u64(self.key, key));
    }

    /// Makes what was written durable, as the state after a change.
    pub(super) fn commit(&self, writer: &mut Writer, change: u64) -> tantivy::Result<()> {
        let Origin { embedder, library, copies } = self.origin.clone();
        let payload = Payload { form: FORM, embedder, library, copies, change };
        let mut commit = writer.prepare_commit()?;
        commit.set_payload(&serde_json::to_string(&payload).map_err(|e| TantivyError::InternalError(e.to_string()))?);
        commit.commit().map(drop)
    }

    /// Writes anew what holds entries that went, so that none of their words or vectors is left in any file that
    /// a view of now needs. [`sweep`](Self::sweep) takes the old files away.
    pub(super) fn rewrite(&self, writer: &mut Writer) -> tantivy::Result<()> {
        let segments = self.index.searchable_segment_metas()?;
        let marred: Vec<_> =
            segments.iter().filter(|segment| segment.has_deletes()).map(tantivy::SegmentMeta::id).collect();
        if !marred.is_empty() {
            writer.merge(&marred).wait()?;
        }
        Ok(())
    }

    /// Takes away the files that no commit and no view needs any more.
    pub(super) fn sweep(&self, writer: Writer) -> tantivy::Result<()> {
        writer.garbage_collect_files().wait()?;
        writer.wait_merging_threads()
    }

    /// A view of the latest commit.
    pub(super) fn view(&self) -> tantivy::Result<Searcher> {
        self.reader.reload()?;
        Ok(self.reader.searcher())
    }

    /// The passages with these keys, as they were when they were added, in this order; what is not there is left out.
    pub(super) fn copies(&self, view: &Searcher, keys: &[u64]) -> tantivy::Result<Vec<StoredPassage>> {
        let mut copies = Vec::with_capacity(keys.len());
        for key in keys {
            let query = TermQuery::new(Term::from_field_u64(self.key, *key), IndexRecordOption::Basic);
            if let Some((_, at)) = view.search(&query, &TopDocs::with_limit(1).order_by_score())?.first() {
                let entry: TantivyDocument = view.doc(*at)?;
                let copy = entry.get_first(self.copy).and_then(|value| value.as_bytes());
                copies.extend(copy.and_then(|bytes| serde_json::from_slice(bytes).ok()));
            }
        }
        Ok(copies)
    }

    /// The vectors of all entries in a view.
    pub(super) fn vectors(&self, view: &Searcher, dimensions: usize) -> tantivy::Result<Flat> {
        let mut flat = Flat::new(dimensions);
        for segment in view.segment_readers() {
            let store = segment.get_store_reader(1)?;
            for entry in store.iter::<TantivyDocument>(segment.alive_bitset()) {
                let entry = entry?;
                let key = entry.get_first(self.key).and_then(|value| value.as_u64());
                let vector = entry.get_first(self.vector).and_then(|value| value.as_bytes());
                if let (Some(key), Some(vector)) = (key, vector) {
                    flat.add(key, &vector.iter().map(|x| x.cast_signed()).collect::<Vec<i8>>());
                }
            }
        }
        Ok(flat)
    }

    /// The best `limit` entries for a query, best first, ties by key.
    pub(super) fn search(&self, view: &Searcher, query: &str, limit: usize) -> tantivy::Result<Vec<(u64, f32)>> {
        let found = view.search(&self.query(query), &TopDocs::with_limit(limit).order_by_score())?;
        let columns: Vec<_> = view.segment_readers().iter().map(|segment| segment.fast_fields().u64("key")).collect();
        let mut hits = Vec::with_capacity(found.len());
        for (score, at) in found {
            let column = columns[at.segment_ord as usize].as_ref().map_err(Clone::clone)?;
            hits.extend(column.first(at.doc_id).map(|key| (key, score)));
        }
        hits.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Ok(hits)
    }

    fn query(&self, query: &str) -> BooleanQuery {
        let clauses = words::terms(query).into_iter().take(words::QUERY_TERMS).map(|term| {
            let term = Term::from_field_text(self.text, &term.text);
            let query: Box<dyn Query> = Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs));
            (Occur::Should, query)
        });
        BooleanQuery::new(clauses.collect())
    }
}
