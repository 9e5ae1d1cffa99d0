//! Sends traces in batches, and tries again for a while where the collector does not take them.

use std::{sync::Arc, time::Duration};

use metrics::counter;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use surefoot_types::trace::Trace;
use tokio::{sync::mpsc, time::sleep};

use crate::spans::spans;

/// Most traces in one batch.
const BATCH: usize = 256;
/// How long a batch gathers.
const GATHER: Duration = Duration::from_millis(500);
/// Waits before a batch is tried again; after the last it is dropped.
const WAITS: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(2), Duration::from_secs(8), Duration::from_secs(30)];

/// Sends until the queue's other end is gone and everything in it was sent.
pub(crate) async fn run(exporter: SpanExporter, mut waiting: mpsc::Receiver<Arc<Trace>>, content: bool) {
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        if batch.len() < BATCH && !waiting.is_closed() {
            sleep(GATHER).await;
            while batch.len() < BATCH
                && let Ok(trace) = waiting.try_recv()
            {
                batch.push(trace);
            }
        }
        let many = batch.len() as u64;
        let spans = batch.drain(..).flat_map(|trace| spans(&trace, content)).collect();
        send(&exporter, spans, many).await;
    }
}

async fn send(exporter: &SpanExporter, spans: Vec<SpanData>, traces: u64) {
    for wait in WAITS.map(Some).into_iter().chain([None]) {
        match (exporter.export(spans.clone()).await, wait) {
            (Ok(()), _) => return,
            (Err(error), Some(wait)) => {
                tracing::debug!(%error, "the collector did not take a batch of traces; trying again");
                sleep(wait).await;
            }
            (Err(error), None) => {
                tracing::warn!(%error, traces, "the collector does not take traces: a batch is dropped");
                lost(traces);
            }
        }
    }
}

/// Traces that the collector never gets.
pub(crate) fn lost(traces: u64) {
    counter!("surefoot_telemetry_lost_total").increment(traces);
}
