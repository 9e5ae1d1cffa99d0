//! Providers, as written.

use super::root::FILE;
use crate::settings::{
    source::At,
    table::{Reader, Section, field},
};

/// A provider.
pub(crate) const PROVIDER: Section = Section {
    file: FILE,
    header: "[providers.<name>]",
    about: "An AI API with its credentials. `local` and `sim` are built in and need no table.",
    fields: &[
        field(
            "kind",
            "kind = \"openai\"",
            "required",
            "Whose API it is: one of the kinds below. `openai` with a `base_url` is every OpenAI-compatible server.",
        ),
        field("api", "api = \"responses\"", "the kind's first", "Which of its APIs, where it has several."),
        field(
            "base_url",
            "base_url = \"http://127.0.0.1:11434/v1\"",
            "the vendor's own",
            "The address before `/chat/completions`, `/messages`, `/models` or `/model`.",
        ),
        field(
            "key",
            "key = \"env:OPENAI_API_KEY\"",
            "",
            "Its key, never in clear: `env:NAME`, `file:PATH`, or `command:PROGRAM …`, which prints a token and is asked \
             again every minute. For `bedrock` also `aws:PREFIX`, for the variables `PREFIX_ACCESS_KEY_ID`, \
             `PREFIX_SECRET_ACCESS_KEY` and `PREFIX_SESSION_TOKEN`.",
        ),
        field("keys", "keys = [\"env:KEY_A\", \"env:KEY_B\"]", "", "Several keys instead of one, of several accounts."),
        field(
            "headers",
            "headers = { \"x-team\" = \"docs\" }",
            "",
            "Headers to send with every call. A value may be `env:NAME` or `file:PATH`.",
        ),
        field("region", "region = \"eu-central-1\"", "`AWS_REGION`", "The region of `bedrock`."),
        field("project", "project = \"my-project\"", "`GOOGLE_CLOUD_PROJECT`", "The project of `vertex`."),
        field("location", "location = \"europe-west4\"", "global", "The location of `vertex`."),
        field(
            "api_version",
            "api_version = \"2024-10-21\"",
            "",
            "For `azure`: models are then deployments, below `/openai/deployments/`. Without it the newer `/openai/v1` is \
             meant, which needs none.",
        ),
    ],
};

#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) name: At<String>,
    pub(crate) kind: Option<At<String>>,
    pub(crate) api: Option<At<String>>,
    pub(crate) base_url: Option<At<String>>,
    pub(crate) key: Option<At<String>>,
    pub(crate) keys: Option<Vec<At<String>>>,
    pub(crate) headers: Vec<(At<String>, At<String>)>,
    pub(crate) region: Option<At<String>>,
    pub(crate) project: Option<At<String>>,
    pub(crate) location: Option<At<String>>,
    pub(crate) api_version: Option<At<String>>,
}

impl Provider {
    pub(super) fn read(name: At<String>, table: &mut Reader<'_>) -> Self {
        Self {
            name,
            kind: table.required("kind"),
            api: table.string("api"),
            base_url: table.string("base_url"),
            key: table.string("key"),
            keys: table.one_or_more("keys"),
            headers: table.texts("headers"),
            region: table.string("region"),
            project: table.string("project"),
            location: table.string("location"),
            api_version: table.string("api_version"),
        }
    }
}
