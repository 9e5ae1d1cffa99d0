//! One account, as this process knows it: pure arithmetic, so that every order of events can be tried.
//!
//! The store's lease is `lease + gone` at any moment: a unit that was used stands in `gone` until the store
//! has taken it off the lease too (a charge that was stored), or until the window ends (a limit's units,
//! which are never charged).

use std::time::Duration;

use surefoot_types::{
    Timestamp,
    budget::{Lease, LeaseChange, Turn, Window},
};
use tokio::time::Instant;

use super::{Kind, Want};

/// For how long of its present pace an account is leased ahead.
const AHEAD: f64 = 4.0;
/// Over so many seconds what was spent is levelled out, for what is leased ahead of a time without the store.
const LEVEL: f64 = 60.0;
/// So much more than it needs for that time: it asks again when four fifths are left, which are then enough.
const SPARE: f64 = 1.25;
/// Once the store had nothing more to give, it is not asked again sooner than this.
pub(super) const DRY: Duration = Duration::from_millis(100);
/// An account that nobody used for so long gives back what it holds.
const IDLE: Duration = Duration::from_secs(30);
/// Percent.
const AT_LIMIT: u8 = 100;
/// A budget that only warns asks so often what everybody spent.
const ASK_SPENT: Duration = Duration::from_secs(10);

/// What a process knows of one account.
#[derive(Debug, Clone)]
pub(super) struct Account {
    /// How long its leases live without the store.
    lives: Duration,
    pub(super) kind: Kind,
    /// The budget's or limit's name.
    pub(super) name: String,
    /// By whom it is counted.
    pub(super) per: String,
    pub(super) limit: i64,
    pub(super) window: Window,
    warn_at: Vec<u8>,
    /// Leased and not used.
    lease: i64,
    /// Used, and still in the store's lease.
    gone: i64,
    /// The part of `gone` whose charges are on their way to the store.
    uncommitted: i64,
    /// The part of `lease` that requests under way hold.
    held: i64,
    /// What the store last said.
    told: Option<Told>,
    /// Used since the store said it.
    since: i64,
    /// What requests wait for.
    pub(super) waiting: i64,
    /// Taken since the last tick.
    taken: i64,
    /// Units taken a second, lately.
    pace: f64,
    /// Used since the last tick, and a second over the last minutes.
    used_now: i64,
    spends: f64,
    /// The largest of the last takes.
    largest: i64,
    /// A reply of the store was lost: its lease may be larger than `lease + gone`.
    doubtful: bool,
    /// The store is being asked to set the lease: nothing may be taken until it answers.
    healing: bool,
    /// The lease may have run out: nothing may be taken until the store has set it.
    lapsed: bool,
    /// Whether others wait for it.
    turn: Turn,
    /// It just left the line to those behind it.
    yielded: bool,
    /// When the store last gave less than it was asked for.
    dry: Option<Instant>,
    used: Instant,
    /// The highest percentage that a warning was raised for.
    warned: u8,
}

#[derive(Debug, Clone, Copy)]
struct Told {
    spent: i64,
    others: i64,
    at: Instant,
}

/// Whether a want fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It does.
    Fits,
    /// It may, once the store was asked or others are done.
    Wait,
    /// It would, if others were done: nobody may have more now.
    Full,
    /// It does not, since so much is used.
    Spent,
    /// It never does.
    TooLarge,
}

/// A warning to raise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Warning {
    pub(super) percent: u8,
    pub(super) spent: i64,
}

impl Account {
    /// An account whose leases live for so long without the store.
    pub(super) fn new(want: &Want<'_>, lives: Duration, now: Instant) -> Self {
        Self {
            lives,
            kind: want.kind,
            name: want.name.to_owned(),
            per: want.per.to_string(),
            limit: want.limit,
            window: want.window,
            warn_at: want.warn_at.to_vec(),
            lease: 0,
            gone: 0,
            uncommitted: 0,
            held: 0,
            told: None,
            since: 0,
            waiting: 0,
            taken: 0,
            pace: 0.0,
            used_now: 0,
            spends: 0.0,
            largest: 0,
            doubtful: false,
            healing: false,
            lapsed: false,
            turn: Turn::Free,
            yielded: false,
            dry: None,
            used: now,
            warned: 0,
        }
    }

