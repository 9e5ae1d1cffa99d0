//! The whole request on one screen. Read this first.
//!
//! [`Gateway::answer`] spawns [`walk`](Gateway::walk), which takes the ten steps in their order:
//! identify, resolve, ground, screen, recall, reserve, attempt, verify, settle, record. The last
//! two happen on every exit: an answer, a fault, a caller that hung up, a panic.

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
};

use arc_swap::ArcSwap;
use futures_util::FutureExt;
use surefoot_guard::personal::{Detector, Options};
use surefoot_types::{
    Chance, Clock, Code, Fault, Money, Timestamp,
    ids::TraceId,
    key::{Admin, Key},
    ports::{Books, Journal, Ledger, Record},
    trace::Trace,
};
use tokio::sync::mpsc;

use crate::{
    accounts::{Accounts, Counted, Hold, LIVES},
    anomaly::{SpendRate, spent_before},
    attempt::{Attempting, Outlet, Upstream},
    call::{Call, Caller, Delivery, Done, Failed, Reply, Whole},
    events,
    ground::ground,
    identify::{Admitted, identify, limit, may_enter, may_use},
    outside::{Grounding, Observer, Resident},
    project::Project,
    recall::Recall,
    record::Tale,
    reserve::Reserve,
    resolve::{self, resolve},
    screen::screen,
    under_way::{UnderWay, Walker},
    verify::verify,
};

/// How many pieces of an answer wait for a slow caller before the provider is made to wait too.
const PIECES_WAITING: usize = 64;

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
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids and jitter.
    pub chance: Arc<dyn Chance>,
    /// The project, swapped whole when its files change.
    pub project: Arc<ArcSwap<Project>>,
    /// Keys of the ledger.
    pub minted_keys: Arc<ArcSwap<Vec<Key>>>,
    /// Providers inside this process, by name.
    pub residents: BTreeMap<String, Arc<dyn Resident>>,
    /// Knowledge; `None` while nothing can be searched.
    pub grounding: Option<Arc<dyn Grounding>>,
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
}

impl Gateway {
    /// A gateway over `parts`. Reads from the books what was spent of late.
    ///
    /// # Errors
    /// When the store cannot be read or no HTTP client can be made.
    pub async fn new(parts: Parts) -> Result<Self, Fault> {
        let upstream = Upstream::new(parts.residents.clone(), Arc::clone(&parts.clock))?;
        let detector = Detector::new(&Options::default()).map_err(Fault::internal)?;
        let rate = Mutex::new(spent_before(parts.books.as_ref(), parts.clock.now()).await?);
        let clock = Arc::clone(&parts.clock);
        let accounts = Accounts::open(Arc::clone(&parts.ledger), parts.holder.clone(), clock, LIVES);
        let (recall, under_way) = (Recall::default(), UnderWay::default());
        Ok(Self { inner: Arc::new(Inner { parts, upstream, recall, accounts, under_way, rate, detector }) })
    }

    /// Answers a call. The work goes on in a task of its own, which ends early when the reply's
    /// deliveries are dropped; what it cost is settled and recorded all the same.
    pub fn answer(&self, call: Call) -> Reply {
        let (sender, deliveries) = mpsc::channel(PIECES_WAITING);
        let trace_id = call.trace_id;
        let (gateway, walker) = (self.clone(), Walker::new(self));
        tokio::spawn(async move { gateway.run(call, sender, walker).await });
        Reply { trace_id, deliveries }
    }

    async fn run(self, call: Call, sender: mpsc::Sender<Delivery>, walker: Walker) {
        let project = self.project();
        let mut tale = Tale::begin(&call, project.records, self.inner.parts.clock.as_ref());
        let mut hold = Hold::default();
        let mut outlet = Outlet::new(sender.clone(), call.chat.stream);
        let walked = tokio::select! {
            biased;
            () = sender.closed() => Err(Fault::new(Code::Cancelled, "the caller hung up")),
            stopped = self.inner.under_way.stopped() => Err(stopped),
            walked = AssertUnwindSafe(self.walk(&project, &call, &mut tale, &mut hold, &mut outlet)).catch_unwind() => {
                walked.unwrap_or_else(|_| Err(Fault::internal("a step of the request panicked")))
            }
        };
        let charges = hold.settle(tale.settle());
        let (record, added) = tale.record(walked.as_ref().err(), charges, &self.inner.detector);
        let recorded = self.store(&project, record).await;
        let last = match walked.and_then(|whole| recorded.map(|()| whole)) {
            Ok(whole) => Delivery::Done(Box::new(Done { whole, added })),
            Err(fault) => Delivery::Failed(Box::new(Failed { fault, standing: hold.standing(), added })),
        };
        drop(walker);
        // The caller may have gone: what was to be told is on the trace.
        let _ = sender.send(last).await;
    }

