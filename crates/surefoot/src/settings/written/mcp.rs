//! Servers of tools as written.

use crate::settings::{
    source::At,
    table::{Reader, Section, field},
};

/// A server of tools.
pub(crate) const MCP: Section = Section {
    file: "surefoot.toml",
    header: "[mcp.<name>]",
    about: "A server of tools that speaks MCP, for functions whose `tools` name it. Either `url` or `command`.",
    fields: &[
        field("url", "url = \"https://mcp.example.com/mcp\"", "", "The address of one that speaks streamable HTTP."),
        field(
            "headers",
            "headers = { authorization = \"env:TICKETS_AUTH\" }",
            "",
            "Headers of every request; secrets among them as `env:NAME` or `file:PATH`.",
        ),
        field(
            "command",
            "command = [\"npx\", \"-y\", \"@example/mcp\"]",
            "",
            "A program that speaks MCP on its standard streams. It is started when it is first needed.",
        ),
        field(
            "env",
            "env = { TICKETS_KEY = \"env:TICKETS_KEY\" }",
            "",
            "Its environment, beside PATH and HOME, as `env:NAME` or `file:PATH`; never in clear.",
        ),
        field("timeout", "timeout = \"30s\"", "30s", "Longest wait for it, and for a call of one of its tools."),
    ],
};

/// A server of tools.
#[derive(Debug)]
pub(crate) struct Mcp {
    pub(crate) name: At<String>,
    pub(crate) url: Option<At<String>>,
    pub(crate) headers: Vec<(At<String>, At<String>)>,
    pub(crate) command: Vec<At<String>>,
    pub(crate) env: Vec<(At<String>, At<String>)>,
    pub(crate) timeout: Option<At<String>>,
}

pub(super) fn mcp(name: At<String>, table: &mut Reader<'_>) -> Mcp {
    Mcp {
        name,
        url: table.string("url"),
        headers: table.texts("headers"),
        command: table.one_or_more("command").unwrap_or_default(),
        env: table.texts("env"),
        timeout: table.string("timeout"),
    }
}
