//! A server over a store in memory.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use reqwest::{Client, Method, RequestBuilder, Response, redirect::Policy};
use serde_json::{Value, json};
use surefoot_gateway::{
    Gateway, Parts as GatewayParts, Project, Resident, attempt::sim::SimResident, identify::secret_hash,
};
use surefoot_server::{FeedbackOptions, Parts};
use surefoot_testkit::{MemoryStore, samples};
use surefoot_types::{
    Clock, Secret, SystemChance, SystemClock, Timestamp,
    budget::Lives,
    key::{Admin, Key, KeySecret, Scope},
    ports::{Journal, Ledger, Store},
    replica::Replica,
    trace::Trace,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// How long to wait for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running server.
pub(crate) struct Served {
    pub(crate) url: String,
    pub(crate) client: Client,
    pub(crate) store: Arc<MemoryStore>,
    ends: Option<oneshot::Sender<()>>,
    serving: JoinHandle<std::io::Result<()>>,
}

/// How to serve.
pub(crate) struct Setting {
    pub(crate) project: Project,
    pub(crate) loopback: bool,
    pub(crate) strangers: Option<u32>,
    /// Whether the tests themselves are a proxy in front.
    pub(crate) proxied: bool,
    pub(crate) drain: Duration,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) feedback: FeedbackOptions,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            project: Project::default(),
            loopback: true,
            strangers: None,
            proxied: false,
            drain: PATIENCE,
            clock: Arc::new(SystemClock),
            feedback: FeedbackOptions::default(),
        }
    }
}

/// A key of this name, which a secret of the same text opens.
pub(crate) fn key(name: &str, admin: Admin, tenant: Option<&str>) -> Key {
    let mut key = samples::key(name.len() as u64, name);
    key.secrets = vec![KeySecret { hash: secret_hash(&Secret::new(name)), expires: None }];
    key.scope = Scope { admin, ..Scope::default() };
    key.tenant = tenant.map(str::to_owned);
    key
}

/// On loopback, without keys.
pub(crate) async fn served() -> Served {
    serve(Setting::default(), &[]).await
}

/// Beyond loopback, with a key for each level: `app`, `reader` and `admin`.
pub(crate) async fn guarded() -> Served {
    let keys = [key("app", Admin::None, None), key("reader", Admin::Read, None), key("admin", Admin::All, None)];
    serve(Setting { loopback: false, ..Setting::default() }, &keys).await
}

pub(crate) async fn serve(setting: Setting, keys: &[Key]) -> Served {
    let clock = setting.clock;
    let store = Arc::new(MemoryStore::by(clock.clone()));
    for key in keys {
        store.key_add(key).await.unwrap();
    }
    let sim: Arc<dyn Resident> = Arc::new(SimResident::default());
    let gateway = Gateway::new(GatewayParts {
        journal: store.clone(),
        ledger: store.clone(),
        books: store.clone(),
        holder: store.holder().to_owned(),
        lease: Lives::all(PATIENCE),
        clock: clock.clone(),
        chance: Arc::new(SystemChance),
        project: Arc::new(ArcSwap::from_pointee(setting.project)),
        minted_keys: Arc::new(ArcSwap::from_pointee(keys.to_vec().into())),
        residents: BTreeMap::from([("sim".to_owned(), sim)]),
        grounding: None,
        toolbox: None,
        observer: None,
    })
    .await
    .unwrap();
    let replica = Replica {
        holder: store.holder().to_owned(),
        version: "0.1.0".into(),
        project_version: String::new(),
        url: Some("http://localhost".into()),
        at: Timestamp::UNIX_EPOCH,
    };
    let parts = Parts {
        gateway,
        store: store.clone(),
        clock,
        chance: Arc::new(SystemChance),
        loopback: setting.loopback,
        strangers: setting.strangers,
        proxies: setting.proxied.then(|| "127.0.0.0/8".parse().unwrap()).into_iter().collect(),
        feedback: setting.feedback,
        body_limit: 1024 * 1024,
        drain: setting.drain,
        replica: Arc::new(move || replica.clone()),
        not_ready: Arc::new(Vec::new),
        notice: Arc::new(|| None),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (ends, ended) = oneshot::channel::<()>();
    let serving = tokio::spawn(surefoot_server::serve(parts, listener, async {
        let _ = ended.await;
    }));
    let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
    Served { url, client, store, ends: Some(ends), serving }
}

/// A question to a model.
pub(crate) fn chat(model: &str, stream: bool) -> Value {
    json!({"model": model, "max_tokens": 50, "stream": stream, "messages": [{"role": "user", "content": "hi"}]})
}

impl Served {
    pub(crate) fn ask(&self, method: Method, path: &str, key: Option<&str>) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        match key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    /// What a door of `/api` answers, with its status.
    pub(crate) async fn api(&self, method: Method, path: &str, key: Option<&str>, body: Option<Value>) -> (u16, Value) {
        let request = self.ask(method, path, key);
        let request = if let Some(body) = body { request.json(&body) } else { request };
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path}: {status} {text}")))
    }

    pub(crate) async fn get(&self, path: &str, key: Option<&str>) -> (u16, Value) {
        self.api(Method::GET, path, key, None).await
    }

    /// A page of the console.
    pub(crate) async fn page(&self, path: &str, key: Option<&str>) -> (u16, String) {
        let response = self.ask(Method::GET, path, key).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// What a form of the console answers.
    pub(crate) async fn form(&self, path: &str, key: Option<&str>, fields: &[(&str, &str)]) -> Response {
        let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let told = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
        let request = self.ask(Method::POST, path, key).body(told.collect::<Vec<_>>().join("&"));
        request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap()
    }

    /// The trace that a response names, as it is recorded.
    pub(crate) async fn trace_of(&self, response: &Response) -> Trace {
        let id = response.headers()["x-surefoot-trace"].to_str().unwrap().parse().unwrap();
        self.store.trace_get(id).await.unwrap().expect("the trace is recorded")
    }

    /// Asks the server to end.
    pub(crate) fn end(&mut self) {
        drop(self.ends.take());
    }

    /// Waits for the end.
    pub(crate) async fn ended(self) {
        tokio::time::timeout(PATIENCE, self.serving).await.expect("the server ends").unwrap().unwrap();
    }
}
