//! Builds everything, in order: store, knowledge, providers of this process, gateway.

pub(crate) mod examples;
mod grounding;
mod local;
mod store;
mod subject;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use surefoot_gateway::{
    Gateway, Minted, Parts, Project, Resident, Shares,
    attempt::sim::{Sim, SimResident},
    ground,
};
use surefoot_knowledge::{
    embed::{Embedder, StaticEmbedder},
    ingest::{self, Progress, Report, Source},
    search::Knowledge,
    shelf::Shelves,
};
use surefoot_lab::experiments::{Design, State};
use surefoot_server::McpTools;
use surefoot_telemetry::Telemetry;
use surefoot_types::{
    Chance, Clock, Fault, SystemChance, SystemClock,
    ports::{Store, StoreError},
};

use self::{grounding::KnowledgeGrounding, local::Local};
pub(crate) use self::{
    grounding::Unread,
    store::{file, open, open_file, open_postgres, open_to_serve},
    subject::{GatewaySubject, told as asked_as_told},
};
use crate::settings::{Retention, Settings, StoreSettings};

/// How long the collector is given to take the last spans.
const LAST_SPANS: Duration = Duration::from_secs(5);

/// The program, put together.
pub(crate) struct House {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) knowledge: Arc<Knowledge>,
    /// Files and vector stores of callers.
    pub(crate) shelves: Shelves,
    /// Where copies of what sources hold are kept.
    copies: PathBuf,
    pub(crate) unread: Arc<Unread>,
    pub(crate) embedder: Arc<dyn Embedder>,
    pub(crate) gateway: Gateway,
    pub(crate) project: Arc<ArcSwap<Project>>,
    pub(crate) minted_keys: Arc<ArcSwap<Minted>>,
    /// How traffic is split between variants of experiments.
    pub(crate) shares: Arc<ArcSwap<Shares>>,
    /// Good answers that prompts show.
    pub(crate) examples: Arc<ArcSwap<ground::Shelves>>,
    /// The experiments that the project's files say.
    pub(crate) experiments: ArcSwap<Vec<Design>>,
    pub(crate) retention: ArcSwap<Retention>,
    tokens: Arc<grounding::Tokens>,
    telemetry: Option<Arc<Telemetry>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) chance: Arc<dyn Chance>,
}

impl House {
    /// Puts the program together over a project, with its state in the folder `data`.
    pub(crate) async fn assemble(settings: &Settings, data: &Path) -> Result<Self, Fault> {
        Self::over(open(&settings.store, data).await?, settings, data).await
    }

    /// Puts it together to serve, which begins even while Postgres is away, with what is known of it here.
    pub(crate) async fn assemble_to_serve(settings: &Settings, data: &Path) -> Result<Self, Fault> {
        Self::over(open_to_serve(&settings.store, data).await?, settings, data).await
    }

    async fn over(store: Arc<dyn Store>, settings: &Settings, data: &Path) -> Result<Self, Fault> {
        let embedder: Arc<dyn Embedder> = Arc::new(StaticEmbedder);
        let knowledge = Arc::new(knowledge(&store, &embedder, &settings.store, data));
        let unread = Arc::new(Unread::default());
        let residents = residents(&embedder)?;
        let (clock, chance): (Arc<dyn Clock>, Arc<dyn Chance>) = (Arc::new(SystemClock), Arc::new(SystemChance));
        let (time, luck) = (Arc::clone(&clock), Arc::clone(&chance));
        let shelves = Shelves::new(Arc::clone(&store), Arc::clone(&knowledge), Arc::clone(&embedder), time, luck);
        let tokens = Arc::new(ArcSwap::from_pointee(settings.tokens.clone()));
        let minted_keys = Arc::new(ArcSwap::from_pointee(minted(&*store).await?));
        let project = Arc::new(ArcSwap::from_pointee(settings.project.clone()));
        let shares = Arc::new(ArcSwap::from_pointee(shares(&*store).await?));
        let examples: Arc<ArcSwap<ground::Shelves>> = Arc::default();
        let telemetry = settings.telemetry.as_ref().map(Telemetry::start).transpose()?.map(Arc::new);
        let (known, new) = (Arc::clone(&knowledge), Arc::clone(&unread));
        let grounding = KnowledgeGrounding::new(known, new, shelves.clone(), Arc::clone(&tokens));
        let gateway = Gateway::new(Parts {
            journal: Arc::clone(&store) as _,
            ledger: Arc::clone(&store) as _,
            books: Arc::clone(&store) as _,
            holder: store.holder().to_owned(),
            lease: settings.store.lease,
            clock: Arc::clone(&clock),
            chance: Arc::clone(&chance),
            project: Arc::clone(&project),
            minted_keys: Arc::clone(&minted_keys),
            shares: Arc::clone(&shares),
            examples: Arc::clone(&examples),
            residents,
            grounding: Some(Arc::new(grounding)),
            toolbox: Some(Arc::new(McpTools::default())),
            observer: telemetry.clone().map(|telemetry| telemetry as _),
        })
        .await?;
        let house = Self {
            store,
            knowledge,
            shelves,
            copies: data.join("sources"),
            unread,
            embedder,
            gateway,
            project,
            minted_keys,
            shares,
            examples,
            experiments: ArcSwap::from_pointee(settings.experiments.clone()),
            retention: ArcSwap::from_pointee(settings.retention),
            tokens,
            telemetry,
            clock,
            chance,
        };
        // What cannot be read now is read when the store is back.
        drop(examples::gather(&house).await);
        Ok(house)
    }

