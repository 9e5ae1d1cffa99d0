//! Feedback by whoever has no key.

use surefoot_server::FeedbackOptions;

use super::Ground;
use crate::settings::{source::At, written::feedback::Feedback};

impl Ground<'_> {
    /// Who may give feedback without a key, and how much.
    pub(super) fn feedback(&self, written: &Feedback) -> FeedbackOptions {
        let otherwise = FeedbackOptions::default();
        let per_minute = self.within("per_minute", written.per_minute.as_ref(), 1..=1_000_000);
        FeedbackOptions {
            tokens: written.tokens.as_ref().and_then(|tokens| self.days(tokens)),
            origins: written.origins.iter().flatten().map(|origin| self.origin(origin)).collect(),
            per_minute: per_minute.and_then(|most| u32::try_from(most).ok()).unwrap_or(otherwise.per_minute),
        }
    }

    /// A site as browsers name it: scheme, host and port, and nothing after them.
    fn origin(&self, written: &At<String>) -> String {
        let host = written.value.split_once("://").filter(|(scheme, _)| ["http", "https"].contains(scheme));
        let plain = |host: &str| !host.is_empty() && !host.contains(['/', '?', '#', ' ', '*']);
        if written.value != "*" && !host.is_some_and(|(_, host)| plain(host)) {
            let message = format!("'{}' is not the origin of a site", written.value);
            let hint =
                "Write scheme and host, and the port if there is one: `https://app.example.com`, without a path.";
            self.mistakes.add(&written.place, message, hint.to_owned());
        }
        written.value.to_ascii_lowercase()
    }
}
