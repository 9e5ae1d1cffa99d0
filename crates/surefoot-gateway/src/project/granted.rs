//! Tools that functions may use.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use surefoot_types::Secret;

/// Some tools of an MCP server.
#[derive(Debug, Clone)]
pub struct ToolGrant {
    /// The server.
    pub server: Arc<McpServer>,
    /// Names of its tools; one that ends in `*` stands for all that begin so.
    pub pattern: String,
}

impl ToolGrant {
    /// Whether it covers a tool.
    pub fn allows(&self, tool: &str) -> bool {
        match self.pattern.strip_suffix('*') {
            Some(start) => tool.starts_with(start),
            None => tool == self.pattern,
        }
    }
}

/// A server of tools that speaks MCP.
#[derive(Debug, Clone, PartialEq)]
pub struct McpServer {
    /// Its name in this project.
    pub name: String,
    /// How it is reached.
    pub reach: McpReach,
    /// Longest wait for a call of one of its tools.
    pub timeout: Duration,
}

/// How a server of tools is reached.
#[derive(Debug, Clone, PartialEq)]
pub enum McpReach {
    /// Over streamable HTTP.
    Http {
        /// Its address.
        url: String,
        /// Headers of every request.
        headers: BTreeMap<String, Secret>,
    },
    /// By the standard streams of a program, which is started when it is first needed.
    Program {
        /// The program and its arguments.
        command: Vec<String>,
        /// Variables of its environment, beside `PATH` and `HOME`.
        environment: BTreeMap<String, Secret>,
    },
}
