//! What a running program does beside answering: it follows what others change in the store, tells of itself,
//! sees whether the store can be written, and takes away what is too old.

mod experiment;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use surefoot_lab::experiments::State;
use surefoot_types::{Fault, Timestamp, ports::Stored, replica::Replica};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    assemble::{House, examples},
    live::Status,
    terminal::tell,
};

/// How often keys are looked at: a change is effective within a second.
const KEYS: Duration = Duration::from_millis(500);
/// How often erasures are looked at.
const ERASURES: Duration = Duration::from_secs(1);
/// How often good answers are gathered for prompts to show.
const EXAMPLES: Duration = Duration::from_secs(30);
/// How often experiments are looked at.
const EXPERIMENTS: Duration = Duration::from_secs(1);
/// How often the store is tried.
const PROBE: Duration = Duration::from_secs(5);
/// How often a process tells that it is there, and for how long it is then taken to be.
const BEAT: Duration = Duration::from_secs(10);
/// See [`BEAT`].
pub(crate) const BEAT_LIVES: Duration = Duration::from_secs(30);
/// How often files and vector stores are looked at.
const SHELVES: Duration = Duration::from_secs(2);
/// How often what is too old is taken away.
const CHORES: Duration = Duration::from_secs(3_600);
/// How many traces are taken away at once.
const PRUNED: usize = 1_000;
/// How long the accounts of windows that are over are kept for reports.
const ACCOUNTS: Duration = Duration::from_secs(62 * 86_400);
/// What keeps a server from serving whose store is broken.
const BROKEN: &str = "the store cannot be written";

/// What a process tells of itself.
pub(crate) type Tells = Arc<dyn Fn() -> Replica + Send + Sync>;

/// Starts all of it; it ends when the set is dropped.
pub(crate) fn start(house: &Arc<House>, status: &Arc<Status>, tells: &Tells) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(keys(Arc::clone(house)));
    tasks.spawn(erasures(Arc::clone(house)));
    tasks.spawn(experiments(Arc::clone(house)));
    tasks.spawn(examples(Arc::clone(house)));
    tasks.spawn(beat(Arc::clone(house), Arc::clone(tells)));
    tasks.spawn(chores(Arc::clone(house)));
    tasks.spawn(probe(Arc::clone(house), Arc::clone(status)));
    tasks.spawn(shelves(Arc::clone(house)));
    tasks
}

/// Takes in keys that were made, renewed or revoked elsewhere. While the store is away the last ones hold.
async fn keys(house: Arc<House>) {
    let mut seen = None;
    loop {
        if let Ok(version) = house.store.key_version().await
            && seen != Some(version)
            && let Ok(keys) = house.store.key_list().await
        {
            house.gateway.keys_changed(keys);
            seen = Some(version);
        }
        sleep(KEYS).await;
    }
}

/// Forgets answers and index entries of erased users. One who was erased while this process was not there is
/// still in its index, so it begins with all that the store remembers.
async fn erasures(house: Arc<House>) {
    let mut seen = 0;
    loop {
        let new = house.store.erasure_list(seen).await.unwrap_or_default();
        if let Some(last) = new.last() {
            new.iter().for_each(|erasure| house.gateway.forget_user(&erasure.user, erasure.at));
            forgotten(&house).await;
            match house.knowledge.scrub().await {
                Ok(()) => seen = last.number,
                Err(fault) => tell(format!("an erasure is not in the index yet, and is tried again: {}", fault.told())),
            }
        }
        sleep(ERASURES).await;
    }
}

/// Tells the others that this process is there. That it could not be told, the probe says.
async fn beat(house: Arc<House>, tells: Tells) {
    loop {
        drop(house.store.replica_beat(&tells(), BEAT_LIVES).await);
        sleep(BEAT).await;
    }
}

/// Tries from time to time whether the store takes records, so that readiness says when it does not. Where the project
/// serves without records even so, it is only told.
async fn probe(house: Arc<House>, status: Arc<Status>) {
    let mut broken = false;
    loop {
        let checked = house.store.check().await;
        match (&checked, broken) {
            (Err(error), false) => tell(format!("{BROKEN}: {error}")),
            (Ok(()), true) => tell("the store can be written again"),
            _ => {}
        }
        broken = checked.is_err();
        status.set_busy(BROKEN, broken && !house.gateway.project().records.serve_unrecorded);
        sleep(PROBE).await;
    }
}

/// Does what is due of files and vector stores.
async fn shelves(house: Arc<House>) {
    loop {
        // What could not be done stays due; that the store is away, the probe says.
        drop(house.shelves.tick().await);
        sleep(SHELVES).await;
    }
}

/// Gathers the good answers that prompts show.
async fn examples(house: Arc<House>) {
    loop {
        sleep(EXAMPLES).await;
        // While the store is away, those from before are shown.
        drop(examples::gather(&house).await);
    }
}

/// No prompt shows anything of a user who was erased.
async fn forgotten(house: &House) {
    if examples::gather(house).await.is_err() {
        house.examples.store(Arc::default());
    }
}

/// Looks at what happened in the experiments, and splits traffic by it. Every process does: all of them come to the same,
/// and who is later takes what is there.
async fn experiments(house: Arc<House>) {
    let mut seen = BTreeMap::new();
    loop {
        let begun = Instant::now();
        for design in house.experiments.load_full().iter() {
            // While the store is away, traffic is split as it was.
            drop(experiment::advance(&house, design, &mut seen).await);
        }
        if let Ok(kept) = house.store.experiment_list().await {
            let shares = kept.iter().filter_map(|kept| Some((kept.id.clone(), State::read(kept)?.shares())));
            house.shares.store(Arc::new(shares.collect()));
        }
        // However much there is to look at, most of the time is the requests'.
        sleep(EXPERIMENTS.max(begun.elapsed() * 20)).await;
    }
}

async fn chores(house: Arc<House>) {
    loop {
        if let Err(error) = prune(&house).await {
            tell(format!("what is too old could not be taken away: {}", Fault::from(error).told()));
        }
        sleep(CHORES).await;
    }
}

/// Takes away what is older than the project says.
async fn prune(house: &House) -> Stored<()> {
    let retention = **house.retention.load();
    let before = |span: Duration| house.clock.now().checked_sub(span).unwrap_or(Timestamp::UNIX_EPOCH);
    if let Some(span) = retention.traces {
        while house.store.trace_prune(before(span), PRUNED).await? == PRUNED as u64 {}
        house.store.response_prune(before(span)).await?;
    }
    if let Some(span) = retention.spend {
        house.store.spend_prune(before(span)).await?;
    }
    if let Some(span) = retention.runs {
        house.store.run_prune(before(span)).await?;
    }
    house.store.account_prune(before(ACCOUNTS)).await?;
    Ok(())
}
