//! Every door: the OpenAI and Anthropic APIs, `/api`, operations, the console, the simulator. The
//! only crate that knows axum and HTTP status; each door reads, calls the core, and writes.
//!
//! **Must never know:** SQL, the store, settings files.

mod body;
mod caller;
mod console;
mod doors;
mod fault;
mod reply;
pub mod sim;
mod state;

use std::{future::Future, io, time::Duration};

use axum::{Router, middleware, serve::ListenerExt};
use tokio::{net::TcpListener, sync::oneshot, time::timeout};

use self::{doors::metrics, state::App};
pub use self::{doors::openapi, state::Parts};

/// How long requests under way may go on after the end was asked for.
const LAST_REQUESTS: Duration = Duration::from_secs(30);

/// All routes over `parts`.
pub fn router(parts: Parts) -> Router {
    let app = App::new(parts);
    Router::new()
        .merge(doors::routes())
        .merge(console::routes())
        .fallback(doors::nowhere)
        .method_not_allowed_fallback(doors::wrong_method)
        .layer(middleware::from_fn_with_state(app.clone(), caller::watch))
        .with_state(app)
}

/// Serves until `shutdown` is over; then takes no new requests and lets those under way finish.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve(
    parts: Parts,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let upkeep = metrics::upkeep();
    // Without TCP_NODELAY the first piece of a stream waits for the client's delayed ACK: 40 ms.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let (ending, ended) = oneshot::channel();
    let serving = axum::serve(listener, router(parts)).with_graceful_shutdown(async move {
        shutdown.await;
        let _ = ending.send(());
    });
    let serving = async { serving.await };
    tokio::pin!(serving);
    let served = tokio::select! {
        served = &mut serving => served,
        _ = ended => timeout(LAST_REQUESTS, serving).await.unwrap_or(Ok(())),
    };
    upkeep.abort();
    served
}
