//! The console: pages rendered here, with a small script where a page is more than a page: answers that stream in, and
//! figures that are kept as they are now. Every page works without.

mod ask;
mod assets;
mod audit;
mod budgets;
mod case;
mod document;
mod evals;
mod health;
mod keys;
mod knowledge;
mod live;
mod login;
mod marks;
mod overview;
mod page;
mod playground;
mod reasons;
mod series;
mod spend;
mod trace;
mod traces;

#[cfg(test)]
mod tests;

use axum::{
    Router,
    middleware::from_fn_with_state,
    response::IntoResponse,
    routing::{get, post},
};
use surefoot_types::key::Admin;

use crate::{
    access::{Gate, gate},
    state::App,
};

/// The pages.
pub(crate) fn routes(app: &App) -> Router<App> {
    let behind = |needed, everybody, pages: Router<App>| {
        let gate_of = Gate { app: app.clone(), needed, everybody, refuse: page::refused };
        pages.route_layer(from_fn_with_state(gate_of, gate))
    };
    let read = Router::new()
        .route("/", get(overview::show))
        .route("/live", get(live::serve))
        .route("/ask", get(ask::show).post(ask::answer))
        .route("/documents/{id}", get(document::show))
        .route("/traces", get(traces::list))
        .route("/traces/{id}", get(trace::show))
        .route("/traces/{id}/feedback", post(trace::feedback))
        .route("/knowledge", get(knowledge::list))
        .route("/knowledge/{name}", get(knowledge::show))
        .route("/spend", get(spend::show))
        .route("/budgets", get(budgets::show));
    let everybodys = Router::new()
        .route("/evals", get(evals::list))
        .route("/evals/{id}", get(evals::show))
        .route("/health", get(health::show));
    let all = Router::new()
        .route("/keys", get(keys::list).post(keys::create))
        .route("/keys/{key}/rotate", post(keys::rotate))
        .route("/keys/{key}/revoke", post(keys::revoke))
        .route("/audit", get(audit::show))
        .route("/playground", get(playground::show))
        .route("/playground/text", get(playground::text))
        .route("/playground/run", post(playground::run::serve))
        .route("/playground/save", post(playground::save::serve))
        .route("/traces/{id}/case", get(case::show).post(case::add));
    Router::new()
        .route("/login", get(login::show).post(login::enter))
        .route("/assets/{name}", get(assets::serve))
        .merge(behind(Admin::Read, false, read))
        .merge(behind(Admin::Read, true, everybodys))
        .merge(behind(Admin::All, false, all))
}

/// A page that is not there.
pub(crate) fn not_found() -> impl IntoResponse {
    page::problem(axum::http::StatusCode::NOT_FOUND, "There is nothing here.")
}