    /// Whether money is leased that nobody uses.
    pub(super) fn holds(&self) -> bool {
        self.kind == Kind::Hard && self.free() > 0
    }

    /// What is leased, and neither used nor held.
    fn free(&self) -> i64 {
        self.lease - self.held
    }

    /// What is used of the limit, by everybody, so far as is known for certain.
    pub(super) fn spent(&self) -> i64 {
        let told = self.told.map_or(0, |told| told.spent);
        if self.kind.charged() { told + self.since } else { self.gone }
    }

    /// What requests under way hold, here and elsewhere.
    pub(super) fn held(&self) -> i64 {
        self.held + self.told.map_or(0, |told| told.others)
    }

    /// What may still be taken of the limit, so far as is known.
    pub(super) fn remaining(&self) -> i64 {
        (self.limit - self.spent() - self.held()).max(0)
    }

    /// Whether `amount` may be taken. `alive` says that the lease may be spent from.
    pub(super) fn judge(&self, amount: i64, alive: bool, now: Instant) -> Verdict {
        if self.kind == Kind::Warn {
            return Verdict::Fits;
        }
        if amount > self.limit {
            return Verdict::TooLarge;
        }
        if alive && !self.healing && !self.lapsed && self.free() >= amount {
            return Verdict::Fits;
        }
        if self.spent().saturating_add(amount) > self.limit {
            return Verdict::Spent;
        }
        // A limit's units come back when the window ends or a request does: nobody waits for that.
        if self.is_dry(now) && self.kind != Kind::Hard { Verdict::Full } else { Verdict::Wait }
    }

    /// Whether a limit that cannot be shared for now would be kept by this process alone.
    pub(super) fn fits_alone(&self, amount: i64) -> bool {
        self.gone + self.held + amount <= self.limit
    }

    fn is_dry(&self, now: Instant) -> bool {
        self.dry.is_some_and(|at| now < at + DRY)
    }

    pub(super) fn hold(&mut self, amount: i64, now: Instant) {
        self.used = now;
        if self.kind == Kind::Warn {
            return;
        }
        self.held += amount;
        self.taken += amount;
        self.largest = self.largest.max(amount);
    }

    /// A request gives back what it held unused.
    pub(super) fn give_back(&mut self, amount: i64) {
        if self.kind != Kind::Warn {
            self.held -= amount;
        }
    }

    /// A request that held `amount` used `cost`, in one step. True if the cost is to be charged.
    pub(super) fn settle(&mut self, amount: i64, cost: i64, now: Instant) -> bool {
        self.give_back(amount);
        self.used = now;
        self.since += cost;
        self.used_now += cost;
        if self.kind == Kind::Warn {
            return cost != 0;
        }
        self.lease -= cost;
        self.gone += cost;
        if self.kind == Kind::Hard {
            self.uncommitted += cost;
        }
        self.kind == Kind::Hard && cost != 0
    }

    /// A charge is in the books, or could not be stored: then it goes on counting here, as if it were.
    pub(super) fn recorded(&mut self, cost: i64, stored: bool) {
        if self.kind == Kind::Hard {
            self.uncommitted -= cost;
            self.gone -= if stored { cost } else { 0 };
        }
    }

    /// The next warning that is due.
    pub(super) fn warning(&mut self) -> Option<Warning> {
        let reached = self.reached(self.spent());
        (reached > self.warned).then(|| {
            self.warned = reached;
            Warning { percent: reached, spent: self.spent() }
        })
    }

    /// The highest percentage to warn at that `spent` has reached.
    fn reached(&self, spent: i64) -> u8 {
        let reached = |percent: &&u8| i128::from(spent) * 100 >= i128::from(self.limit) * i128::from(**percent);
        // One that only warns does so at its limit at the latest.
        let at_limit = (self.kind == Kind::Warn).then_some(&AT_LIMIT);
        self.warn_at.iter().chain(at_limit).filter(reached).max().copied().unwrap_or(0)
    }

