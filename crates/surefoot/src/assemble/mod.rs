//! Builds everything, in order: store, knowledge, providers of this process, gateway.

mod grounding;
mod local;
mod subject;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;
use surefoot_gateway::{
    Gateway, Parts, Project, Resident,
    attempt::sim::{Sim, SimResident},
};
use surefoot_knowledge::{
    embed::{Embedder, StaticEmbedder},
    ingest::{self, Progress, Report, Source},
    search::Knowledge,
};
use surefoot_store::SqliteStore;
use surefoot_types::{
    Chance, Clock, Fault, SystemChance, SystemClock,
    key::Key,
    ports::{Journal, Ledger, Library},
};

use self::{grounding::KnowledgeGrounding, local::Local};
pub(crate) use self::{grounding::Unread, subject::GatewaySubject};

/// The program, put together.
pub(crate) struct House {
    pub(crate) store: SqliteStore,
    pub(crate) knowledge: Arc<Knowledge>,
    pub(crate) unread: Arc<Unread>,
    pub(crate) embedder: Arc<dyn Embedder>,
    pub(crate) gateway: Gateway,
    pub(crate) project: Arc<ArcSwap<Project>>,
    pub(crate) minted_keys: Arc<ArcSwap<Vec<Key>>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Chance>,
}

impl House {
    /// Puts the program together over a project, with its state in the folder `data`.
    pub(crate) async fn assemble(project: Project, data: &Path) -> Result<Self, Fault> {
        let store = SqliteStore::open(&data.join("surefoot.db")).await?;
        let embedder: Arc<dyn Embedder> = Arc::new(StaticEmbedder);
        let library: Arc<dyn Library> = Arc::new(store.clone());
        let index: PathBuf = data.join("index");
        let knowledge = Arc::new(Knowledge::open(library, Arc::clone(&embedder), Some(index)));
        let unread = Arc::new(Unread::default());
        let residents: BTreeMap<String, Arc<dyn Resident>> = BTreeMap::from([
            ("local".into(), Arc::new(Local::new(Arc::clone(&embedder))) as Arc<dyn Resident>),
            ("sim".into(), Arc::new(SimResident::new(Arc::new(Sim::new(0, None))))),
        ]);
        let (clock, chance): (Arc<dyn Clock>, Arc<dyn Chance>) = (Arc::new(SystemClock), Arc::new(SystemChance));
        let minted_keys = Arc::new(ArcSwap::from_pointee(store.key_list().await?));
        let project = Arc::new(ArcSwap::from_pointee(project));
        let gateway = Gateway::new(Parts {
            journal: Arc::new(store.clone()) as Arc<dyn Journal>,
            clock: Arc::clone(&clock),
            chance: Arc::clone(&chance),
            project: Arc::clone(&project),
            minted_keys: Arc::clone(&minted_keys),
            residents,
            grounding: Some(Arc::new(KnowledgeGrounding::new(Arc::clone(&knowledge), Arc::clone(&unread)))),
        })
        .await?;
        Ok(Self { store, knowledge, unread, embedder, gateway, project, minted_keys, clock, chance })
    }

    /// Brings a knowledge up to date with its folder.
    pub(crate) async fn ingest(
        &self,
        source: &Source,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<Report, Fault> {
        let (clock, chance) = (self.clock.as_ref(), self.chance.as_ref());
        let report = ingest::ingest(source, &self.store, self.embedder.as_ref(), clock, chance, progress).await?;
        self.knowledge.refresh(&source.knowledge).await?;
        Ok(report)
    }
}