    /// Every step up to the answer. What it learns on the way stands in `tale`, so that being
    /// dropped half way loses nothing.
    async fn walk(
        &self,
        project: &Project,
        call: &Call,
        tale: &mut Tale,
        hold: &mut Hold,
        outlet: &mut Outlet,
    ) -> Result<Option<Whole>, Fault> {
        let Inner { parts, upstream, recall, accounts, .. } = &*self.inner;
        let now = parts.clock.now();

        tale.enter("identify");
        let admitted = identify(project, &parts.minted_keys.load(), &call.caller, now)?;
        tale.admitted(admitted.as_ref());
        let counted = Counted::of(project, admitted.as_ref(), tale.trace(), now);
        limit(accounts, &counted, hold).await?;

        tale.enter("resolve");
        let plan = resolve(project, upstream, admitted.as_ref(), &call.chat)?;
        tale.resolved(&plan, project);

        tale.enter("ground");
        let grounded =
            ground(&plan, call, admitted.as_ref(), parts.grounding.as_deref(), parts.chance.as_ref()).await?;
        tale.grounded(&grounded);

        tale.enter("screen");
        let mut prompt = screen(project, grounded)?;
        tale.screened(&prompt);

        tale.enter("recall");
        let place = recall.place(&plan, &prompt, tale.trace());
        if let Some(kept) = recall.get(place) {
            return outlet.replay(kept, hold.standing(), tale).await;
        }

        tale.enter("reserve");
        let reserve = Reserve { accounts, counted: &counted, project, model: &plan.model };
        reserve.chat(&mut prompt, hold).await?;
        tale.reserved(&prompt);

        tale.enter("attempt");
        let attempting = Attempting { upstream, plan: &plan, prompt: &prompt, call, parts, project, reserve: &reserve };
        let whole = attempting.run(tale, hold, outlet).await?;

        tale.enter("verify");
        verify(&plan, &prompt, parts.grounding.as_deref(), tale);
        recall.put(place, plan.model.cache, prompt.grounded.cap, tale.trace(), whole.as_ref());

        Ok(whole)
    }

    /// Records a request that could not be read at all, so that its trace id leads somewhere.
    /// It is whoever was admitted's, if anybody was.
    pub async fn refuse(&self, trace_id: TraceId, door: &'static str, admitted: Option<&Admitted>, fault: &Fault) {
        let project = self.project();
        let mut tale = Tale::unread(trace_id, door, project.records, self.inner.parts.clock.as_ref());
        tale.admitted(admitted);
        let (record, _) = tale.record(Some(fault), Vec::new(), &self.inner.detector);
        // The caller is told of its own fault in any case.
        let _ = self.store(&project, record).await;
    }

    /// Stores a request with what it is charged. What could not be stored counts against the budgets even so.
    pub(crate) async fn store(&self, project: &Project, record: Record) -> Result<(), Fault> {
        let (trace, charges) = (Arc::clone(&record.trace), record.charges.clone());
        let stored = self.inner.parts.journal.record_add(record).await;
        self.inner.accounts.recorded(&charges, stored.is_ok());
        events::request_ended(&trace);
        self.watch_spending(&trace);
        if let Some(observer) = &self.inner.parts.observer {
            observer.trace_ended(&trace);
        }
        let Err(error) = stored else { return Ok(()) };
        events::record_lost(&trace, &error);
        if project.records.serve_unrecorded { Ok(()) } else { Err(error.into()) }
    }

    fn watch_spending(&self, trace: &Trace) {
        let Some(cost) = trace.cost.filter(|cost| *cost > Money::ZERO) else { return };
        let mut rate = self.inner.rate.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(anomaly) = rate.add(cost, self.inner.parts.clock.now()) {
            events::spending_unusual(anomaly.spent, anomaly.usual);
        }
    }

    /// Forgets the cached answers of a user who was erased at `at`, given by the
    /// [hash](surefoot_types::erasure::user_hash) of their name.
    pub fn forget_user(&self, user: &str, at: Timestamp) {
        self.inner.recall.forget(user, at);
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

    /// What a caller may name: functions, then aliases, then the models inside this process.
    pub fn models(&self, admitted: Option<&Admitted>) -> Vec<String> {
        let project = self.project();
        let functions = project.functions.keys().cloned();
        let models = project.models.keys().cloned().chain(self.inner.upstream.resident_models());
        let all = functions.chain(models);
        all.filter(|name| may_use(admitted, resolve::function(&project, name), name).is_ok()).collect()
    }
}
