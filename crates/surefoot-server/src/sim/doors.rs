//! The simulator's addresses.

use std::borrow::Cow;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{Method, Request, Response, StatusCode, body::Incoming, http::request};
use serde_json::{Map, Value, json};
use surefoot_dialect::{
    self as dialect, Dialect,
    embeddings::{self, Embeddings, EmbeddingsRequest},
    models::{self, ModelEntry},
    moderations::{self, Moderations},
    rerank::{self, Ranked, Rerank},
};
use surefoot_gateway::attempt::sim::{DIMENSIONS, Failure, LISTED, Sim, ranked, vector, verdict};
use surefoot_types::{
    Code, Fault, Usage,
    conversation::{ChatRequest, Message, Role},
};

use super::{
    act::{Acted, CREATED, Dropped, JSON, SimBody, failed, streamed, whole, whole_body},
    addresses::{Door, door},
    seen::Seen,
};

/// Largest request that is read.
const LARGEST_REQUEST: usize = 32 * 1024 * 1024;
/// Most dimensions of a vector.
const MOST_DIMENSIONS: u64 = 4096;
/// Where the requests that came are shown.
const REQUESTS: &str = "/sim/requests";
const MODELS: &str = "/v1/models";
/// Where Gemini's SDKs list models.
const GEMINI_MODELS: &str = "/v1beta/models";

/// Everything that the connections share.
pub(super) struct Doors {
    sim: Sim,
    seen: Seen,
}

impl Doors {
    pub(super) fn new(sim: Sim) -> Self {
        Self { sim, seen: Seen::default() }
    }

