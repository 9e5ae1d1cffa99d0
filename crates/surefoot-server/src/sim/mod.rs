//! The simulator over HTTP: a provider that answers without a model and misbehaves on request.
//!
//! The gateway's `sim` decides what is to happen; this acts it out where it hurts, on real
//! connections. It stands on hyper itself, because it has to break what axum keeps whole.

mod act;
mod addresses;
mod doors;
mod seen;

use std::{io, pin::pin, sync::Arc, time::Duration};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use surefoot_gateway::attempt::sim::{Script, Sim};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};

use self::doors::Doors;

/// How long to wait before accepting again when the system has no room for a connection.
const OUT_OF_ROOM: Duration = Duration::from_millis(100);

/// What a simulator is started with.
#[derive(Debug, Clone, Default)]
pub struct SimOptions {
    /// The seed of its answers.
    pub seed: u64,
    /// Rules that decide before the model's name does.
    pub script: Option<Script>,
}

/// Serves until `shutdown` is over. Every connection ends with it, whatever it was doing.
///
/// # Errors
/// When the listener cannot be used.
pub async fn serve(options: SimOptions, listener: TcpListener, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    listener.local_addr()?;
    let doors = Arc::new(Doors::new(Sim::new(options.seed, options.script)));
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => return Ok(()),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&doors)));
                }
                Err(_) => sleep(OUT_OF_ROOM).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, doors: Arc<Doors>) {
    // Without it small pieces of a stream arrive late; a connection that is gone says so below.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| doors.answer(request));
    // A connection that breaks is either the caller's doing or was asked for.
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}

#[cfg(test)]
mod tests;
