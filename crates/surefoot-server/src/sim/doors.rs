//! The simulator's addresses.

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{Method, Request, Response, StatusCode, body::Incoming, http::request};
use serde_json::{Value, json};
use surefoot_dialect::{
    self as dialect, Dialect,
    embeddings::{self, Embeddings, EmbeddingsRequest},
    models::{self, ModelEntry},
};
use surefoot_gateway::attempt::sim::{DIMENSIONS, Failure, LISTED, Sim, vector};
use surefoot_types::{Code, Fault, Usage, conversation::ChatRequest};

use super::{
    act::{Acted, CREATED, Dropped, JSON, SimBody, failed, streamed, whole, whole_body},
    seen::Seen,
};

/// Largest request that is read.
const LARGEST_REQUEST: usize = 32 * 1024 * 1024;
/// Most dimensions of a vector.
const MOST_DIMENSIONS: u64 = 4096;
/// Where the requests that came are shown.
const REQUESTS: &str = "/sim/requests";
const CHAT: &str = "/v1/chat/completions";
const MESSAGES: &str = "/v1/messages";
const MODELS: &str = "/v1/models";

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
        match (&head.method, head.uri.path()) {
            (&Method::POST, CHAT | MESSAGES) => self.chat(dialect, body).await,
            (&Method::POST, "/v1/embeddings") => self.embed(body).await,
            (&Method::GET, MODELS) => {
                let listed: Vec<ModelEntry> = LISTED.iter().map(|id| entry(id)).collect();
                Ok(Ok(json_body(models::list_write(dialect, &listed))))
            }
            (&Method::GET, path) if path.starts_with(MODELS) => self.model(dialect, path),
            (method, path) => {
                let hint = "There are POST /v1/chat/completions, /v1/messages and /v1/embeddings, GET /v1/models and \
                            GET and DELETE /sim/requests.";
                Err(Fault::new(Code::NotFound, format!("There is no {method} {path}.")).hint(hint))
            }
        }
    }

    async fn chat(&self, dialect: Dialect, body: &[u8]) -> Result<Acted, Fault> {
        let request = dialect::request_read(dialect, body)?;
        let plan = self.sim.plan(&request.model, &request)?;
        if request.stream {
            return Ok(streamed(plan, dialect, request.include_usage).await);
        }
        let write = |answer| dialect::answer_write(dialect, &answer, CREATED, &Value::Null);
        Ok(whole(plan, dialect, write).await)
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
        let id = path.strip_prefix(MODELS).and_then(|rest| rest.strip_prefix('/')).unwrap_or_default();
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

/// What the caller speaks. Both dialects list models at one address; Anthropic's SDKs say who they are.
fn dialect_of(head: &request::Parts) -> Dialect {
    match head.uri.path() {
        MESSAGES => Dialect::Anthropic,
        path if path.starts_with(MODELS) && head.headers.contains_key("anthropic-version") => Dialect::Anthropic,
        _ => Dialect::OpenaiChat,
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
    ModelEntry { id: id.to_owned(), owner: "surefoot-sim".into(), created: CREATED }
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
