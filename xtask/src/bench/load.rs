//! Load over keep-alive HTTP/1.1 connections on loopback, bounded in time.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, client::conn::http1::SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What is asked, and of whom.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Where to connect.
    pub(crate) address: SocketAddr,
    /// The body of each request to `/v1/chat/completions`.
    pub(crate) body: Bytes,
}

/// What a window of load measured.
#[derive(Debug, Clone, Default)]
pub(crate) struct Window {
    /// The time of each request to its last byte, in microseconds, sorted.
    pub(crate) whole: Vec<f64>,
    /// The time of each request to the first byte of its body, in microseconds, sorted.
    pub(crate) first: Vec<f64>,
    /// How long the window was.
    pub(crate) took: Duration,
}

impl Window {
    /// Requests a second.
    pub(crate) fn rate(&self) -> f64 {
        self.whole.len() as f64 / self.took.as_secs_f64()
    }
}

/// The value below which a share `p` of sorted values lies.
pub(crate) fn percentile(sorted: &[f64], p: f64) -> f64 {
    let at = (p * sorted.len() as f64).ceil() as usize;
    sorted.get(at.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// Asks over so many connections, each one request after the other, for so long.
///
/// # Errors
/// When one request fails: a window with a failure is no measurement.
pub(crate) fn closed(target: &Target, connections: usize, lasts: Duration) -> anyhow::Result<Window> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let started = Instant::now();
        let until = started + lasts;
        let tasks: Vec<_> = (0..connections).map(|_| tokio::spawn(connection(target.clone(), until))).collect();
        let mut window = Window::default();
        for task in tasks {
            let (whole, first) = task.await??;
            window.whole.extend(whole);
            window.first.extend(first);
        }
        window.took = started.elapsed();
        window.whole.sort_by(f64::total_cmp);
        window.first.sort_by(f64::total_cmp);
        Ok(window)
    })
}

async fn connection(target: Target, until: Instant) -> anyhow::Result<(Vec<f64>, Vec<f64>)> {
    let mut sender = connect(target.address).await?;
    let (mut whole, mut first) = (Vec::new(), Vec::new());
    while Instant::now() < until {
        let sent = Instant::now();
        let micros = || sent.elapsed().as_secs_f64() * 1e6;
        sender.ready().await?;
        let mut response = sender.send_request(request(&target)?).await?;
        ensure!(response.status().is_success(), "status {}", response.status());
        let mut begun = None;
        while let Some(frame) = response.frame().await {
            frame?;
            begun.get_or_insert_with(micros);
        }
        whole.push(micros());
        first.extend(begun);
    }
    Ok((whole, first))
}

async fn connect(address: SocketAddr) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await.with_context(|| address.to_string())?;
    stream.set_nodelay(true)?;
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

fn request(target: &Target) -> anyhow::Result<Request<Full<Bytes>>> {
    let request = Request::post("/v1/chat/completions").header("host", target.address.to_string());
    Ok(request.header("content-type", "application/json").body(Full::new(target.body.clone()))?)
}

/// Waits until a request is answered, and gives the time since `since`.
///
/// # Errors
/// When nothing answers within 20 seconds.
pub(crate) fn first_answer(target: &Target, since: Instant) -> anyhow::Result<Duration> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut last = None;
        while since.elapsed() < Duration::from_secs(20) {
            match connection(target.clone(), Instant::now() + Duration::from_nanos(1)).await {
                Ok(_) => return Ok(since.elapsed()),
                Err(error) => last = Some(error),
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Err(last.unwrap_or_else(|| anyhow::anyhow!("never asked")).context("nothing answered within 20 s"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles() {
        let sorted: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!([0.5, 0.99, 1.0].map(|p| percentile(&sorted, p)), [50.0, 99.0, 100.0]);
        assert!(percentile(&[], 0.5).is_nan());
    }
}
