//! How many requests are worked on at once: a line before the whole gateway and one before each provider, both
//! bounded. Who finds a line full is refused at once and told when to come back, so that a rush costs those who
//! come late and not everybody.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use surefoot_types::{Code, Fault, Retry};
use tokio::{sync::oneshot, time::timeout};

use crate::{events, project::Load};

/// When those should come back who were refused.
const COME_BACK: Duration = Duration::from_secs(1);

/// Lines by their providers; the gateway's own has no name.
type ByName = HashMap<Option<String>, Line>;
type Shared = Arc<Mutex<ByName>>;

/// All lines.
#[derive(Default)]
pub(crate) struct Lines {
    inner: Shared,
}

#[derive(Default)]
struct Line {
    under_way: usize,
    waiting: VecDeque<oneshot::Sender<Place>>,
}

/// A place among those that are worked on, until it is dropped.
pub(crate) struct Place(Option<(Shared, Option<String>)>);

impl Lines {
    /// A place in the gateway.
    pub(crate) async fn enter(&self, load: &Load) -> Result<Place, Fault> {
        match load.at_once {
            Some(most) => self.place(None, most, load).await,
            None => Ok(Place(None)),
        }
    }

    /// A place at a provider.
    pub(crate) async fn enter_provider(&self, load: &Load, provider: &str) -> Result<Place, Fault> {
        match load.providers.get(provider) {
            Some(&most) => self.place(Some(provider.to_owned()), most, load).await,
            None => Ok(Place(None)),
        }
    }

    async fn place(&self, name: Option<String>, most: usize, load: &Load) -> Result<Place, Fault> {
        let turn = {
            let mut lines = lock(&self.inner);
            let line = lines.entry(name.clone()).or_default();
            if line.under_way < most {
                line.under_way += 1;
                return Ok(Place(Some((Arc::clone(&self.inner), name))));
            }
            // Those who gave up waiting make room.
            line.waiting.retain(|turn| !turn.is_closed());
            if line.waiting.len() >= load.waiting {
                return Err(full(name.as_deref()));
            }
            let (give, turn) = oneshot::channel();
            line.waiting.push_back(give);
            turn
        };
        let waited = timeout(load.patience, turn).await;
        waited.ok().and_then(Result::ok).ok_or_else(|| full(name.as_deref()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((inner, name)) = self.0.take() else { return };
        let mut place = Self(Some((Arc::clone(&inner), name.clone())));
        loop {
            let mut lines = lock(&inner);
            let Some(line) = lines.get_mut(&name) else { break };
            let Some(next) = line.waiting.pop_front() else {
                line.under_way = line.under_way.saturating_sub(1);
                break;
            };
            drop(lines);
            // Whoever waited gets this place. Who has gone gives it back.
            match next.send(place) {
                Ok(()) => return,
                Err(back) => place = back,
            }
        }
        place.0 = None;
    }
}

fn lock(lines: &Mutex<ByName>) -> MutexGuard<'_, ByName> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

fn full(provider: Option<&str>) -> Fault {
    events::request_shed(provider.unwrap_or("all"));
    let told = match provider {
        None => "as many requests wait as may".to_owned(),
        Some(provider) => format!("as many requests wait for the provider '{provider}' as may"),
    };
    Fault::new(Code::Unavailable, told)
        .hint("Come back in a moment; `[load]` in surefoot.toml says how many may wait.")
        .retry(Retry::Later(Some(COME_BACK)))
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn load(waiting: usize) -> Load {
        Load { at_once: Some(2), waiting, ..Load::default() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_is_bounded_in_length_and_in_time() {
        let (lines, load) = (Lines::default(), load(1));
        let one = lines.enter(&load).await.unwrap();
        let two = lines.enter(&load).await.unwrap();
        let mut third = Box::pin(lines.enter(&load));
        assert!(third.as_mut().now_or_never().is_none(), "the third waits");
        let told = lines.enter(&load).now_or_never().expect("the fourth does not").err().unwrap();
        assert_eq!((told.code, told.retry), (Code::Unavailable, Retry::Later(Some(COME_BACK))));
        drop(one);
        let third = third.now_or_never().expect("it is its turn").unwrap();
        let late = lines.enter(&load).await.err().unwrap();
        assert_eq!(late.code, Code::Unavailable, "it waited as long as it may");
        drop((two, third));
        assert!(lines.enter(&load).now_or_never().unwrap().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_given_to_somebody_who_left_is_not_lost() {
        let (lines, load) = (Lines::default(), load(5));
        let (one, two) = (lines.enter(&load).await.unwrap(), lines.enter(&load).await.unwrap());
        let mut given = Box::pin(lines.enter(&load));
        let mut left = Box::pin(lines.enter(&load));
        assert!(given.as_mut().now_or_never().is_none() && left.as_mut().now_or_never().is_none());
        drop(left);
        drop(one);
        // It was handed its place, and goes without having taken it.
        drop(given);
        drop(two);
        let places = (lines.enter(&load).now_or_never(), lines.enter(&load).now_or_never());
        assert!(places.0.unwrap().is_ok() && places.1.unwrap().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn providers_have_lines_of_their_own() {
        let lines = Lines::default();
        let load = Load { providers: [("p".into(), 1)].into(), waiting: 0, ..Load::default() };
        let _one = lines.enter_provider(&load, "p").await.unwrap();
        assert!(lines.enter_provider(&load, "p").await.is_err());
        assert!(lines.enter_provider(&load, "q").await.is_ok());
        assert!(lines.enter(&load).await.is_ok());
    }
}