    /// Takes over what may have changed in the settings.
    pub(super) fn follow(&mut self, want: &Want<'_>) {
        if self.limit != want.limit {
            self.limit = want.limit;
            self.dry = None;
        }
        if self.warn_at != want.warn_at {
            self.warn_at = want.warn_at.to_vec();
        }
        self.kind = want.kind;
    }

    /// A moment passed: the pace is reckoned anew.
    pub(super) fn tick(&mut self, passed: Duration) {
        let now = self.taken as f64 / passed.as_secs_f64().max(0.001);
        self.pace = f64::midpoint(self.pace, now);
        let spends = self.used_now as f64 / passed.as_secs_f64().max(0.001);
        self.spends += (spends - self.spends) * (passed.as_secs_f64() / LEVEL).min(1.0);
        (self.taken, self.used_now) = (0, 0);
        if self.waiting == 0 {
            // Until the store says so again.
            self.turn = Turn::Free;
        }
        if self.pace < 0.5 {
            self.pace = 0.0;
            self.largest /= 2;
        }
    }

    /// How much is to lie ready: enough for a while at the present pace, of money for as long as its lease lives at
    /// the pace of the last minutes, so that it lasts while the store is away; but no more than a fair part of what
    /// is left, so that others find something too. Alone, a process may have half. Nothing while others wait.
    fn goal(&self) -> i64 {
        let Some(told) = self.told.filter(|_| self.turn == Turn::Free) else { return 0 };
        let left = (self.limit - told.spent - told.others - self.gone - self.held).max(0);
        let part = left / if told.others == 0 { 2 } else { 8 };
        let lasting = if self.kind == Kind::Hard { self.spends * self.lives.as_secs_f64() * SPARE } else { 0.0 };
        let wanted = (self.pace * AHEAD).max(lasting).min(9e18) as i64;
        wanted.max(self.largest.saturating_mul(2)).min(part)
    }

    /// What to ask of the store now, if anything. `over`: the window has ended.
    pub(super) fn ask(&mut self, over: bool, now: Instant) -> Option<LeaseChange> {
        self.yielded = false;
        if self.kind == Kind::Warn {
            return self.ask_spent(now).then_some(LeaseChange::By(0));
        }
        if self.can_be_set() && self.waiting == 0 && (over || self.is_idle(now)) {
            // Everything goes back but what is used in a window that is still open.
            let kept = if over { 0 } else { self.gone };
            return (self.lease != 0 || self.doubtful || kept != self.gone).then(|| self.set_to(kept));
        }
        if self.doubtful && self.can_be_set() {
            return Some(self.set_to(self.lease.max(0) + self.gone));
        }
        self.ask_by(now)
    }

    /// For how many units more requests wait, beside what was just asked. For a limit's they do not stand in line:
    /// they come back when the window ends or a request does.
    pub(super) fn needed(&self) -> i64 {
        if self.yielded || self.kind != Kind::Hard { 0 } else { (self.waiting - self.free()).max(0) }
    }

    /// Whether what is free serves nobody here and is to go to others: it is their turn, or it is all that there is
    /// and none of those who wait fits into it.
    fn yields(&self, now: Instant) -> bool {
        let alone = self.told.is_some_and(|told| told.others == 0);
        match self.turn {
            Turn::Free => false,
            Turn::Mine => alone && self.is_dry(now),
            Turn::Theirs => true,
        }
    }

    fn ask_by(&mut self, now: Instant) -> Option<LeaseChange> {
        let (free, goal) = (self.free(), self.goal());
        if free > 0 && free < self.waiting && self.yields(now) {
            // Whoever is first keeps its place until it finds that it cannot be served.
            self.yielded = self.turn == Turn::Mine;
            self.lease -= free;
            return Some(LeaseChange::By(-free));
        }
        let lacking = self.waiting - free;
        if lacking > 0 || free < goal / 5 * 4 {
            return (!self.is_dry(now)).then_some(LeaseChange::By(lacking.max(0).max(goal - free)));
        }
        let surplus = free - goal - self.waiting;
        (surplus > goal).then(|| {
            // It goes back the moment that the store is told: nobody may take from it any more.
            self.lease -= surplus;
            LeaseChange::By(-surplus)
        })
    }

