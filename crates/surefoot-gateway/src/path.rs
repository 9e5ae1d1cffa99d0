//! The whole request on one screen. Read this first.
//!
//! [`Gateway::answer`] spawns [`walk`](Gateway::walk), which takes the ten steps in their order:
//! identify, resolve, ground, screen, recall, reserve, attempt, verify, settle, record. The last
//! two happen on every exit: an answer, a fault, a caller that hung up, a panic.

use std::{collections::BTreeMap, panic::AssertUnwindSafe, sync::Arc};

use arc_swap::ArcSwap;
use futures_util::FutureExt;
use surefoot_types::{Chance, Clock, Code, Fault, ids::TraceId, key::Key, ports::Journal};
use tokio::sync::mpsc;

use crate::{
    attempt::{Attempting, Outlet, Upstream},
    call::{Call, Caller, Delivery, Done, Failed, Reply},
    events,
    ground::ground,
    identify::{Admitted, identify},
    outside::{Grounding, Resident},
    project::Project,
    recall::Recall,
    record::Tale,
    reserve::{Hold, Purse},
    resolve::resolve,
    screen::screen,
    verify::verify,
};

/// How many pieces of an answer wait for a slow caller before the provider is made to wait too.
const PIECES_WAITING: usize = 64;

/// What a gateway is made of.
pub struct Parts {
    /// Where traces go.
    pub journal: Arc<dyn Journal>,
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
    pub(crate) purse: Purse,
}

impl Gateway {
    /// A gateway over `parts`. Reads from the journal what was spent today.
    ///
    /// # Errors
    /// When the journal cannot be read or no HTTP client can be made.
    pub async fn new(parts: Parts) -> Result<Self, Fault> {
        let purse = Purse::open(parts.journal.as_ref(), parts.clock.as_ref()).await?;
        let upstream = Upstream::new(parts.residents.clone(), Arc::clone(&parts.clock))?;
        Ok(Self { inner: Arc::new(Inner { parts, upstream, recall: Recall::default(), purse }) })
    }

    /// Answers a call. The work goes on in a task of its own, which ends early when the reply's
    /// deliveries are dropped; what it cost is settled and recorded all the same.
    pub fn answer(&self, call: Call) -> Reply {
        let (sender, deliveries) = mpsc::channel(PIECES_WAITING);
        let trace_id = call.trace_id;
        let gateway = self.clone();
        tokio::spawn(async move { gateway.run(call, sender).await });
        Reply { trace_id, deliveries }
    }

    async fn run(self, call: Call, sender: mpsc::Sender<Delivery>) {
        let mut tale = Tale::begin(&call, self.inner.parts.clock.as_ref());
        let mut hold = Hold::default();
        let mut outlet = Outlet::new(sender.clone(), call.chat.stream);
        let walked = tokio::select! {
            biased;
            () = sender.closed() => Err(Fault::new(Code::Cancelled, "the caller hung up")),
            walked = AssertUnwindSafe(self.walk(&call, &mut tale, &mut hold, &mut outlet)).catch_unwind() => {
                walked.unwrap_or_else(|_| Err(Fault::internal("a step of the request panicked")))
            }
        };
        self.inner.purse.settle(hold, tale.settle(&self.project()), self.inner.parts.clock.as_ref());
        let (trace, added) = tale.record(walked.as_ref().err());
        let recorded = self.inner.parts.journal.trace_add(Arc::clone(&trace)).await.map_err(Fault::from);
        events::request_ended(&trace);
        let last = match walked.and_then(|whole| recorded.map(|()| whole)) {
            Ok(whole) => Delivery::Done(Box::new(Done { whole, added })),
            Err(fault) => Delivery::Failed(Box::new(Failed { fault, added })),
        };
        // The caller may have gone: what was to be told is on the trace.
        let _ = sender.send(last).await;
    }

    /// Every step up to the answer. What it learns on the way stands in `tale`, so that being
    /// dropped half way loses nothing.
    async fn walk(
        &self,
        call: &Call,
        tale: &mut Tale,
        hold: &mut Hold,
        outlet: &mut Outlet,
    ) -> Result<Option<crate::call::Whole>, Fault> {
        let Inner { parts, upstream, recall, purse } = &*self.inner;
        let project = parts.project.load_full();

        tale.enter("identify");
        let admitted = identify(&project, &parts.minted_keys.load(), &call.caller)?;
        tale.admitted(admitted);

        tale.enter("resolve");
        let plan = resolve(&project, upstream, &call.chat)?;
        tale.resolved(&plan, &project);

        tale.enter("ground");
        let grounded = ground(&plan, call, parts.grounding.as_deref(), parts.chance.as_ref()).await?;
        tale.grounded(&grounded);

        tale.enter("screen");
        let prompt = screen(&project, grounded)?;
        tale.screened(&prompt);

        tale.enter("recall");
        let place = if call.context.fresh { None } else { recall.place(&plan, &prompt, tale.trace()) };
        if let Some(kept) = recall.get(place) {
            return outlet.replay(kept, tale).await;
        }

        tale.enter("reserve");
        *hold = purse.reserve(&project, &plan, &prompt, parts.clock.as_ref())?;

        tale.enter("attempt");
        let attempting = Attempting { upstream, plan: &plan, prompt: &prompt, call, parts, project: &project };
        let whole = attempting.run(tale, outlet).await?;

        tale.enter("verify");
        verify(&plan, &prompt, parts.grounding.as_deref(), tale);
        recall.put(place, plan.model.cache, tale.trace(), whole.as_ref());

        Ok(whole)
    }

    /// Records a request that could not be read at all, so that its trace id leads somewhere.
    pub async fn refuse(&self, trace_id: TraceId, door: &'static str, fault: &Fault) {
        let tale = Tale::unread(trace_id, door, self.inner.parts.clock.as_ref());
        let (trace, _) = tale.record(Some(fault));
        events::request_ended(&trace);
        if let Err(error) = self.inner.parts.journal.trace_add(trace).await {
            events::record_lost(&error);
        }
    }

    /// Whether a caller may use the doors that are not on the path (traces, console).
    ///
    /// # Errors
    /// `Unauthenticated` where a key is required and none, or an unknown one, came.
    pub fn admit(&self, caller: &Caller) -> Result<Option<Admitted>, Fault> {
        identify(&self.project(), &self.inner.parts.minted_keys.load(), caller)
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
    pub fn models(&self) -> Vec<String> {
        let project = self.project();
        let mut names: Vec<String> = project.functions.keys().cloned().collect();
        names.extend(project.models.keys().cloned());
        names.extend(self.inner.upstream.resident_models());
        names
    }
}
