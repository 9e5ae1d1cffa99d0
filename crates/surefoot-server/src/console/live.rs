//! `GET /live`: says that something was recorded, so that a page which is open can be brought up to date. It looks at the
//! newest trace and no further, whichever process recorded it.

use std::{convert::Infallible, time::Duration};

use axum::{
    Extension,
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use surefoot_types::{ids::TraceId, ports::TraceFilter};
use tokio::time::{Instant, sleep};

use crate::{access::Who, state::App};

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(1);
/// After so long the browser asks anew, so that a key which was revoked meanwhile is noticed.
const LONGEST: Duration = Duration::from_secs(600);

struct Watch {
    app: App,
    filter: TraceFilter,
    newest: Option<TraceId>,
    ends: Instant,
}

/// Tells of every new trace, until the server is asked to end.
pub(crate) async fn serve(State(app): State<App>, Extension(who): Extension<Who>) -> Response {
    let filter = TraceFilter { tenant: who.sees_only().map(str::to_owned), ..TraceFilter::default() };
    let mut watch = Watch { app, filter, newest: None, ends: Instant::now() + LONGEST };
    watch.newest = watch.look().await;
    let events = stream::unfold(watch, |mut watch| async move {
        let newest = watch.next().await?;
        Some((Ok::<_, Infallible>(Event::default().event("trace").data(newest.to_string())), watch))
    });
    Sse::new(events).keep_alive(KeepAlive::default()).into_response()
}

impl Watch {
    /// The newest trace; none where there is none, or the store is away.
    async fn look(&self) -> Option<TraceId> {
        let newest = self.app.store.trace_list(&self.filter, 1).await.ok()?;
        newest.first().map(|trace| trace.id)
    }

    /// The next new trace; `None` at the end.
    async fn next(&mut self) -> Option<TraceId> {
        let mut ending = self.app.ending.subscribe();
        while Instant::now() < self.ends {
            tokio::select! {
                () = sleep(LOOK) => {}
                _ = ending.wait_for(|ending| *ending) => return None,
            }
            let newest = self.look().await.filter(|newest| self.newest.is_none_or(|before| *newest > before));
            if newest.is_some() {
                self.newest = newest;
                return newest;
            }
        }
        None
    }
}