    /// Takes a project's settings as they are now, where they can change while the program runs.
    pub(crate) fn adopt(&self, settings: &Settings) {
        self.project.store(Arc::new(settings.project.clone()));
        self.experiments.store(Arc::new(settings.experiments.clone()));
        self.retention.store(Arc::new(settings.retention));
        self.tokens.store(Arc::new(settings.tokens.clone()));
    }

    /// Ends requests under way, gives back what is held of budgets, waits for what is on its way to the store, and
    /// closes it.
    pub(crate) async fn close(&self) {
        self.gateway.stop();
        self.gateway.idle().await;
        self.gateway.close().await;
        if let Some(telemetry) = &self.telemetry {
            telemetry.close(LAST_SPANS).await;
        }
        self.store.close().await;
    }

    /// Brings a knowledge up to date with its source.
    pub(crate) async fn ingest(
        &self,
        source: &Source,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<Report, Fault> {
        let (clock, chance) = (self.clock.as_ref(), self.chance.as_ref());
        let source = &Source { cache: self.copies.clone(), ..source.clone() };
        let report = ingest::ingest(source, &*self.store, self.embedder.as_ref(), clock, chance, progress).await?;
        self.knowledge.refresh(&source.knowledge).await?;
        Ok(report)
    }
}

/// How traffic was split last, between the variants of every experiment that the store knows.
async fn shares(store: &dyn Store) -> Result<Shares, Fault> {
    match store.experiment_list().await {
        // Those that go on are split as they began until it is back.
        Err(StoreError::Unavailable(_)) => Ok(Shares::new()),
        told => Ok(told?.iter().filter_map(|kept| Some((kept.id.clone(), State::read(kept)?.shares()))).collect()),
    }
}

/// The keys of the ledger; while it is away those that were known here before.
async fn minted(store: &dyn Store) -> Result<Minted, Fault> {
    match store.key_list().await {
        Err(StoreError::Unavailable(_)) => Ok(Minted::recalled(store.key_recall().await?.unwrap_or_default())),
        told => Ok(told?.into()),
    }
}

/// The providers inside this process.
fn residents(embedder: &Arc<dyn Embedder>) -> Result<BTreeMap<String, Arc<dyn Resident>>, Fault> {
    Ok(BTreeMap::from([
        ("local".into(), Arc::new(Local::new(Arc::clone(embedder))?) as Arc<dyn Resident>),
        ("sim".into(), Arc::new(SimResident::new(Arc::new(Sim::new(0, None))))),
    ]))
}

fn knowledge(store: &Arc<dyn Store>, embedder: &Arc<dyn Embedder>, settings: &StoreSettings, data: &Path) -> Knowledge {
    let index: PathBuf = data.join("index");
    let knowledge = Knowledge::open(Arc::clone(store) as _, Arc::clone(embedder), Some(index));
    // A file is beside its indexes; Postgres may be away.
    if settings.url.is_some() { knowledge.keeping_copies() } else { knowledge }
}

/// Takes out of the index in `data` whatever the store no longer holds, down to its files.
pub(crate) async fn scrub_index(store: &Arc<dyn Store>, settings: &StoreSettings, data: &Path) -> Result<(), Fault> {
    let embedder: Arc<dyn Embedder> = Arc::new(StaticEmbedder);
    knowledge(store, &embedder, settings, data).scrub().await
}
