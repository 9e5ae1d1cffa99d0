//! Where ended requests are told.

use std::time::Duration;

use surefoot_telemetry::Options;
use surefoot_types::Secret;

use super::{Ground, providers::Wanted};
use crate::settings::written::telemetry::Telemetry;

/// How often metrics are sent unless the project says.
const INTERVAL: Duration = Duration::from_secs(60);
/// How seldom at most.
const LONGEST_INTERVAL: Duration = Duration::from_secs(3_600);

impl Ground<'_> {
    /// Where to send, if anywhere.
    pub(super) fn telemetry(&self, written: Option<&Telemetry>) -> Option<Options> {
        let written = written?;
        let endpoint = written.endpoint.as_ref().and_then(|endpoint| self.url(endpoint))?;
        let headers = self.headers(&written.headers, Wanted::Needed);
        let text = |text: &str, otherwise: &str| if text.is_empty() { otherwise.to_owned() } else { text.to_owned() };
        Some(Options {
            endpoint,
            headers: headers.into_iter().map(|(name, value)| (name, Secret::new(value))).collect(),
            service: text(written.service.as_ref().map_or("", |service| &service.value), "surefoot"),
            version: env!("CARGO_PKG_VERSION").into(),
            content: written.content.as_ref().is_some_and(|content| content.value),
            interval: self.interval(written),
        })
    }

    fn interval(&self, written: &Telemetry) -> Duration {
        let Some(at) = &written.interval else { return INTERVAL };
        let Some(interval) = self.duration(at) else { return INTERVAL };
        if interval < Duration::from_secs(1) || interval > LONGEST_INTERVAL {
            let message = format!("'{}' is not between 1s and 1h", at.value);
            self.mistakes.add(&at.place, message, "Write it like `interval = \"30s\"`.".to_owned());
        }
        interval
    }
}
