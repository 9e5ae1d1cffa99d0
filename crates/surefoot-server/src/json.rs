//! JSON in and out of `/api`: bodies read strictly, money in dollars.

use axum::{
    Json,
    body::Body,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use surefoot_types::{Fault, Money};

use crate::{body, fault, state::App};

/// The body as `T`. An empty one counts as `{}`.
pub(crate) async fn read<T: DeserializeOwned>(app: &App, body: Body) -> Result<T, Fault> {
    let body = body::read(body, app.body_limit).await?;
    parse(&body)
}

/// A body that was read, as `T`.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Fault> {
    let text: &[u8] = if body.trim_ascii().is_empty() { b"{}" } else { body };
    serde_json::from_slice(text).map_err(|error| Fault::bad_request("", format!("the body cannot be read: {error}")))
}

/// A query as `T`.
pub(crate) fn query<T>(
    query: Result<axum::extract::Query<T>, axum::extract::rejection::QueryRejection>,
) -> Result<T, Fault> {
    query.map(|query| query.0).map_err(|error| Fault::bad_request("", error.body_text()))
}

/// What a door of `/api` answers.
pub(crate) fn told(told: Result<impl Serialize, Fault>) -> Response {
    match told {
        Ok(told) => Json(told).into_response(),
        Err(fault) => fault::plain(&fault),
    }
}

/// An amount as JSON: dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dollars(pub(crate) Money);

impl Serialize for Dollars {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(self.0.as_dollars())
    }
}

impl<'de> Deserialize<'de> for Dollars {
    /// A number, or a text like `12.50`.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(String),
            Number(serde_json::Number),
        }
        let text = match Written::deserialize(from)? {
            Written::Text(text) => text,
            Written::Number(number) => number.to_string(),
        };
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}
