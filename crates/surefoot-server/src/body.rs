//! Reads a request's body, up to a limit.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use surefoot_types::{Code, Fault};
use tokio::time::timeout;

/// How much of a body that is too large is read and thrown away, so that the caller, who only
/// listens when it has sent everything, gets to hear why it was refused.
const DRAINED: usize = 256 * 1024 * 1024;
/// How much, and for how long, is read and thrown away of a caller who may not call.
const DISCARDED: (usize, Duration) = (1024 * 1024, Duration::from_secs(5));

/// The whole body.
pub(crate) async fn read(mut body: Body, limit: usize) -> Result<Bytes, Fault> {
    let mut all = BytesMut::new();
    // A body that announces more than is drained is refused before it is sent.
    let announced = body.size_hint().lower();
    let mut seen = if announced > DRAINED as u64 { usize::MAX } else { 0 };
    while seen <= DRAINED
        && let Some(frame) = body.frame().await
    {
        let frame = frame.map_err(|_| Fault::bad_request("", "the body ended before its announced end"))?;
        let Ok(data) = frame.into_data() else { continue };
        seen += data.len();
        if seen <= limit {
            all.extend_from_slice(&data);
        }
    }
    if seen > limit {
        let told = format!("the body is larger than {} MB", limit / (1024 * 1024));
        return Err(Fault::new(Code::TooLarge, told).hint("Raise `body_limit_mb` under [server], or send less."));
    }
    Ok(all.freeze())
}

/// Lets a caller who is refused before its body is read finish sending, as far as that is little: most listen only
/// then, and would take a closed connection for a fault of the network. The refusal does not wait for it.
pub(crate) fn discard(mut body: Body) {
    let (most, longest) = DISCARDED;
    let rest = async move {
        let mut seen = 0;
        while seen <= most
            && let Some(Ok(frame)) = body.frame().await
        {
            seen += frame.data_ref().map_or(0, Bytes::len);
        }
    };
    tokio::spawn(timeout(longest, rest));
}
