//! Where a key is required, it is asked for once and kept in a cookie.

use askama::Template;
use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use surefoot_gateway::Caller;
use surefoot_types::Secret;

use super::page::{Frame, problem, render};
use crate::{caller::COOKIE, state::App};

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    frame: Frame,
    wrong: bool,
}

/// The form's one field.
#[derive(Deserialize)]
pub(crate) struct Entry {
    key: String,
}

/// Asks for the key.
pub(crate) async fn show() -> Response {
    render(&Login { frame: Frame { here: "", notice: None }, wrong: false })
}

/// Takes the key, if it is one.
pub(crate) async fn enter(State(app): State<App>, form: Result<Form<Entry>, FormRejection>) -> Response {
    let Form(entry) = match form {
        Ok(form) => form,
        Err(error) => return problem(error.status(), &error.body_text()),
    };
    let key = entry.key.trim();
    let caller = Caller { secret: Some(Secret::new(key)), trusted: app.loopback };
    let plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if !plain || app.gateway.admit(&caller).is_err() {
        let mut response = render(&Login { frame: Frame { here: "", notice: None }, wrong: true });
        *response.status_mut() = StatusCode::UNAUTHORIZED;
        return response;
    }
    let mut response = Redirect::to("/").into_response();
    let cookie = format!("{COOKIE}={key}; Path=/; HttpOnly; SameSite=Strict; Max-Age=604800");
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}
