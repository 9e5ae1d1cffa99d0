//! The HTTP client of the exporters.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use surefoot_types::Fault;
use tokio::runtime::Handle;

/// Longest wait for the collector's answer.
const LIMIT: Duration = Duration::from_secs(10);

/// Sends requests from whatever thread asks: metrics are sent from one of their own, outside the runtime.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    runtime: Handle,
}

impl Client {
    pub(crate) fn new() -> Result<Self, Fault> {
        let http = reqwest::Client::builder()
            .timeout(LIMIT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| Fault::internal(format!("no HTTP client can be made: {error}")))?;
        Ok(Self { http, runtime: Handle::current() })
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let http = self.http.clone();
        let sent = self.runtime.spawn(async move {
            let response = http.execute(request.try_into()?).await?;
            let mut told = Response::builder().status(response.status());
            if let Some(headers) = told.headers_mut() {
                headers.clone_from(response.headers());
            }
            Ok::<_, HttpError>(told.body(response.bytes().await?)?)
        });
        sent.await?
    }
}
