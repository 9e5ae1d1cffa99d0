//! Every door: the OpenAI and Anthropic APIs, `/api`, operations, the console, the simulator. The
//! only crate that knows axum and HTTP status; each door reads, calls the core, and writes.
//!
//! **Must never know:** SQL, the store, settings files.

mod access;
mod body;
mod caller;
mod console;
mod doors;
mod fault;
mod json;
mod mcp;
mod minute;
mod reply;
pub mod sim;
mod standing;
mod state;
mod strangers;

use std::{future::Future, io, net::SocketAddr, time::Duration};

use axum::{Router, middleware, serve::ListenerExt};
use tokio::{net::TcpListener, sync::oneshot, time::timeout};

use self::{doors::metrics, state::App};
pub use self::{
    doors::openapi,
    mcp::{McpTools, serve_stdio as serve_mcp},
    state::{FeedbackOptions, Parts},
};

/// How long what is cut off at the end of the drain may take to be told and recorded.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// All routes over `parts`.
pub fn router(parts: Parts) -> Router {
    let app = App::new(parts);
    Router::new()
        .merge(doors::routes(&app))
        .merge(console::routes(&app))
        .fallback(doors::nowhere)
        .method_not_allowed_fallback(doors::wrong_method)
        .layer(middleware::from_fn_with_state(app.clone(), caller::watch))
        .with_state(app)
}

/// Serves until `shutdown` is over; then takes no new requests and lets those under way finish for as long as
/// `parts.drain` says. What is left then is told that Surefoot stops. Returns when all of it is recorded.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve(
    parts: Parts,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let upkeep = metrics::upkeep();
    let (gateway, drain) = (parts.gateway.clone(), parts.drain);
    // Without TCP_NODELAY the first piece of a stream waits for the client's delayed ACK: 40 ms.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let (ending, ended) = oneshot::channel();
    let service = router(parts).into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
        shutdown.await;
        let _ = ending.send(());
    });
    let serving = async { serving.await };
    tokio::pin!(serving);
    let served = tokio::select! {
        served = &mut serving => served,
        _ = ended => match timeout(drain, &mut serving).await {
            Ok(served) => served,
            Err(_) => {
                gateway.stop();
                timeout(LAST_WORDS, serving).await.unwrap_or(Ok(()))
            }
        },
    };
    // A caller who hung up is gone before its request is recorded.
    let _ = timeout(LAST_WORDS, gateway.idle()).await;
    upkeep.abort();
    served
}
