//! Requests under way: whether there are any, and how they are asked to end.

use surefoot_types::{Code, Fault, Retry};
use tokio::sync::watch;

use crate::gateway::Gateway;

/// Counts requests from their first step until they are recorded.
pub(crate) struct UnderWay {
    count: watch::Sender<usize>,
    stopped: watch::Sender<bool>,
}

impl Default for UnderWay {
    fn default() -> Self {
        Self { count: watch::Sender::new(0), stopped: watch::Sender::new(false) }
    }
}

/// One request under way; it is counted until this is dropped.
pub(crate) struct Walker(Gateway);

impl Walker {
    pub(crate) fn new(gateway: &Gateway) -> Self {
        gateway.inner.under_way.count.send_modify(|count| *count += 1);
        Self(gateway.clone())
    }
}

impl Drop for Walker {
    fn drop(&mut self) {
        self.0.inner.under_way.count.send_modify(|count| *count -= 1);
    }
}

impl UnderWay {
    /// Waits for the end that [`Gateway::stop`] asks for, and gives the fault that tells of it.
    pub(crate) async fn stopped(&self) -> Fault {
        // An error would mean that the sender is gone, which lives as long as `self`.
        let _ = self.stopped.subscribe().wait_for(|stopped| *stopped).await;
        Fault::new(Code::Unavailable, "Surefoot is stopping")
            .hint("Send the request again in a moment.")
            .retry(Retry::Later(None))
    }
}

impl Gateway {
    /// Waits until no request is under way: each has ended and is recorded.
    pub async fn idle(&self) {
        let _ = self.inner.under_way.count.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Ends requests under way and those that still come, each with a fault that is told and recorded.
    pub fn stop(&self) {
        self.inner.under_way.stopped.send_replace(true);
    }
}
