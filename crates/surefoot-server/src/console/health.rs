//! How the targets are, and the processes that serve.

use askama::Template;
use axum::{Extension, extract::State, response::Response};
use surefoot_gateway::health::TargetHealth;
use surefoot_types::replica::Replica;

use super::page::{Frame, fault_page, moment, render, time};
use crate::{access::Who, doors::replicas_heard, state::App};

#[derive(Template)]
#[template(path = "health.html")]
pub(super) struct Page {
    pub(super) frame: Frame,
    pub(super) targets: Vec<TargetHealth>,
    /// What keeps this process from serving.
    pub(super) reasons: Vec<String>,
    pub(super) replicas: Vec<Replica>,
}

/// The page: what is broken first.
pub(crate) async fn show(State(app): State<App>, Extension(who): Extension<Who>) -> Response {
    let mut targets = app.gateway.targets_health();
    targets.sort_by_key(|target| (target.circuit == "closed", target.parked.is_empty()));
    match replicas_heard(&app).await {
        Err(told) => fault_page(&told),
        Ok(replicas) => {
            render(&Page { frame: Frame::new(&app, &who, "/health"), targets, reasons: (app.not_ready)(), replicas })
        }
    }
}

/// Milliseconds as people say them, or a dash where nothing is known.
fn millis(millis: &Option<u64>) -> String {
    millis.map_or_else(|| "–".into(), |millis| time(&millis.saturating_mul(1_000)))
}

/// What a breaker's state means.
fn told(circuit: &str) -> &'static str {
    match circuit {
        "open" => "left alone",
        "half_open" => "tried again",
        _ => "well",
    }
}
