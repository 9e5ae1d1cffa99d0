//! Web pages of other sites: which of them may send feedback, and what their browsers are told.

use axum::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::state::App;

/// Where feedback is given.
pub(crate) const PATH: &str = "/api/feedback";
/// How long a browser remembers that it may, in seconds.
const REMEMBERED: &str = "86400";

/// On a request: it comes from another site's page, of this origin, which may send feedback. What its browser keeps for
/// this site (the console's cookie) says nothing about who sends it: only a token does.
#[derive(Debug, Clone)]
pub(crate) struct Foreign(HeaderValue);

impl Foreign {
    /// Whether such a request from this origin is feedback that the settings allow.
    pub(crate) fn allowed(app: &App, path: &str, origin: &str) -> Option<Self> {
        let listed = path == PATH && app.feedback.origins.iter().any(|one| one == "*" || one == origin);
        HeaderValue::from_str(origin).ok().filter(|_| listed).map(Self)
    }

    /// Lets the page read a response.
    pub(crate) fn readable(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, self.0.clone());
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        response
    }
}

/// A browser asks whether a page of another site may send.
pub(crate) fn preflight(foreign: Option<&Foreign>) -> Response {
    let Some(foreign) = foreign else { return StatusCode::NO_CONTENT.into_response() };
    let mut told = HeaderMap::new();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, Method::POST.as_str()),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type, x-surefoot-feedback"),
        (header::ACCESS_CONTROL_MAX_AGE, REMEMBERED),
    ] {
        told.insert(name, HeaderValue::from_str(value).unwrap_or(HeaderValue::from_static("")));
    }
    foreign.readable((StatusCode::NO_CONTENT, told).into_response())
}
