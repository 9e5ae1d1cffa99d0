//! What the doors of files and vector stores share: who stands before one, and how it answers.

use std::{convert::Infallible, future::Future};

use axum::{
    body::Body,
    extract::{FromRequestParts, OriginalUri},
    http::{HeaderMap, request::Parts},
    response::Response,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use surefoot_gateway::{may_search, owner_mark};
use surefoot_knowledge::shelf::Asker;
use surefoot_types::{Fault, key::Admin};

use crate::{body, caller::caller, doors::refused, json, reply, state::App};

/// A door, and the request that came to it.
pub(crate) struct Door {
    pub(crate) app: App,
    pub(crate) headers: HeaderMap,
    path: String,
}

impl FromRequestParts<App> for Door {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let OriginalUri(uri) = OriginalUri::from_request_parts(parts, app).await?;
        Ok(Self { app: app.clone(), headers: parts.headers.clone(), path: uri.path().to_owned() })
    }
}

impl Door {
    /// Whoever asks, as the shelves know them.
    pub(crate) fn asker(&self) -> Result<Asker, Fault> {
        let admitted = self.app.gateway.admit(&caller(&self.app, &self.headers), Admin::None)?;
        let mark = owner_mark(admitted.as_ref());
        Ok(Asker { mark, may: Box::new(move |name| may_search(admitted.as_ref(), name).is_ok()) })
    }

    /// Who asks, and the body that they may send: not read of those who may not ask.
    pub(crate) fn asker_of(&self, body: Body) -> Result<(Asker, Body), Fault> {
        match self.asker() {
            Ok(asker) => Ok((asker, body)),
            Err(told) => {
                body::discard(body);
                Err(told)
            }
        }
    }

    /// Who asks, and what they send.
    pub(crate) async fn taken<T: DeserializeOwned>(&self, body: Body) -> Result<(Asker, T), Fault> {
        let (asker, body) = self.asker_of(body)?;
        Ok((asker, json::read(&self.app, body).await?))
    }

    /// What it answers.
    pub(crate) async fn answer(&self, told: impl Future<Output = Result<Value, Fault>>) -> Response {
        match told.await {
            Ok(told) => reply::json(told.to_string().into()),
            Err(told) => self.refuse(&told).await,
        }
    }

    /// A fault as it is told, and recorded.
    pub(crate) async fn refuse(&self, told: &Fault) -> Response {
        refused(&self.app, &self.path, &self.headers, told).await
    }
}
