//! Ended requests as OpenTelemetry sees them: spans and metrics by the GenAI semantic conventions, sent over
//! OTLP (HTTP, protobuf) to a collector.
//!
//! A request never waits for the collector: traces go into a bounded queue, and what does not fit, or cannot
//! be sent after a few tries, is counted and dropped. The store is the record; this is a copy.
//!
//! **Must never know:** axum, SQL, settings files.

mod client;
mod instruments;
mod sender;
mod spans;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use opentelemetry_otlp::{MetricExporter, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    metrics::{PeriodicReader, SdkMeterProvider},
    trace::SpanExporter as _,
};
use surefoot_gateway::Observer;
use surefoot_types::{Fault, Secret, trace::Trace};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{client::Client, instruments::Instruments};

/// Traces that wait to be sent; beyond it new ones are dropped.
const WAITING: usize = 8_192;

/// Where to send, and what.
#[derive(Debug, Clone)]
pub struct Options {
    /// The collector's address: `http://127.0.0.1:4318`. `/v1/traces` and `/v1/metrics` are put behind it.
    pub endpoint: String,
    /// Headers to send along, such as the collector's key.
    pub headers: BTreeMap<String, Secret>,
    /// What this service is called there.
    pub service: String,
    /// The program's version.
    pub version: String,
    /// Whether what was said goes along: prompts, answers, questions.
    pub content: bool,
    /// How often metrics are sent.
    pub interval: Duration,
}

/// Sends ended requests to a collector.
pub struct Telemetry {
    queue: Mutex<Option<mpsc::Sender<Arc<Trace>>>>,
    task: Mutex<Option<JoinHandle<()>>>,
    instruments: Instruments,
    meters: SdkMeterProvider,
}

impl Telemetry {
    /// Starts to send. Needs a tokio runtime, which it goes on using.
    ///
    /// # Errors
    /// When the address is none, or a header cannot be sent.
    pub fn start(options: &Options) -> Result<Self, Fault> {
        let client = Client::new()?;
        let endpoint = options.endpoint.trim_end_matches('/');
        let headers = || -> HashMap<String, String> {
            options.headers.iter().map(|(name, value)| (name.clone(), value.reveal().to_owned())).collect()
        };
        let resource = Resource::builder_empty()
            .with_service_name(options.service.clone())
            .with_attribute(opentelemetry::KeyValue::new("service.version", options.version.clone()))
            .build();
        let mut spans = SpanExporter::builder()
            .with_http()
            .with_http_client(client.clone())
            .with_endpoint(format!("{endpoint}/v1/traces"))
            .with_headers(headers())
            .build()
            .map_err(|error| refused(&error))?;
        spans.set_resource(&resource);
        let metrics = MetricExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(format!("{endpoint}/v1/metrics"))
            .with_headers(headers())
            .build()
            .map_err(|error| refused(&error))?;
        let reader = PeriodicReader::builder(metrics).with_interval(options.interval).build();
        let meters = SdkMeterProvider::builder().with_resource(resource).with_reader(reader).build();
        let (queue, waiting) = mpsc::channel(WAITING);
        let task = tokio::spawn(sender::run(spans, waiting, options.content));
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            task: Mutex::new(Some(task)),
            instruments: Instruments::new(&meters),
            meters,
        })
    }

    /// Sends what waits, for so long at most.
    pub async fn close(&self, limit: Duration) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && tokio::time::timeout(limit, task).await.is_err()
        {
            tracing::warn!("the collector did not take the last traces in time");
        }
        let meters = self.meters.clone();
        // It waits for its own thread, which must not hold up this one.
        let closed = tokio::task::spawn_blocking(move || meters.shutdown_with_timeout(limit)).await;
        if !matches!(closed, Ok(Ok(()))) {
            tracing::warn!("the collector did not take the last metrics in time");
        }
    }
}

impl Observer for Telemetry {
    fn trace_ended(&self, trace: &Arc<Trace>) {
        self.instruments.record(trace);
        if !spans::is_sampled(trace) {
            return;
        }
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.as_ref().is_some_and(|queue| queue.try_send(Arc::clone(trace)).is_err()) {
            sender::lost(1);
        }
    }
}

fn refused(error: &dyn std::error::Error) -> Fault {
    Fault::bad_request("telemetry", format!("telemetry cannot be sent: {error}"))
        .hint("Check `endpoint` and `headers` under [telemetry].")
}
