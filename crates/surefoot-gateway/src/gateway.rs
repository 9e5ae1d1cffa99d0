//! What a gateway is made of, and what it does beside answering.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use surefoot_guard::{
    personal::{Detector, Options},
    untrusted::Marker,
};
use surefoot_types::{
    Capabilities, Chance, Clock, Code, Fault, Money, Price, Timestamp,
    budget::Lives,
    ids::TraceId,
    key::{Admin, Key},
    ports::{Books, Journal, Ledger},
    trace::Trace,
};

use crate::{
    accounts::Accounts,
    anomaly::{SpendRate, spent_before},
    attempt::Upstream,
    call::Caller,
    events,
    identify::{Admitted, Minted, identify, may_enter, may_use},
    outside::{Grounding, Observer, Resident, Toolbox},
    project::{Project, Target},
    recall::Recall,
    record, resolve,
    under_way::UnderWay,
};

/// What a gateway is made of.
pub struct Parts {
    /// Where records go.
    pub journal: Arc<dyn Journal>,
    /// Where budgets and limits are kept.
    pub ledger: Arc<dyn Ledger>,
    /// What was spent before.
    pub books: Arc<dyn Books>,
    /// This process's seat in the store: the name under which it holds leases. One gateway has a seat at a time.
    pub holder: String,
    /// How long its leases live on after the store last heard of it: so long a budget waits for a process that is
    /// gone, and this one goes on without the store.
    pub lease: Lives,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and jitter.
    pub chance: Arc<dyn Chance>,
    /// The project, swapped whole when its files change.
    pub project: Arc<ArcSwap<Project>>,
    /// Keys of the ledger.
    pub minted_keys: Arc<ArcSwap<Minted>>,
    /// Providers inside this process, by name.
    pub residents: BTreeMap<String, Arc<dyn Resident>>,
    /// Knowledge; `None` while nothing can be searched.
    pub grounding: Option<Arc<dyn Grounding>>,
    /// The servers of tools; `None` where there is no way to them.
    pub toolbox: Option<Arc<dyn Toolbox>>,
    /// Is told of every request that ended.
    pub observer: Option<Arc<dyn Observer>>,
}

/// The path of a request. Clones share everything.
#[derive(Clone)]
pub struct Gateway {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) parts: Parts,
    pub(crate) upstream: Upstream,
    pub(crate) recall: Recall,
    pub(crate) accounts: Accounts,
    pub(crate) under_way: UnderWay,
    pub(crate) rate: Mutex<SpendRate>,
    /// What redacted records are masked by.
    pub(crate) detector: Detector,
    /// Marks text that comes from elsewhere.
    pub(crate) marker: Marker,
}

impl Gateway {
    /// A gateway over `parts`. Reads from the books what was spent of late.
    ///
    /// # Errors
    /// When the store cannot be read or no HTTP client can be made.
    pub async fn new(parts: Parts) -> Result<Self, Fault> {
        let upstream = Upstream::new(parts.residents.clone(), Arc::clone(&parts.clock))?;
        let detector = Detector::new(&Options::default()).map_err(Fault::internal)?;
        let rate = match spent_before(parts.books.as_ref(), parts.clock.now()).await {
            // While the store is away nothing is known to be usual.
            Err(fault) if fault.code == Code::Unavailable => SpendRate::default(),
            told => told?,
        };
        let rate = Mutex::new(rate);
        let clock = Arc::clone(&parts.clock);
        let accounts = Accounts::open(Arc::clone(&parts.ledger), parts.holder.clone(), clock, parts.lease);
        let (recall, under_way) = (Recall::default(), UnderWay::default());
        let marker = Marker::new(parts.chance.bits());
        Ok(Self { inner: Arc::new(Inner { parts, upstream, recall, accounts, under_way, rate, detector, marker }) })
    }

    pub(crate) fn watch_spending(&self, trace: &Trace) {
        let Some(cost) = trace.cost.filter(|cost| *cost > Money::ZERO) else { return };
        let mut rate = self.inner.rate.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(anomaly) = rate.add(cost, self.inner.parts.clock.now()) {
            events::spending_unusual(anomaly.spent, anomaly.usual);
        }
    }

    /// Takes in the ledger's keys as they are now.
    pub fn keys_changed(&self, keys: Vec<Key>) {
        self.inner.parts.minted_keys.store(Arc::new(keys.into()));
    }

    /// Forgets the cached answers of a user who was erased at `at`, given by the
    /// [hash](surefoot_types::erasure::user_hash) of their name.
    pub fn forget_user(&self, user: &str, at: Timestamp) {
        self.inner.recall.forget(user, at);
    }

    /// Takes out of a text that was said about a request afterwards what is kept of no text of the request: secrets, and
    /// personal data where the request's records are redacted.
    pub fn redact_like(&self, trace: &Trace, text: &mut String) {
        let project = self.project();
        let function = trace.function.as_ref().and_then(|name| project.functions.get(name));
        let guards = function.and_then(|function| function.guards.as_ref()).unwrap_or(&project.guards);
        let own = guards.personal.as_ref().and_then(|guard| guard.unkept.as_deref());
        record::redact(trace.keep, own.unwrap_or(&self.inner.detector), text);
    }

    /// Gives back what this process holds of budgets and limits. For the end, once nothing is under way.
    pub async fn close(&self) {
        self.inner.accounts.close().await;
    }

    /// Whether a caller may use the doors beside the path that need `needed` (traces, console, keys). `None`
    /// is a trusted caller without a key, who may do everything.
    ///
    /// # Errors
    /// `Unauthenticated` where a key is required and none, an unknown or an outdated one came; `Forbidden` where
    /// the key does not open the door.
    pub fn admit(&self, caller: &Caller, needed: Admin) -> Result<Option<Admitted>, Fault> {
        let now = self.inner.parts.clock.now();
        let admitted = identify(&self.project(), &self.inner.parts.minted_keys.load(), caller, now)?;
        may_enter(admitted.as_ref(), needed)?;
        Ok(admitted)
    }

    /// The project as it is now.
    pub fn project(&self) -> Arc<Project> {
        self.inner.parts.project.load_full()
    }

    /// A new trace's id.
    pub fn mint_trace(&self) -> TraceId {
        TraceId::mint(self.inner.parts.clock.as_ref(), self.inner.parts.chance.as_ref())
    }

    /// What is known of a function's, alias's or target's model: of the target that is tried first.
    pub fn model_known(&self, name: &str) -> (Capabilities, Option<Price>) {
        let project = self.project();
        let function = project.functions.get(name);
        let variant = function.and_then(|function| function.variants.get(&function.variant));
        let model = variant.map(|variant| &variant.model).or_else(|| project.models.get(name));
        let target = model.and_then(|model| model.targets.first()).map_or_else(|| name.to_owned(), Target::name);
        let price = project.prices.get(&target, self.inner.parts.clock.now());
        (project.capabilities.get(&target), price.cloned())
    }

    /// What a caller may name: functions, then aliases, then the models inside this process.
    pub fn models(&self, admitted: Option<&Admitted>) -> Vec<String> {
        let project = self.project();
        let functions = project.functions.keys().cloned();
        let models = project.models.keys().cloned().chain(self.inner.upstream.resident_models());
        let all = functions.chain(models);
        all.filter(|name| may_use(admitted, resolve::function(&project, name), name).is_ok()).collect()
    }
}
