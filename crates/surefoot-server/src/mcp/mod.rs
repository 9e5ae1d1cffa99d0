//! MCP, for agents: functions and the search of knowledge as tools, over streamable HTTP at `/mcp` and over
//! the standard streams. Every call of a function is a request like any other, recorded and costed.

mod client;
mod tools;

use std::sync::Arc;

use axum::Router;
use rmcp::{
    RoleServer, ServerHandler, ServiceExt,
    model::{
        CallToolRequestParams, CallToolResponse, ErrorData, Implementation, ListToolsResult, PaginatedRequestParams,
        ServerCapabilities, ServerConfig,
    },
    service::RequestContext,
    transport::{
        StreamableHttpServerConfig, StreamableHttpService, stdio,
        streamable_http_server::session::local::LocalSessionManager,
    },
};
use surefoot_gateway::{Caller, Context};
use surefoot_types::Fault;

pub use self::client::McpTools;
use crate::{
    caller::{caller, context},
    state::{App, Parts},
};

/// What an agent is told of this server.
const INSTRUCTIONS: &str = "Each function answers a task of this project; answers that rest on documents carry citations, each \
     checked against its passage. `search_knowledge` finds passages of the documents themselves.";

/// One side of a conversation with an agent.
#[derive(Clone)]
struct McpServer {
    app: App,
    /// Who calls over the standard streams; over HTTP each request says so itself.
    local: Option<Caller>,
}

/// Who asks, and what they tell about the request.
struct Asker {
    caller: Caller,
    context: Context,
}

/// The door of agents over HTTP. It keeps no session, so that any replica can answer.
pub(crate) fn routes(app: &App) -> Router<App> {
    let server = McpServer { app: app.clone(), local: None };
    // Host and Origin are checked before every door alike.
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .disable_allowed_hosts()
        .with_max_request_body_bytes(app.body_limit);
    let service =
        StreamableHttpService::new(move || Ok(server.clone()), Arc::new(LocalSessionManager::default()), config);
    Router::new().route_service("/mcp", service)
}

/// Serves one agent over the standard streams until it closes them. Whoever started this process may do all.
///
/// # Errors
/// When the streams cannot be used.
pub async fn serve_stdio(parts: Parts) -> Result<(), Fault> {
    let local = Some(Caller { secret: None, trusted: true });
    let server = McpServer { app: App::new(parts), local };
    let broken = |told: String| Fault::internal(format!("the agent cannot be served: {told}"));
    let running = server.serve(stdio()).await.map_err(|error| broken(error.to_string()))?;
    running.waiting().await.map(drop).map_err(|error| broken(error.to_string()))
}

impl ServerHandler for McpServer {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("surefoot", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let asker = self.asker(&context)?;
        tools::list(&self.app, &asker).await.map(ListToolsResult::with_all_items).map_err(|fault| told(&fault))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let asker = self.asker(&context)?;
        let arguments = request.arguments.unwrap_or_default();
        let called = tools::call(&self.app, asker, &request.name, arguments);
        tokio::select! {
            // Dropping the call cancels the request; what it cost is settled all the same.
            () = context.ct.cancelled() => Err(ErrorData::internal_error("the call was cancelled", None)),
            called = called => Ok(called.into()),
        }
    }
}

impl McpServer {
    fn asker(&self, request: &RequestContext<RoleServer>) -> Result<Asker, ErrorData> {
        if let Some(caller) = &self.local {
            return Ok(Asker { caller: caller.clone(), context: Context::default() });
        }
        let parts = request.extensions.get::<axum::http::request::Parts>();
        let parts = parts.ok_or_else(|| ErrorData::internal_error("the request came without its headers", None))?;
        let context = context(&parts.headers, None).map_err(|fault| told(&fault))?;
        Ok(Asker { caller: caller(&self.app, &parts.headers), context })
    }
}

fn told(fault: &Fault) -> ErrorData {
    ErrorData::invalid_request(fault.told(), None)
}
