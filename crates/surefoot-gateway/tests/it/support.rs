//! A gateway over a provider that answers as a test says.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use arc_swap::ArcSwap;
use async_trait::async_trait;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use surefoot_dialect::embeddings::Embeddings;
use surefoot_gateway::{
    Call, Caller, Context, Delivery, Gateway, Parts, Project, Resident,
    project::{Model, Policy, Provider, Reach, Routing, Target},
};
use surefoot_testkit::memory::MemoryStore;
use surefoot_types::{
    Code, Fault, Retry, SystemChance, SystemClock, Usage,
    budget::Lives,
    conversation::{ChatRequest, Event, Finish},
    document::Hit,
    ports::{Books, Journal, Ledger},
    trace::Trace,
};
use tokio::sync::Notify;

/// One scripted answer.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Answers with this text.
    Say(&'static str),
    /// Fails before the first word.
    Fail(Retry),
    /// Says this and breaks off.
    Cut(&'static str),
    /// Says this and then nothing more, without closing.
    Stall(&'static str),
    /// Answers, and says that it used this.
    Charge(Usage),
    /// Says this and calls tools: names with arguments.
    Call(&'static str, &'static [(&'static str, &'static str)]),
    /// Panics.
    Panic,
    /// Waits to be let go, and then does this.
    Wait(Arc<Notify>, Box<Act>),
    /// Says this after so long.
    Late(Duration, &'static str),
    /// Fails with this.
    Fault(Fault),
}

type Events = Vec<Result<Event, Fault>>;

/// What an answer uses where the test says nothing else.
fn usual() -> Usage {
    Usage { input: 10, output: 20, ..Usage::default() }
}

fn ended(mut events: Events, finish: Finish, usage: Usage) -> BoxStream<'static, Result<Event, Fault>> {
    events.extend([Ok(Event::Finish { finish }), Ok(Event::Usage { usage }), Ok(Event::End)]);
    stream::iter(events).boxed()
}

/// A provider that plays its script and then keeps to the last act.
#[derive(Debug, Default)]
pub(crate) struct Scripted {
    acts: Mutex<VecDeque<Act>>,
    pub(crate) asked: Mutex<Vec<ChatRequest>>,
}

impl Scripted {
    pub(crate) fn new(acts: &[Act]) -> Arc<Self> {
        Arc::new(Self { acts: Mutex::new(acts.iter().cloned().collect()), asked: Mutex::default() })
    }

    pub(crate) fn times_asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

#[async_trait]
impl Resident for Scripted {
    fn models(&self) -> Vec<String> {
        vec!["m".into()]
    }

    fn knows(&self, _: &str) -> bool {
        true
    }

    async fn chat(
        &self,
        model: &str,
        request: &ChatRequest,
        _: &str,
        _: &[Hit],
    ) -> Result<BoxStream<'static, Result<Event, Fault>>, Fault> {
        self.asked.lock().unwrap().push(request.clone());
        let act = {
            let mut acts = self.acts.lock().unwrap();
            if acts.len() > 1 { acts.pop_front() } else { acts.front().cloned() }
        };
        let act = match act {
            Some(Act::Wait(go, then)) => {
                go.notified().await;
                Some(*then)
            }
            act => act,
        };
        let say = |text: &str| {
            vec![
                Ok(Event::Start { id: "id".into(), model: model.into(), usage: None }),
                Ok(Event::Text { text: text.into() }),
            ]
        };
        match act.expect("the script has an act") {
            Act::Fail(retry) => Err(Fault::new(Code::Upstream, "scripted failure").retry(retry)),
            Act::Fault(fault) => Err(fault),
            Act::Late(wait, text) => {
                tokio::time::sleep(wait).await;
                Ok(ended(say(text), Finish::Stop, usual()))
            }
            Act::Call(text, calls) => {
                let mut events = say(text);
                for (index, (name, arguments)) in calls.iter().enumerate() {
                    let (id, name) = (format!("call_{index}"), (*name).to_owned());
                    events.push(Ok(Event::ToolCall { index, id, name }));
                    events.push(Ok(Event::ToolArguments { index, arguments: (*arguments).to_owned() }));
                }
                Ok(ended(events, Finish::ToolCalls, usual()))
            }
            Act::Panic => panic!("scripted panic"),
            Act::Wait(..) => panic!("one wait is enough"),
            Act::Cut(text) => Ok(stream::iter(say(text)).boxed()),
            Act::Stall(text) => Ok(stream::iter(say(text)).chain(stream::pending()).boxed()),
            Act::Say(text) => Ok(ended(say(text), Finish::Stop, usual())),
            Act::Charge(usage) => Ok(ended(say("charged"), Finish::Stop, usage)),
        }
    }

    async fn embed(&self, model: &str, texts: &[String]) -> Result<Embeddings, Fault> {
        Ok(Embeddings { model: model.into(), vectors: vec![vec![1.0]; texts.len()], usage: Usage::default() })
    }
}

pub(crate) struct Rig {
    pub(crate) gateway: Gateway,
    pub(crate) journal: Arc<MemoryStore>,
}

/// A gateway whose alias `m` has one target for each provider, in order.
pub(crate) async fn rig(providers: &[Arc<Scripted>]) -> Rig {
    rig_with(providers, |_| {}, |_| {}).await
}

pub(crate) async fn rig_with(
    providers: &[Arc<Scripted>],
    change_model: impl FnOnce(&mut Model),
    change_project: impl FnOnce(&mut Project),
) -> Rig {
    let journal = Arc::new(MemoryStore::default());
    rig_of(parts(providers, &journal, change_model, change_project), journal).await
}

pub(crate) async fn rig_of(parts: Parts, journal: Arc<MemoryStore>) -> Rig {
    Rig { gateway: Gateway::new(parts).await.unwrap(), journal }
}

/// What [`rig_with`] is made of.
pub(crate) fn parts(
    providers: &[Arc<Scripted>],
    journal: &Arc<MemoryStore>,
    change_model: impl FnOnce(&mut Model),
    change_project: impl FnOnce(&mut Project),
) -> Parts {
    let names: Vec<String> = (0..providers.len()).map(|n| format!("p{n}")).collect();
    let targets = names
        .iter()
        .map(|name| Target {
            provider: Arc::new(Provider { name: name.clone(), reach: Reach::Resident }),
            model: "x".into(),
        })
        .collect();
    let policy = Policy { longest_wait: Duration::from_secs(5), ..Policy::default() };
    let mut model = Model { targets, policy, cache: None, routing: Routing::default() };
    change_model(&mut model);
    let mut project = Project { models: BTreeMap::from([("m".into(), Arc::new(model))]), ..Project::default() };
    change_project(&mut project);
    let residents =
        names.into_iter().zip(providers).map(|(name, p)| (name, Arc::clone(p) as Arc<dyn Resident>)).collect();
    Parts {
        journal: Arc::clone(journal) as Arc<dyn Journal>,
        ledger: Arc::clone(journal) as Arc<dyn Ledger>,
        books: Arc::clone(journal) as Arc<dyn Books>,
        holder: "test-0".into(),
        lease: Lives::all(Duration::from_secs(60)),
        clock: Arc::new(SystemClock),
        chance: Arc::new(SystemChance),
        project: Arc::new(ArcSwap::from_pointee(project)),
        minted_keys: Arc::default(),
        residents,
        grounding: None,
        toolbox: None,
        observer: None,
    }
}

impl Rig {
    pub(crate) fn call(&self, question: &str, stream: bool) -> Call {
        let mut chat = ChatRequest::ask("m", question);
        chat.stream = stream;
        Call {
            trace_id: self.gateway.mint_trace(),
            door: "test",
            chat,
            body: None,
            caller: Caller { secret: None, trusted: true },
            context: Context::default(),
        }
    }

    /// Asks, and gives what was delivered, in short, with the trace as recorded at that moment.
    pub(crate) async fn ask(&self, question: &str, stream: bool) -> (Vec<String>, Trace) {
        self.ask_with(self.call(question, stream)).await
    }

    /// The same for any call.
    pub(crate) async fn ask_with(&self, call: Call) -> (Vec<String>, Trace) {
        let mut reply = self.gateway.answer(call);
        let mut told = Vec::new();
        while let Some(delivery) = reply.deliveries.recv().await {
            told.push(short(&delivery));
        }
        (told, self.trace(reply.trace_id).await)
    }

    pub(crate) async fn trace(&self, id: surefoot_types::ids::TraceId) -> Trace {
        self.journal.trace_get(id).await.unwrap().expect("the trace was recorded")
    }
}

fn short(delivery: &Delivery) -> String {
    match delivery {
        Delivery::Head(head) => format!("head {}{}", head.target, if head.cached { " cached" } else { "" }),
        Delivery::Frame(frame) => frame
            .events
            .iter()
            .map(|event| match event {
                Event::Text { text } => format!("text {text}"),
                Event::Finish { .. } => "finish".into(),
                Event::End => "end".into(),
                Event::Start { .. } => "start".into(),
                Event::Usage { .. } => "usage".into(),
                other => format!("{other:?}"),
            })
            .collect::<Vec<_>>()
            .join(", "),
        Delivery::Done(done) => match &done.whole {
            Some(whole) => format!("done {}", surefoot_types::conversation::words(&whole.answer.parts)),
            None => "done".into(),
        },
        Delivery::Failed(failed) => format!("failed {}", failed.fault.code.name()),
    }
}
