//! Where ended requests are told, as written.

use super::root::FILE;
use crate::settings::{
    source::At,
    table::{Reader, Section, field},
};

/// OpenTelemetry.
pub(crate) const TELEMETRY: Section = Section {
    file: FILE,
    header: "[telemetry]",
    about: "Sends spans and metrics of ended requests to an OpenTelemetry collector, by the GenAI semantic conventions. \
            Nothing is sent without this table.",
    fields: &[
        field(
            "endpoint",
            "endpoint = \"http://127.0.0.1:4318\"",
            "required",
            "The collector's address for OTLP over HTTP, without `/v1/traces`.",
        ),
        field(
            "headers",
            "headers = { \"x-api-key\" = \"env:COLLECTOR_KEY\" }",
            "",
            "Headers to send along. A value may be `env:NAME` or `file:PATH`.",
        ),
        field("service", "service = \"support-bot\"", "surefoot", "What this service is called there."),
        field(
            "content",
            "content = true",
            "false",
            "Whether what was said goes along: prompts, answers and questions, masked as the records are.",
        ),
        field("interval", "interval = \"30s\"", "60s", "How often metrics are sent; 1s to 1h."),
    ],
};

/// The table.
#[derive(Debug)]
pub(crate) struct Telemetry {
    pub(crate) endpoint: Option<At<String>>,
    pub(crate) headers: Vec<(At<String>, At<String>)>,
    pub(crate) service: Option<At<String>>,
    pub(crate) content: Option<At<bool>>,
    pub(crate) interval: Option<At<String>>,
}

impl Telemetry {
    pub(super) fn read(mut table: Reader<'_>) -> Self {
        let telemetry = Self {
            endpoint: table.required("endpoint"),
            headers: table.texts("headers"),
            service: table.string("service"),
            content: table.boolean("content"),
            interval: table.string("interval"),
        };
        table.done();
        telemetry
    }
}
