//! Where a key is required, it is asked for once and kept in a cookie.

use askama::Template;
use axum::{
    Extension, Form,
    extract::{State, rejection::FormRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use surefoot_gateway::Caller;
use surefoot_types::{Code, Secret, key::Admin};

use super::page::{Frame, problem, render};
use crate::{
    caller::{COOKIE, Https},
    fault,
    state::App,
};

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    frame: Frame,
    /// Why the key that was entered does not do.
    wrong: Option<String>,
}

/// The form's one field.
#[derive(Deserialize)]
pub(crate) struct Entry {
    key: String,
}

/// Asks for the key.
pub(crate) async fn show() -> Response {
    render(&Login { frame: Frame::bare(), wrong: None })
}

/// Takes the key, if it is one.
pub(crate) async fn enter(
    State(app): State<App>,
    https: Option<Extension<Https>>,
    form: Result<Form<Entry>, FormRejection>,
) -> Response {
    let Form(entry) = match form {
        Ok(form) => form,
        Err(error) => return problem(error.status(), &error.body_text()),
    };
    let key = entry.key.trim();
    let caller = Caller { secret: Some(Secret::new(key)), trusted: app.loopback };
    let plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if !plain {
        return refused(StatusCode::UNAUTHORIZED, "That is no key.".into());
    }
    if let Err(told) = app.gateway.admit(&caller, Admin::Read) {
        let why = match told.code {
            Code::Unauthenticated => "That key is not known here.".into(),
            _ => told.told(),
        };
        return refused(fault::status(told.code), why);
    }
    let mut response = Redirect::to("/").into_response();
    // Over plain HTTP a browser would not keep one that is secure.
    let secure = if https.is_some_and(|https| https.0.0) { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={key}; Path=/; HttpOnly; SameSite=Strict; Max-Age=604800{secure}");
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

fn refused(status: StatusCode, why: String) -> Response {
    let mut response = render(&Login { frame: Frame::bare(), wrong: Some(why) });
    *response.status_mut() = status;
    response
}
