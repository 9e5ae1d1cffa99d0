//! The whole request on one screen. Read this first.
//!
//! [`Gateway::answer`] spawns [`walk`](Gateway::walk), which takes the ten steps in their order:
//! identify, resolve, ground, screen, recall, reserve, attempt, verify, settle, record. The last
//! two happen on every exit: an answer, a fault, a caller that hung up, a panic.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use surefoot_types::{Code, Fault, ids::TraceId, ports::Record};
use tokio::sync::mpsc;

use crate::{
    accounts::{Counted, Hold},
    attempt::Outlet,
    call::{Call, Delivery, Done, Failed, Reply, Whole},
    events,
    gateway::{Gateway, Inner},
    ground::ground,
    identify::{Admitted, identify, limit},
    project::Project,
    recall::{Asked, Recalled},
    record::Tale,
    reserve::Reserve,
    resolve::resolve,
    screen::{AnswerGuard, screen},
    strategy::Asking,
    tools::offer,
    under_way::Walker,
    verify::verify,
};

/// How many pieces of an answer wait for a slow caller before the provider is made to wait too.
const PIECES_WAITING: usize = 64;

impl Gateway {
    /// Answers a call. The work goes on in a task of its own, which ends early when the reply's
    /// deliveries are dropped; what it cost is settled and recorded all the same.
    pub fn answer(&self, call: Call) -> Reply {
        self.answer_over(call, self.project())
    }

    /// Answers a call by another project than the one that serves: with a prompt in it that is being tried.
    /// Who may call, and what they may use, is that project's to say.
    pub fn answer_over(&self, call: Call, project: Arc<Project>) -> Reply {
        let (sender, deliveries) = mpsc::channel(PIECES_WAITING);
        let trace_id = call.trace_id;
        let (gateway, walker) = (self.clone(), Walker::new(self));
        tokio::spawn(async move { gateway.run(call, project, sender, walker).await });
        Reply { trace_id, deliveries }
    }

    async fn run(self, call: Call, project: Arc<Project>, sender: mpsc::Sender<Delivery>, walker: Walker) {
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
        let keep = record.trace.keep;
        let trace = Arc::clone(&record.trace);
        let recorded = self.store(&project, record).await;
        let last = match walked.and_then(|whole| recorded.map(|()| whole)) {
            Ok(whole) => Delivery::Done(Box::new(Done { whole, added, keep })),
            Err(fault) => Delivery::Failed(Box::new(Failed { fault, standing: hold.standing(), added })),
        };
        drop(walker);
        // The caller may have gone: what was to be told is on the trace.
        let _ = sender.send(last).await;
        self.cast_shadow(&project, &call, &trace);
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
        let Inner { parts, upstream, recall, accounts, marker, .. } = &*self.inner;
        let now = parts.clock.now();

        tale.enter("identify");
        let admitted = identify(project, &parts.minted_keys.load(), &call.caller, now)?;
        tale.admitted(admitted.as_ref());
        let counted = Counted::of(project, admitted.as_ref(), tale.trace(), now);
        limit(accounts, &counted, hold).await?;

        // A place among those that are worked on, to the end.
        let _place = upstream.lines.enter(&project.load).await?;
        tale.enter("resolve");
        let plan = resolve(project, upstream, admitted.as_ref(), &call.chat, tale.drawing(&parts.shares.load()))?;
        tale.resolved(&plan, project, &call.chat);

        tale.enter("ground");
        let mut grounded = ground(project, &plan, call, admitted.as_ref(), parts, upstream, marker).await?;
        let tools = offer(project, &plan, call.trace_id, parts, admitted.as_ref(), &mut grounded).await?;
        tale.grounded(&grounded);

        tale.enter("screen");
        let mut prompt = screen(plan.guards(project), marker, &call.chat.messages, grounded)?;
        tale.screened(&prompt);
        outlet.guard(AnswerGuard::of(&prompt));

        tale.enter("recall");
        let place = recall.place(&plan, &prompt, tale.trace()).filter(|_| !call.context.fresh && tools.is_empty());
        let _lead = match recall.get(place, call.context.patience.least(plan.model.policy)).await {
            Recalled::Kept(kept) => return outlet.replay(*kept, hold.standing(), tale).await,
            Recalled::Ask(lead) => lead,
        };
        let asked = if tools.is_empty() { Asked::of(upstream, &plan, &prompt, call, tale.trace()).await } else { None };
        if let Some(kept) = recall.like(asked.as_ref(), &prompt, now, tale) {
            return outlet.replay(kept, hold.standing(), tale).await;
        }

        tale.enter("reserve");
        let reserve = Reserve { accounts, counted: &counted, project, model: &plan.model };
        reserve.chat(&mut prompt, hold).await?;
        tale.reserved(&prompt, hold.standing());

        tale.enter("attempt");
        let (plan, prompt, counted, tools) = (&plan, &prompt, &counted, &tools);
        let asking = Asking { upstream, plan, prompt, call, parts, project, accounts, counted, tools };
        let whole = asking.answer(tale, hold, outlet).await?;

        tale.enter("verify");
        verify(parts.grounding.as_deref(), tale);
        recall.put(place, asked, plan.model.cache, prompt, tale.trace(), whole.as_ref());

        outlet.guarded(whole, tale)
    }

    /// Records a request that could not be read at all, so that its trace id leads somewhere.
    /// It is whoever was admitted's, if anybody was.
    pub async fn refuse(&self, trace_id: TraceId, door: &'static str, admitted: Option<&Admitted>, fault: &Fault) {
        let project = self.project();
        let mut tale = Tale::unread(trace_id, door, project.records, self.inner.parts.clock.as_ref());
        tale.admitted(admitted);
        // Nothing was sent: it cost nothing, which is not the same as an unknown cost.
        tale.settle();
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
}