    /// While the store is asked to set the lease nothing may be taken from it.
    fn set_to(&mut self, size: i64) -> LeaseChange {
        self.healing = true;
        LeaseChange::To(size)
    }

    fn ask_spent(&self, now: Instant) -> bool {
        self.told.is_none_or(|told| self.used > told.at && now > told.at + ASK_SPENT)
    }

    /// Whether nobody needs it: then what it holds is given back.
    fn is_idle(&self, now: Instant) -> bool {
        now >= self.used + IDLE && self.is_quiet()
    }

    /// Whether nothing is held, waited for, or on its way to the store.
    pub(super) fn is_quiet(&self) -> bool {
        self.held == 0 && self.uncommitted == 0 && self.waiting == 0
    }

    /// A lease may be set only while no charge is on its way; what is never charged has none.
    fn can_be_set(&self) -> bool {
        self.kind != Kind::Hard || (self.held == 0 && self.uncommitted == 0)
    }

    /// Whether it may be forgotten. A limit's window that has ended is of no use to anybody; a budget's may still
    /// be charged.
    pub(super) fn is_done(&self, over: bool, now: Instant) -> bool {
        let empty = self.lease == 0 && !self.doubtful && !self.healing;
        match self.kind {
            Kind::Warn => over || self.is_idle(now),
            Kind::Hard => empty && self.is_quiet() && (over || (self.gone == 0 && self.is_idle(now))),
            // Of a window that is over nothing is given back either, where the store is not there to take it.
            _ if over => self.waiting == 0 && (empty && self.gone == 0 || self.lapsed),
            _ => empty && self.gone == 0 && self.waiting == 0 && self.is_idle(now),
        }
    }

    /// What the store answered to an ask.
    pub(super) fn answered(&mut self, change: LeaseChange, lease: &Lease, now: Instant) {
        match change {
            LeaseChange::By(asked) => {
                self.lease += if asked < 0 { lease.amount - asked } else { lease.amount };
                self.dry = (lease.amount < asked).then_some(now);
            }
            LeaseChange::To(size) => {
                if size == 0 {
                    self.gone = 0;
                }
                self.lease = lease.amount - self.gone;
                (self.doubtful, self.healing, self.lapsed) = (false, false, false);
            }
        }
        self.turn = lease.turn;
        if self.told.is_none() {
            // What others have spent before was warned of before.
            self.warned = self.reached(lease.spent - self.since);
        }
        self.told = Some(Told { spent: lease.spent, others: lease.others, at: now });
        self.since = 0;
    }

    /// The store did not answer: it may have done what it was asked for.
    pub(super) fn unanswered(&mut self, change: LeaseChange) {
        self.healing = false;
        self.doubtful |= change != LeaseChange::By(0);
    }

    /// Others wait for it, the store says.
    pub(super) fn pressed(&mut self) {
        if self.turn == Turn::Free {
            self.turn = Turn::Theirs;
        }
    }

    /// The leases of limits may have run out: the store is to set this one before anything is taken from it.
    pub(super) fn lapse(&mut self) {
        if !self.kind.charged() {
            (self.doubtful, self.lapsed) = (true, true);
        }
    }

    /// The store gave up all leases of this process. What was used is asked for anew, with the next ask.
    pub(super) fn released(&mut self) {
        self.lease = -self.gone;
        self.doubtful |= self.uncommitted > 0;
        (self.dry, self.healing, self.lapsed) = (None, false, false);
    }

    pub(super) fn window_is_over(&self, now: Timestamp) -> bool {
        self.window.end.is_some_and(|end| end <= now)
    }
}

#[cfg(test)]
mod tests;