    /// Answers a request, or has its connection dropped.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Acted {
        let (head, body) = request.into_parts();
        let dialect = dialect_of(&head);
        let body = match Limited::new(body, LARGEST_REQUEST).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                let told = format!("The request is larger than {} MB.", LARGEST_REQUEST >> 20);
                return Ok(failed(&Failure::new(413, told), dialect));
            }
            Err(_) => return Err(Dropped),
        };
        if head.uri.path() == REQUESTS {
            return Ok(self.requests(&head.method));
        }
        self.seen.add(&head, &body);
        match self.route(&head, &body, dialect).await {
            Ok(acted) => acted,
            Err(fault) => Ok(failed(&Failure::new(status_of(&fault), fault.told()), dialect)),
        }
    }

    async fn route(&self, head: &request::Parts, body: &[u8], dialect: Dialect) -> Result<Acted, Fault> {
        let path = head.uri.path();
        match (&head.method, door(path)) {
            (&Method::POST, Some(Door::Chat { named, .. })) => self.chat(dialect, named, head, body).await,
            (&Method::POST, Some(Door::Embeddings)) => self.embed(body).await,
            (&Method::POST, Some(Door::Rerank)) => self.rerank(body).await,
            (&Method::POST, Some(Door::Moderations)) => self.moderate(body).await,
            (&Method::GET, None) if path == MODELS || path == GEMINI_MODELS => {
                let listed: Vec<ModelEntry> = LISTED.iter().map(|id| entry(id)).collect();
                Ok(Ok(json_body(models::list_write(dialect, &listed))))
            }
            (&Method::GET, None) if path.starts_with(MODELS) || path.starts_with(GEMINI_MODELS) => {
                self.model(dialect, path)
            }
            (method, _) => {
                let hint = "There are POST /v1/chat/completions, /v1/responses, /v1/messages, \
                            /v1beta/models/MODEL:generateContent, /model/MODEL/converse, /v1/embeddings, /v1/rerank and \
                            /v1/moderations, GET /v1/models and GET and DELETE /sim/requests.";
                Err(Fault::new(Code::NotFound, format!("There is no {method} {path}.")).hint(hint))
            }
        }
    }

    async fn chat(
        &self,
        dialect: Dialect,
        named: Option<(Cow<'_, str>, bool)>,
        head: &request::Parts,
        body: &[u8],
    ) -> Result<Acted, Fault> {
        let mut request = match &named {
            // On Vertex the model stands in no body, where the reader looks for it.
            Some((model, _)) if dialect == Dialect::Anthropic => {
                let mut body: Map<String, Value> = serde_json::from_slice(body).map_err(|error| {
                    Fault::new(Code::BadRequest, format!("The body is not a JSON object: {error}."))
                })?;
                body.insert("model".into(), model.as_ref().into());
                dialect::request_read(dialect, Value::Object(body).to_string().as_bytes())?
            }
            _ => dialect::request_read(dialect, body)?,
        };
        if let Some((model, streamed)) = named {
            (request.model, request.stream) = (model.into_owned(), streamed);
        }
        let plan = self.sim.plan(&request.model, &request)?;
        if request.stream {
            let array = dialect == Dialect::Gemini && head.uri.query().is_none_or(|query| !query.contains("alt=sse"));
            return Ok(streamed(plan, dialect, request.include_usage, array).await);
        }
        let write = |answer| dialect::answer_write(dialect, &answer, CREATED, &Value::Null);
        Ok(whole(plan, dialect, write).await)
    }

    /// Ranks documents by how many of the query's words they hold.
    async fn rerank(&self, body: &[u8]) -> Result<Acted, Fault> {
        let request = rerank::request_read(body)?;
        let plan = self.sim.plan(&request.model, &ChatRequest::ask(&request.model, &*request.query))?;
        let scores = ranked(&request.query, &request.documents).into_iter().enumerate();
        let mut results: Vec<Ranked> = scores.map(|(index, score)| Ranked { index, score }).collect();
        results.sort_by(|a, b| b.score.total_cmp(&a.score));
        results.truncate(request.top_n.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX)));
        let input = request.documents.iter().chain([&request.query]).map(|text| Usage::estimate(text)).sum();
        let usage = Usage { input, ..Usage::default() };
        let rerank = Rerank { id: "sim".into(), model: request.model.clone(), results, usage };
        let documents = request.return_documents.then_some(&*request.documents);
        Ok(whole(plan, Dialect::OpenaiChat, |_| rerank::answer_write(&rerank, documents, &Value::Null)).await)
    }

    /// Finds nothing wrong, unless `refuse` asks for that.
    async fn moderate(&self, body: &[u8]) -> Result<Acted, Fault> {
        let request = moderations::request_read(body)?;
        let model = request.model.unwrap_or_else(|| "ok".into());
        let message = Message { parts: request.inputs.concat(), ..Message::text(Role::User, "") };
        let asked = ChatRequest { messages: vec![message], ..ChatRequest::ask(&*model, "") };
        let plan = self.sim.plan(&model, &asked)?;
        let results = request.inputs.iter().map(|_| verdict(&model)).collect();
        let moderations = Moderations { id: "sim".into(), model, results };
        Ok(whole(plan, Dialect::OpenaiChat, |_| moderations::answer_write(&moderations, &Value::Null)).await)
    }

    async fn embed(&self, body: &[u8]) -> Result<Acted, Fault> {
        let request = embeddings::request_read(body)?;
        let dimensions = match request.dimensions {
            None => DIMENSIONS,
            Some(asked @ 1..=MOST_DIMENSIONS) => asked as usize,
            Some(_) => {
                let told = format!("`dimensions` must be from 1 to {MOST_DIMENSIONS}.");
                return Err(Fault::bad_request("dimensions", told));
            }
        };
        let plan = self.sim.plan(&request.model, &ChatRequest::ask(&request.model, request.inputs.join("\n")))?;
        let base64 = request.base64;
        let write = |_| embeddings::answer_write(&vectors(request, dimensions), base64, &Value::Null);
        Ok(whole(plan, Dialect::OpenaiChat, write).await)
    }

    fn model(&self, dialect: Dialect, path: &str) -> Result<Acted, Fault> {
        let prefix = if path.starts_with(MODELS) { MODELS } else { GEMINI_MODELS };
        let id = path.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default();
        if !self.sim.knows(id) {
            return Err(Fault::new(Code::NotFound, format!("There is no model '{id}'.")));
        }
        Ok(Ok(json_body(models::one_write(dialect, &entry(id)))))
    }

    fn requests(&self, method: &Method) -> Response<SimBody> {
        match *method {
            Method::GET => json_body(self.seen.shown().to_string().into()),
            Method::DELETE => {
                self.seen.forget();
                self.sim.forget();
                json_body(json!({"count": 0}).to_string().into())
            }
            _ => {
                let told = format!("There is no {method} {REQUESTS}: GET shows the requests, DELETE forgets them.");
                failed(&Failure::new(405, told), Dialect::OpenaiChat)
            }
        }
    }
}

/// What the caller speaks. OpenAI and Anthropic list models at one address; Anthropic's SDKs say who they are.
fn dialect_of(head: &request::Parts) -> Dialect {
    let path = head.uri.path();
    match door(path) {
        Some(door) => door.dialect(),
        None if path.starts_with(GEMINI_MODELS) => Dialect::Gemini,
        None if path.starts_with(MODELS) && head.headers.contains_key("anthropic-version") => Dialect::Anthropic,
        None => Dialect::OpenaiChat,
    }
}

fn vectors(request: EmbeddingsRequest, dimensions: usize) -> Embeddings {
    let input = request.inputs.iter().map(|text| Usage::estimate(text)).sum();
    Embeddings {
        vectors: request.inputs.iter().map(|text| vector(text, dimensions)).collect(),
        model: request.model,
        usage: Usage { input, ..Usage::default() },
    }
}

fn entry(id: &str) -> ModelEntry {
    ModelEntry { id: id.to_owned(), owner: "surefoot-sim".into(), created: CREATED, surefoot: Value::Null }
}

fn json_body(body: Bytes) -> Response<SimBody> {
    whole_body(StatusCode::OK, JSON, body)
}

fn status_of(fault: &Fault) -> u16 {
    match fault.code {
        Code::BadRequest => 400,
        Code::NotFound => 404,
        Code::TooLarge => 413,
        _ => 500,
    }
}
