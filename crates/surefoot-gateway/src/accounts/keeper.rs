//! The keeper of the accounts: asks the store for more before it is needed, gives back what is not, renews.
//! There is one, so that asks never cross each other, and it ends when the accounts do. What the store does is
//! not undone by a request that goes away meanwhile, since no request asks it.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Weak},
    time::Duration,
};

use surefoot_types::{
    budget::{AccountId, Lease, LeaseAsk},
    ports::Stored,
};
use tokio::time::{Instant, sleep, timeout};

use super::{
    Alive, Book, Inner, MARGIN,
    account::{Account, DRY},
};
use crate::events;

/// How often all accounts are looked at.
const ROUND: Duration = Duration::from_secs(1);
/// In this part of their life leases are renewed.
const RENEW: u32 = 20;
/// Most asks in one call.
const MOST: usize = 500;

/// Keeps accounts until they are gone.
pub(super) async fn keep(accounts: Weak<Inner>) {
    let mut last_round = Instant::now();
    while let Some(inner) = accounts.upgrade() {
        let now = Instant::now();
        let due = now >= last_round + ROUND;
        if due {
            inner.round(now - last_round);
            inner.look_at_lines().await;
            last_round = now;
        }
        let answered = inner.look(due).await;
        let wait = inner.next_look(last_round);
        let wake = Arc::clone(&inner.wake);
        // Nothing of the accounts is held while it waits, so that they can go.
        drop(inner);
        if !answered {
            sleep(DRY).await;
        }
        match wait {
            Some(wait) => drop(timeout(wait, wake.notified()).await),
            None => wake.notified().await,
        }
    }
}

impl Inner {
    /// Asks the store for whatever there is to ask. False if it did not answer.
    async fn look(&self, all: bool) -> bool {
        let now = Instant::now();
        let alive = self.lock().alive;
        if now >= alive.money && !self.start_anew().await {
            return false;
        }
        if now >= alive.limits {
            self.lock().accounts.values_mut().for_each(Account::lapse);
        }
        let asks = self.asks(all);
        if asks.is_empty() && !self.must_renew(now) {
            return true;
        }
        let sent = Instant::now();
        self.lock().asked = Some(sent);
        let answer = self.ledger.lease_change(&self.holder, &asks, self.lives).await;
        let answered = answer.is_ok();
        self.answered(&asks, sent, answer);
        self.changed.notify_waiters();
        answered
    }

    /// Sees whether others wait for what lies ready here. That the store could not tell is no matter: it is asked again.
    async fn look_at_lines(&self) {
        let any = self.lock().accounts.values().any(Account::holds);
        if !any || self.ledger_is_away() {
            return;
        }
        let wanted = self.ledger.lease_wanted(&self.holder).await.unwrap_or_default();
        let mut book = self.lock();
        for id in wanted {
            if let Some(account) = book.accounts.get_mut(&id) {
                account.pressed();
            }
        }
    }

    fn ledger_is_away(&self) -> bool {
        !self.lock().answered
    }

    /// Nobody knows which leases the store still has for this process: all go, and what is needed is asked for anew.
    async fn start_anew(&self) -> bool {
        if self.lock().accounts.is_empty() {
            return true;
        }
        self.lock().asked = Some(Instant::now());
        let released = self.ledger.lease_release(&self.holder).await;
        let mut book = self.lock();
        (book.asked, book.answered) = (None, released.is_ok());
        if let Err(error) = released {
            drop(book);
            events::ledger_unreachable(&error);
            self.changed.notify_waiters();
            return false;
        }
        book.accounts.values_mut().for_each(Account::released);
        true
    }

    /// Looks at every account: how fast it is used, and whether it may be forgotten.
    fn round(&self, passed: Duration) {
        let (now, moment) = (Instant::now(), self.clock.now());
        let mut book = self.lock();
        book.accounts.retain(|_, account| {
            account.tick(passed);
            !account.is_done(account.window_is_over(moment), now)
        });
        let mut left: BTreeMap<(String, String), i64> = BTreeMap::new();
        for account in book.accounts.values().filter(|account| account.kind.charged()) {
            let left = left.entry((account.name.clone(), account.per.clone())).or_insert(i64::MAX);
            *left = (*left).min(account.limit - account.spent());
        }
        drop(book);
        left.into_iter().for_each(|((name, per), left)| events::budget_left(name, per, left));
    }

    /// What to ask of the store: about the accounts that somebody waits for, or about all.
    fn asks(&self, all: bool) -> Vec<LeaseAsk> {
        let (now, moment) = (Instant::now(), self.clock.now());
        let mut book = self.lock();
        let Book { accounts, queue, .. } = &mut *book;
        let queued = std::mem::take(queue);
        let ids: HashSet<AccountId> = if all { accounts.keys().cloned().collect() } else { queued };
        let mut asks = Vec::new();
        for id in ids {
            let Some(account) = accounts.get_mut(&id) else { continue };
            if account.waiting > 0 || asks.len() == MOST {
                queue.insert(id.clone());
            }
            if asks.len() == MOST {
                continue;
            }
            let over = account.window_is_over(moment);
            if let Some(change) = account.ask(over, now) {
                asks.push(LeaseAsk { account: id, limit: account.limit, change, needed: account.needed() });
            }
        }
        asks
    }

    /// Whether the leases have lived for a while.
    fn must_renew(&self, now: Instant) -> bool {
        let book = self.lock();
        let lives = self.lives.limits;
        !book.accounts.is_empty() && now + (lives - lives / MARGIN - lives / RENEW) >= book.alive.limits
    }

    /// How long until the keeper has something to do, if nobody calls.
    fn next_look(&self, last_round: Instant) -> Option<Duration> {
        let book = self.lock();
        let round = (last_round + ROUND).saturating_duration_since(Instant::now());
        match (book.accounts.is_empty(), book.queue.is_empty()) {
            (true, _) => None,
            (false, true) => Some(round),
            (false, false) => Some(round.min(DRY)),
        }
    }

    fn answered(&self, asks: &[LeaseAsk], sent: Instant, answer: Stored<Vec<Lease>>) {
        let now = Instant::now();
        let mut book = self.lock();
        (book.asked, book.answered) = (None, answer.is_ok());
        events::leases_changed(asks.len(), answer.as_ref().err());
        let Ok(leases) = answer else {
            for ask in asks {
                if let Some(account) = book.accounts.get_mut(&ask.account) {
                    account.unanswered(ask.change);
                }
            }
            return;
        };
        book.alive = Alive::since(sent, self.lives);
        for (ask, lease) in asks.iter().zip(&leases) {
            let Some(account) = book.accounts.get_mut(&ask.account) else { continue };
            account.answered(ask.change, lease, now);
            if let Some(warning) = account.warning() {
                events::budget_warned(&account.name, &account.per, account.limit, warning.percent, warning.spent);
            }
        }
    }
}
