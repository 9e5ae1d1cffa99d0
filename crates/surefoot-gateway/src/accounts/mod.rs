//! What may still be used of budgets and limits: leases on accounts of the store, taken ahead of need, so that
//! a request spends from memory and the sum over all processes never exceeds a limit.
//!
//! [`Accounts::take`] holds what a request may need of every account that counts it, or nothing of any.
//! [`Hold::settle`] puts what it really used in its place, once, on every exit; what was held and not settled
//! is given back when the hold is dropped. The [keeper](keeper) is the only one who talks to the store.
//!
//! Leases live on for a while after the store last heard of this process. A request takes from one only if it
//! will be done before that, by this machine's monotonic clock and with a margin: a process that cannot reach
//! the store stops spending before anybody else is given what it holds. (Of requests that may last longer than
//! half of that while, only so much is covered.)

mod account;
mod counted;
mod hold;
mod keeper;
mod refused;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use surefoot_types::{
    Clock, Money, Timestamp,
    budget::{AccountId, Charge, Lives, Per, Window},
    ports::Ledger,
};
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

use self::account::{Account, Verdict};
pub(crate) use self::{
    counted::Counted,
    hold::{Hold, Used},
    refused::{Refused, Why},
};
use crate::{
    call::{Quota, Standing},
    events,
};

/// By this part of their life sooner than the store a process takes its leases for ended.
const MARGIN: u32 = 60;
/// A store that has not answered for so long counts as away.
const SLOW: Duration = Duration::from_secs(1);
/// How long a request waits for a budget that others hold and may not need.
const PATIENCE: Duration = Duration::from_secs(3);

/// What an account counts, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Money, with a limit that is never exceeded.
    Hard,
    /// Money, with a limit that is only warned of.
    Warn,
    /// Requests in a minute.
    Requests,
    /// Tokens in a minute.
    Tokens,
    /// Requests at once.
    AtOnce,
}

impl Kind {
    /// The name in metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hard | Self::Warn => "budget",
            Self::Requests => "requests",
            Self::Tokens => "tokens",
            Self::AtOnce => "concurrent",
        }
    }

    /// Whether what is used is put in the books.
    fn charged(self) -> bool {
        matches!(self, Self::Hard | Self::Warn)
    }
}

/// What a request wants of an account.
#[derive(Debug, Clone)]
pub(crate) struct Want<'a> {
    pub(crate) account: AccountId,
    pub(crate) kind: Kind,
    /// The budget's or limit's name in the settings, or the key's.
    pub(crate) name: &'a str,
    pub(crate) per: &'a Per,
    pub(crate) limit: i64,
    pub(crate) amount: i64,
    pub(crate) window: Window,
    /// Percent of the limit to warn at.
    pub(crate) warn_at: &'a [u8],
}

/// The accounts that this process uses. Clones share them.
#[derive(Clone)]
pub(crate) struct Accounts {
    inner: Arc<Inner>,
}

struct Inner {
    book: Mutex<Book>,
    ledger: Arc<dyn Ledger>,
    holder: String,
    clock: Arc<dyn Clock>,
    lives: Lives,
    /// The keeper has something to do.
    wake: Arc<Notify>,
    /// Something may fit that did not before.
    changed: Notify,
}

struct Book {
    accounts: HashMap<AccountId, Account>,
    /// Accounts that the keeper is to look at before its next round over all.
    queue: HashSet<AccountId>,
    /// How long leases live, and until when what is leased may be spent from: of limits, and of money.
    lives: Lives,
    alive: Alive,
    /// Whether the store answered the last time.
    answered: bool,
    /// Since when it is being asked.
    asked: Option<Instant>,
}

impl Accounts {
    /// Accounts over a ledger, with nothing leased. One process has one of them for each seat.
    pub(crate) fn open(ledger: Arc<dyn Ledger>, holder: String, clock: Arc<dyn Clock>, lives: Lives) -> Self {
        let book = Book {
            accounts: HashMap::new(),
            queue: HashSet::new(),
            // Nothing is leased yet: the first ask begins with a clean sheet.
            alive: Alive { limits: Instant::now(), money: Instant::now() },
            lives,
            answered: true,
            asked: None,
        };
        let (wake, changed) = (Arc::default(), Notify::new());
        let inner = Arc::new(Inner { book: Mutex::new(book), ledger, holder, clock, lives, wake, changed });
        tokio::spawn(keeper::keep(Arc::downgrade(&inner)));
        Self { inner }
    }

