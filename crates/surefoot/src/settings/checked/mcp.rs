//! Servers of tools, and which functions may use them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use surefoot_gateway::project::{Bounds, McpReach, McpServer, ToolGrant};
use surefoot_types::Secret;

use super::{Ground, providers::Wanted};
use crate::settings::{
    source::At,
    written::{function::Function, mcp::Mcp},
};

/// How long a server of tools may take when nothing is said.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Ground<'_> {
    /// Every server of tools, by its name.
    pub(super) fn mcp(&self, written: &[Mcp]) -> BTreeMap<String, Arc<McpServer>> {
        written.iter().filter_map(|one| Some((one.name.value.clone(), Arc::new(self.mcp_server(one)?)))).collect()
    }

    fn mcp_server(&self, written: &Mcp) -> Option<McpServer> {
        self.name("MCP server", &written.name);
        let reach = match (&written.url, written.command.is_empty()) {
            (Some(url), true) => McpReach::Http {
                url: self.url(url)?,
                headers: self
                    .headers(&written.headers, Wanted::Needed)
                    .into_iter()
                    .map(|(name, value)| (name, Secret::new(value)))
                    .collect(),
            },
            (None, false) => McpReach::Program {
                command: written.command.iter().map(|one| one.value.clone()).collect(),
                environment: written.env.iter().filter_map(|(name, value)| self.variable(name, value)).collect(),
            },
            (both, _) => {
                let told = if both.is_some() { "both `url` and `command`" } else { "neither `url` nor `command`" };
                let message = format!("the MCP server '{}' has {told}", written.name.value);
                let hint = "Write `url = \"https://…\"` for a server, or `command = [\"program\", \"argument\"]` for a program.";
                self.mistakes.add(&written.name.place, message, hint.to_owned());
                return None;
            }
        };
        let timeout = written.timeout.as_ref().and_then(|timeout| self.duration(timeout)).unwrap_or(TIMEOUT);
        Some(McpServer { name: written.name.value.clone(), reach, timeout })
    }

    fn variable(&self, name: &At<String>, value: &At<String>) -> Option<(String, Secret)> {
        Some((name.value.clone(), self.secret(value, Wanted::Needed)?))
    }

    /// The tools that a function may use.
    pub(super) fn grants(&self, written: &Function, servers: &BTreeMap<String, Arc<McpServer>>) -> Vec<ToolGrant> {
        written.tools.iter().filter_map(|tool| self.grant(tool, servers)).collect()
    }

    fn grant(&self, written: &At<String>, servers: &BTreeMap<String, Arc<McpServer>>) -> Option<ToolGrant> {
        let named = written.value.strip_prefix("mcp:").and_then(|rest| rest.split_once('/'));
        let Some((server, pattern)) = named.filter(|(_, pattern)| !pattern.is_empty()) else {
            let message = format!("'{}' names no tool", written.value);
            self.mistakes.add(&written.place, message, "Write it like `mcp:server/tool` or `mcp:server/*`.".to_owned());
            return None;
        };
        let Some(found) = servers.get(server) else {
            let name = At::new(server.to_owned(), written.place.clone());
            self.unknown("MCP server", &name, servers.keys().map(String::as_str), "The servers under [mcp] are");
            return None;
        };
        Some(ToolGrant { server: Arc::clone(found), pattern: pattern.to_owned() })
    }

    /// How far a function may go with its tools.
    pub(super) fn bounds(&self, written: &Function) -> Bounds {
        let turns = self.within("tool_turns", written.tool_turns.as_ref(), 1..=50);
        Bounds {
            turns: turns.and_then(|turns| u32::try_from(turns).ok()).unwrap_or(Bounds::default().turns),
            cost: written.tool_cost.as_ref().and_then(|cost| self.money(cost)),
            ..Bounds::default()
        }
    }
}
