//! The other side of MCP: Surefoot as the client of servers of tools, over streamable HTTP or the standard streams of a
//! program. A connection is made when it is first needed, and again when it broke or its settings changed.

use std::{
    collections::{BTreeMap, HashMap},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use axum::http::{HeaderName, HeaderValue};
use rmcp::{
    RoleClient, ServiceExt,
    model::{CallToolRequestParams, ContentBlock, JsonObject},
    service::{RunningService, ServiceError},
    transport::{StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig},
};
use serde_json::{Map, Value};
use surefoot_gateway::{
    ToolOutcome, Toolbox,
    project::{McpReach, McpServer},
};
use surefoot_types::{Code, Fault, Secret, conversation::Tool};
use tokio::{
    process::{Child, Command},
    sync::Mutex,
    time::{Instant, timeout},
};

/// How long a list of tools is taken to be true.
const LISTED: Duration = Duration::from_secs(60);
/// What a program is given of this process's environment, beside what its settings say.
const INHERITED: [&str; 4] = ["PATH", "HOME", "LANG", "TMPDIR"];

/// Connections to servers of tools, by their names. One server that does not answer keeps no other waiting.
#[derive(Default)]
pub struct McpTools {
    seats: Mutex<BTreeMap<String, Arc<Seat>>>,
}

/// Where the connection to one server stands, if there is one.
type Seat = Mutex<Option<Arc<Session>>>;

/// One connection.
struct Session {
    server: McpServer,
    running: RunningService<RoleClient, ()>,
    /// The program at its other end: it is ended with the connection.
    _program: Option<Child>,
    listed: Mutex<Option<(Instant, Vec<Tool>)>>,
}

#[async_trait]
impl Toolbox for McpTools {
    async fn list(&self, server: &McpServer) -> Result<Vec<Tool>, Fault> {
        // Waiting for others who ask the same is part of it.
        let listed = timeout(server.timeout, self.listed(server)).await;
        match listed {
            Ok(listed) => listed,
            Err(_) => Err(self.broken(server, "it did not answer in time").await),
        }
    }

    async fn call(&self, server: &McpServer, tool: &str, arguments: Map<String, Value>) -> Result<ToolOutcome, Fault> {
        let session = self.session(server).await?;
        let asked = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        match session.running.call_tool(asked).await {
            Ok(result) => Ok(ToolOutcome {
                text: words(&result.content, result.structured_content.as_ref()),
                is_error: result.is_error == Some(true),
            }),
            // The server's own word on the call: the model may do better.
            Err(ServiceError::McpError(told)) => Ok(ToolOutcome { text: told.message.into_owned(), is_error: true }),
            Err(error) => Err(self.broken(server, &error.to_string()).await),
        }
    }
}

impl McpTools {
    async fn listed(&self, server: &McpServer) -> Result<Vec<Tool>, Fault> {
        let session = self.session(server).await?;
        let mut listed = session.listed.lock().await;
        if let Some((at, tools)) = &*listed
            && at.elapsed() < LISTED
        {
            return Ok(tools.clone());
        }
        let tools = match session.running.list_all_tools().await {
            Ok(tools) => tools,
            Err(error) => return Err(self.broken(server, &error.to_string()).await),
        };
        let tools: Vec<Tool> = tools.into_iter().map(read).collect();
        *listed = Some((Instant::now(), tools.clone()));
        Ok(tools)
    }

    /// The connection to a server, made anew where there is none that works.
    async fn session(&self, server: &McpServer) -> Result<Arc<Session>, Fault> {
        let seat = Arc::clone(self.seats.lock().await.entry(server.name.clone()).or_default());
        let mut seat = seat.lock().await;
        if let Some(session) = seat.as_ref()
            && session.server == *server
            && !session.running.is_closed()
        {
            return Ok(Arc::clone(session));
        }
        *seat = None;
        let session = Arc::new(connect(server).await?);
        *seat = Some(Arc::clone(&session));
        Ok(session)
    }

    /// Drops a connection that broke: the next call makes another.
    async fn broken(&self, server: &McpServer, told: &str) -> Fault {
        self.seats.lock().await.remove(&server.name);
        unreachable(server, told)
    }
}

async fn connect(server: &McpServer) -> Result<Session, Fault> {
    let session =
        |running, program| Session { server: server.clone(), running, _program: program, listed: Mutex::default() };
    match &server.reach {
        McpReach::Http { url, headers } => {
            let mut config = StreamableHttpClientTransportConfig::with_uri(url.as_str());
            config.custom_headers = custom(headers)?;
            let transport = StreamableHttpClientTransport::from_config(config);
            let running = ().serve(transport).await.map_err(|error| unreachable(server, &error.to_string()))?;
            Ok(session(running, None))
        }
        McpReach::Program { command, environment } => {
            let mut program = start(command, environment).map_err(|error| unreachable(server, &error.to_string()))?;
            let (Some(input), Some(output)) = (program.stdin.take(), program.stdout.take()) else {
                return Err(unreachable(server, "its streams cannot be used"));
            };
            let running = ().serve((output, input)).await.map_err(|error| unreachable(server, &error.to_string()))?;
            Ok(session(running, Some(program)))
        }
    }
}

fn start(command: &[String], environment: &BTreeMap<String, Secret>) -> std::io::Result<Child> {
    let (program, arguments) = command.split_first().ok_or(std::io::ErrorKind::InvalidInput)?;
    let inherited = INHERITED.iter().filter_map(|name| Some((*name, std::env::var_os(name)?)));
    Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(inherited)
        .envs(environment.iter().map(|(name, value)| (name, value.reveal())))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

fn custom(headers: &BTreeMap<String, Secret>) -> Result<HashMap<HeaderName, HeaderValue>, Fault> {
    let read = |(name, value): (&String, &Secret)| {
        let wrong = || Fault::internal(format!("the header '{name}' cannot be sent"));
        let mut value = HeaderValue::from_str(value.reveal()).map_err(|_| wrong())?;
        value.set_sensitive(true);
        Ok((HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?, value))
    };
    headers.iter().map(read).collect()
}

fn read(tool: rmcp::model::Tool) -> Tool {
    let schema: JsonObject = (*tool.input_schema).clone();
    Tool {
        name: tool.name.into_owned(),
        description: tool.description.map(std::borrow::Cow::into_owned),
        schema: Value::Object(schema),
        strict: None,
        extra: Map::new(),
    }
}

/// What a tool gave, as text. What is no text is named, not shown.
fn words(content: &[ContentBlock], structured: Option<&Value>) -> String {
    let told: Vec<String> = content
        .iter()
        .map(|block| match block {
            ContentBlock::Text(text) => text.text.clone(),
            ContentBlock::Image(_) => "(a picture, which is not shown)".into(),
            ContentBlock::Audio(_) => "(sound, which is not played)".into(),
            other => serde_json::to_string(other).unwrap_or_default(),
        })
        .collect();
    match structured {
        Some(value) if told.is_empty() => value.to_string(),
        _ => told.join("\n"),
    }
}

fn unreachable(server: &McpServer, told: &str) -> Fault {
    Fault::new(Code::Upstream, format!("the MCP server '{}' cannot be used: {told}", server.name))
        .hint("Check [mcp] in surefoot.toml, and that the server runs.")
}