    /// Holds all of `wants`, or nothing. `lasts` is how long the request may take at most. Nothing but memory
    /// is asked while the leases suffice.
    pub(crate) async fn take(&self, hold: &mut Hold, wants: &[Want<'_>], lasts: Duration) -> Result<(), Refused> {
        let deadline = Instant::now() + PATIENCE;
        let mut waiting = Waiting { inner: &self.inner, wants: Vec::new() };
        loop {
            let changed = self.inner.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            match self.inner.try_take(hold, wants, lasts) {
                Tried::Taken => return Ok(()),
                Tried::Refused(refused) => return Err(refused),
                Tried::Wait(_) => {}
            }
            waiting.begin(wants);
            self.inner.wake.notify_one();
            if timeout_at(deadline, changed).await.is_err() {
                // By now it may be clear that the store does not answer.
                return match self.inner.try_take(hold, wants, lasts) {
                    Tried::Taken => Ok(()),
                    Tried::Refused(refused) | Tried::Wait(refused) => Err(refused),
                };
            }
        }
    }

    /// What was charged for a request is in the books, or could not be stored.
    pub(crate) fn recorded(&self, charges: &[Charge], stored: bool) {
        let mut book = self.inner.lock();
        for charge in charges {
            if let Some(account) = book.accounts.get_mut(&charge.account) {
                account.recorded(charge.amount, stored);
            }
        }
    }

    /// Gives back all leases, and forgets them.
    pub(crate) async fn close(&self) {
        self.inner.lock().accounts.clear();
        if let Err(error) = self.inner.ledger.lease_release(&self.inner.holder).await {
            events::ledger_unreachable(&error);
        }
    }
}

impl Drop for Inner {
    /// The keeper sees that it is not needed any more.
    fn drop(&mut self) {
        self.wake.notify_one();
    }
}

enum Tried {
    Taken,
    Refused(Refused),
    Wait(Refused),
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn try_take(self: &Arc<Self>, hold: &mut Hold, wants: &[Want<'_>], lasts: Duration) -> Tried {
        let now = Instant::now();
        let mut book = self.lock();
        let alive = book.alive;
        let reachable = book.is_reachable(now);
        let mut waits = None;
        for want in wants {
            let account = book.account(want, now);
            let why = match account.judge(want.amount, alive.covers(want.kind, lasts, self.lives, now), now) {
                Verdict::Fits => continue,
                Verdict::Wait if reachable => {
                    waits = waits.or_else(|| Some(Refused::of(want, account, Why::Held)));
                    continue;
                }
                // A limit that cannot be shared is kept by each process on its own; money is not spent unseen.
                Verdict::Wait if want.kind == Kind::Hard => Why::Unreachable,
                Verdict::Wait if account.fits_alone(want.amount) => continue,
                Verdict::Wait | Verdict::Full => Why::Held,
                Verdict::Spent => Why::Spent,
                Verdict::TooLarge => Why::TooLarge,
            };
            let refused = Refused::of(want, account, why);
            if !reachable {
                book.queue.insert(want.account.clone());
                self.wake.notify_one();
            }
            hold.stands(book.standing(wants));
            return Tried::Refused(refused);
        }
        if let Some(refused) = waits {
            return Tried::Wait(refused);
        }
        for want in wants {
            book.account(want, now).hold(want.amount, now);
            hold.add(self, want);
        }
        hold.stands(book.standing(wants));
        Tried::Taken
    }
}

impl Book {
    fn is_reachable(&self, now: Instant) -> bool {
        self.answered && self.asked.is_none_or(|since| now < since + SLOW)
    }

    fn account(&mut self, want: &Want<'_>, now: Instant) -> &mut Account {
        // Looked for first, so that the id is copied only for an account that is new.
        if !self.accounts.contains_key(&want.account) {
            let account = Account::new(want, self.lives.of(&want.account), now);
            self.accounts.insert(want.account.clone(), account);
        }
        let account = self.accounts.get_mut(&want.account).expect("the account was just put there");
        account.follow(want);
        account
    }

    /// How a caller stands with the limits a minute and the hard budgets among `wants`, the tightest of each kind.
    fn standing(&self, wants: &[Want<'_>]) -> Standing {
        let tightest = |kind: Kind| {
            let quotas = wants.iter().filter(|want| want.kind == kind).filter_map(|want| {
                let account = self.accounts.get(&want.account)?;
                let units = |units: i64| u64::try_from(units).unwrap_or(0);
                let (limit, remaining) = (units(want.limit), units(account.remaining()));
                Some(Quota { limit, remaining, reset: want.window.end.unwrap_or(Timestamp::MAX) })
            });
            quotas.min_by_key(|quota| quota.remaining)
        };
        let hard = wants.iter().filter(|want| want.kind == Kind::Hard);
        let left = hard.filter_map(|want| Some(self.accounts.get(&want.account)?.remaining()));
        let budget = left.min().map(Money::nanos);
        Standing { requests: tightest(Kind::Requests), tokens: tightest(Kind::Tokens), budget }
    }
}

/// Until when what is leased may be spent from.
#[derive(Debug, Clone, Copy)]
struct Alive {
    limits: Instant,
    money: Instant,
}

impl Alive {
    /// What was leased or renewed by a call that was sent then.
    fn since(sent: Instant, lives: Lives) -> Self {
        let until = |lives: Duration| sent + (lives - lives / MARGIN);
        Self { limits: until(lives.limits), money: until(lives.money) }
    }

    /// Whether a request that lasts so long is done before the leases of its kind may end. Of one that may last
    /// longer than half of their life only so much is covered.
    fn covers(self, kind: Kind, lasts: Duration, lives: Lives, now: Instant) -> bool {
        let (until, lives) = if kind.charged() { (self.money, lives.money) } else { (self.limits, lives.limits) };
        now + lasts.min(lives / 2) < until
    }
}

/// A request that waits, so long as this lives.
struct Waiting<'a> {
    inner: &'a Inner,
    wants: Vec<(AccountId, i64)>,
}

impl Waiting<'_> {
    fn begin(&mut self, wants: &[Want<'_>]) {
        if self.wants.is_empty() {
            self.wants = wants.iter().map(|want| (want.account.clone(), want.amount)).collect();
            self.count(1);
        }
    }

    fn count(&self, sign: i64) {
        let mut book = self.inner.lock();
        for (id, amount) in &self.wants {
            if let Some(account) = book.accounts.get_mut(id) {
                account.waiting += sign * amount;
            }
            if sign > 0 {
                book.queue.insert(id.clone());
            }
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.count(-1);
    }
}

#[cfg(test)]
mod tests;
