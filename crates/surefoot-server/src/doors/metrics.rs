//! `GET /metrics`, in Prometheus' text format.

use std::{sync::OnceLock, time::Duration};

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::task::JoinHandle;

use crate::state::App;

/// How often the recorder tidies what it has gathered.
const UPKEEP: Duration = Duration::from_secs(5);

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// The process's one recorder. None where another was installed before it.
fn recorder() -> Option<&'static PrometheusHandle> {
    RECORDER.get_or_init(|| PrometheusBuilder::new().install_recorder().ok()).as_ref()
}

/// Starts recording, and the task that keeps the recorder tidy.
pub(crate) fn upkeep() -> JoinHandle<()> {
    tokio::spawn(async {
        let Some(recorder) = recorder() else { return };
        loop {
            tokio::time::sleep(UPKEEP).await;
            recorder.run_upkeep();
        }
    })
}

/// What was recorded, in Prometheus' text format.
#[utoipa::path(get, path = "/metrics", tag = "operations", operation_id = "metrics", security(("key" = ["read", "everybody"])),
    responses((status = 200, description = "The metrics", body = String)))]
pub(crate) async fn serve(State(app): State<App>) -> Response {
    app.gateway.gauge_targets();
    let text = recorder().map(PrometheusHandle::render).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
