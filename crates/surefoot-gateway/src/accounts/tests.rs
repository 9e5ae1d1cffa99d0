//! Accounts over a store, many requests at once, processes that come and go.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use async_trait::async_trait;
use surefoot_testkit::MemoryStore;
use surefoot_types::{
    Money, Retry,
    budget::{AccountState, Every, Lease, LeaseAsk, Lives},
    ids::TraceId,
    key::Key,
    ports::{Journal, Record, StoreError, Stored},
    replica::Replica,
    trace::Trace,
};

use super::*;

/// How long leases of budgets live.
const LIVES: Duration = Duration::from_secs(30 * 60);
const NOON: &str = "2026-01-01T12:00:00Z";

/// Tells the paused time of the tests, for the store and the accounts alike.
struct TestClock(Instant);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        NOON.parse::<Timestamp>().unwrap() + self.0.elapsed()
    }
}

/// A store that can be away, or never answer.
struct Away {
    store: MemoryStore,
    away: AtomicBool,
    hangs: AtomicBool,
}

#[async_trait]
impl Ledger for Away {
    async fn lease_change(&self, holder: &str, asks: &[LeaseAsk], lives: Lives) -> Stored<Vec<Lease>> {
        self.here()?;
        self.store.lease_change(holder, asks, lives).await
    }
    async fn lease_wanted(&self, holder: &str) -> Stored<Vec<AccountId>> {
        self.here()?;
        self.store.lease_wanted(holder).await
    }
    async fn lease_release(&self, holder: &str) -> Stored<()> {
        if self.hangs.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        self.here()?;
        self.store.lease_release(holder).await
    }
    async fn account_list(&self, start: &str) -> Stored<Vec<AccountState>> {
        self.store.account_list(start).await
    }
    async fn key_add(&self, key: &Key) -> Stored<()> {
        self.store.key_add(key).await
    }
    async fn key_put(&self, was: &Key, key: &Key) -> Stored<bool> {
        self.store.key_put(was, key).await
    }
    async fn key_list(&self) -> Stored<Vec<Key>> {
        self.store.key_list().await
    }
    async fn key_remove(&self, name: &str) -> Stored<bool> {
        self.store.key_remove(name).await
    }
    async fn key_version(&self) -> Stored<u64> {
        self.store.key_version().await
    }
    async fn account_prune(&self, before: Timestamp) -> Stored<u64> {
        self.store.account_prune(before).await
    }
    async fn replica_beat(&self, replica: &Replica, lives: Duration) -> Stored<Vec<Replica>> {
        self.store.replica_beat(replica, lives).await
    }
}

impl Away {
    fn here(&self) -> Stored<()> {
        if self.away.load(Ordering::Relaxed) { Err(StoreError::Unavailable("away".into())) } else { Ok(()) }
    }
}

/// A world of one store and the processes over it.
struct World {
    clock: Arc<TestClock>,
    ledger: Arc<Away>,
    requests: AtomicI64,
}

impl World {
    fn new() -> Arc<Self> {
        let clock = Arc::new(TestClock(Instant::now()));
        let store = MemoryStore::by(Arc::clone(&clock) as Arc<dyn Clock>);
        let ledger = Arc::new(Away { store, away: AtomicBool::new(false), hangs: AtomicBool::new(false) });
        Arc::new(Self { clock, ledger, requests: AtomicI64::new(0) })
    }

    fn process(&self, holder: &str) -> Accounts {
        let ledger = Arc::clone(&self.ledger) as Arc<dyn Ledger>;
        Accounts::open(ledger, holder.into(), Arc::clone(&self.clock) as Arc<dyn Clock>, Lives::all(LIVES))
    }

    fn want(&self, kind: Kind, limit: i64, amount: i64) -> Want<'static> {
        let window = Every::Day.window(self.clock.now());
        let account = AccountId::new("budget:b", &Per::All, "", window.start);
        Want { account, kind, name: "b", per: &Per::All, limit, amount, window, warn_at: &[] }
    }

    /// A request that may cost `most` and costs `cost`, which takes a while. What it cost; `None` if it was refused.
    async fn request(&self, accounts: &Accounts, limit: i64, most: i64, cost: i64) -> Option<i64> {
        let mut hold = Hold::default();
        let lasts = Duration::from_secs(600);
        accounts.take(&mut hold, &[self.want(Kind::Hard, limit, most)], lasts).await.ok()?;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let charges = hold.settle(Used { cost: Money::nanos(cost), tokens: 0 });
        accounts.recorded(&charges, self.store(charges.clone()).await);
        Some(cost)
    }

    async fn store(&self, charges: Vec<Charge>) -> bool {
        let id = self.requests.fetch_add(1, Ordering::Relaxed);
        let trace = Trace::begun(TraceId::from_bits(id.unsigned_abs().into()), self.clock.now(), "test", "m");
        let record = Record { trace: Arc::new(trace), kept: false, charges };
        self.ledger.store.record_add(record).await.is_ok()
    }

    /// What was charged, and what is leased.
    async fn state(&self) -> (i64, i64) {
        let states = self.ledger.account_list("budget:b").await.unwrap();
        states.first().map_or((0, 0), |state| (state.spent, state.leased))
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_at_once_on_a_budget_for_ten() {
    for processes in [1, 3] {
        let world = World::new();
        let processes: Vec<Accounts> = (0..processes).map(|n| world.process(&format!("p-{n}"))).collect();
        let requests = (0..1_000).map(|n| {
            let (world, accounts) = (Arc::clone(&world), processes[n % processes.len()].clone());
            tokio::spawn(async move { world.request(&accounts, 1_000, 100, 100).await })
        });
        let mut answered = 0;
        for request in requests.collect::<Vec<_>>() {
            answered += i64::from(request.await.unwrap().is_some());
        }
        assert_eq!(answered, 10);
        assert_eq!(world.state().await, (1_000, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_only_held_is_waited_for() {
    let world = World::new();
    let accounts = world.process("p-0");
    // Each may cost half of the budget and costs a hundredth: nearly all fit, one or two at a time.
    let requests = (0..51).map(|_| {
        let (world, accounts) = (Arc::clone(&world), accounts.clone());
        tokio::spawn(async move { world.request(&accounts, 1_000, 500, 10).await })
    });
    let mut answered = 0;
    for request in requests.collect::<Vec<_>>() {
        answered += i64::from(request.await.unwrap().is_some());
    }
    assert_eq!(answered, 51);
}

#[tokio::test(start_paused = true)]
async fn several_processes_that_crash_and_come_back_share_a_budget() {
    const LIMIT: i64 = 100_000;
    let world = World::new();
    let mut spent = 0;
    let mut processes: Vec<Accounts> = (0..3).map(|n| world.process(&format!("p-{n}"))).collect();
    for round in 0..12 {
        let mut requests = tokio::task::JoinSet::new();
        for n in 0..60usize {
            let (world, accounts) = (Arc::clone(&world), processes[n % 3].clone());
            let most = 100 + (n as i64 * 37 + round * 11) % 300;
            requests.spawn(async move { world.request(&accounts, LIMIT, most, most * 2 / 3).await });
        }
        while let Some(cost) = requests.join_next().await {
            spent += cost.unwrap().unwrap_or(0);
        }
        // One crashes with requests under way, which are never settled, and comes back to its seat.
        let crashed = usize::try_from(round).unwrap() % 3;
        let mut lost = Hold::default();
        let wants = [world.want(Kind::Hard, LIMIT, 500)];
        let _ = processes[crashed].take(&mut lost, &wants, Duration::ZERO).await;
        processes[crashed].inner.lock().accounts.clear();
        drop(lost);
        let holder = format!("p-{crashed}");
        world.ledger.lease_release(&holder).await.unwrap();
        processes[crashed] = world.process(&holder);
        let (charged, leased) = world.state().await;
        assert_eq!(charged, spent, "everything that was answered is in the books, once");
        assert!(charged + leased <= LIMIT, "{charged} + {leased}");
    }
    // The rest is there for whoever comes.
    for n in 0.. {
        let Some(cost) = world.request(&processes[n % 3], LIMIT, 300, 300).await else { break };
        spent += cost;
    }
    assert_eq!(world.state().await.0, spent);
    assert!((LIMIT * 95 / 100..=LIMIT).contains(&spent), "{spent}");
}

#[tokio::test(start_paused = true)]
async fn idle_processes_give_back() {
    let world = World::new();
    let accounts = world.process("p-0");
    for _ in 0..50 {
        world.request(&accounts, 100_000, 100, 100).await;
    }
    assert!(world.state().await.1 > 0, "something lies ready");
    tokio::time::sleep(Duration::from_secs(90)).await;
    assert_eq!(world.state().await, (5_000, 0));
    assert!(accounts.inner.lock().accounts.is_empty(), "and is forgotten");
    assert_eq!(world.request(&accounts, 100_000, 95_000, 1).await, Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_stops_no_one_while_the_lease_lives() {
    let world = World::new();
    let accounts = world.process("p-0");
    for _ in 0..50 {
        world.request(&accounts, 1_000_000, 100, 100).await;
    }
    world.ledger.away.store(true, Ordering::Relaxed);
    assert_eq!(world.request(&accounts, 1_000_000, 100, 100).await, Some(100));
    // So near the end of the lease a request might outlive it.
    tokio::time::sleep(LIVES - Duration::from_secs(500)).await;
    assert_eq!(world.request(&accounts, 1_000_000, 100, 100).await, None);
    world.ledger.away.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(world.request(&accounts, 1_000_000, 100, 100).await, Some(100));
}

#[tokio::test(start_paused = true)]
async fn without_the_store_limits_are_each_processes_own_and_money_is_not_spent() {
    for hangs in [false, true] {
        let world = World::new();
        (if hangs { &world.ledger.hangs } else { &world.ledger.away }).store(true, Ordering::Relaxed);
        let accounts = world.process("p-0");
        let mut admitted = 0;
        for _ in 0..10 {
            let mut hold = Hold::default();
            let taken = accounts.take(&mut hold, &[world.want(Kind::Requests, 7, 1)], Duration::ZERO).await;
            admitted += i32::from(taken.is_ok());
            hold.settle(Used::default());
        }
        assert_eq!(admitted, 7, "{hangs}");
        let money = Want { account: AccountId::from_text("budget:c"), ..world.want(Kind::Hard, 1_000, 1) };
        let refused = accounts.take(&mut Hold::default(), &[money], Duration::ZERO).await.unwrap_err();
        assert_eq!(refused.why, Why::Unreachable, "{hangs}");
        assert_eq!(refused.fault(world.clock.now()).code, surefoot_types::Code::Unavailable);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_ran_out_is_not_taken_for_ours() {
    let world = World::new();
    let accounts = world.process("p-0");
    for _ in 0..50 {
        world.request(&accounts, 100_000, 100, 100).await;
    }
    // One request is under way all the time, so that the account is not just idle.
    let mut hold = Hold::default();
    accounts.take(&mut hold, &[world.want(Kind::Hard, 100_000, 1)], Duration::ZERO).await.unwrap();
    world.ledger.away.store(true, Ordering::Relaxed);
    tokio::time::sleep(LIVES * 2).await;
    world.ledger.away.store(false, Ordering::Relaxed);
    let other = world.process("p-1");
    assert_eq!(world.request(&other, 100_000, 95_000, 95_000).await, Some(95_000));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(world.request(&accounts, 100_000, 100, 100).await, None);
    assert_eq!(world.state().await, (100_000, 0));
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_recorded_counts_even_so() {
    let world = World::new();
    let accounts = world.process("p-0");
    let mut hold = Hold::default();
    accounts.take(&mut hold, &[world.want(Kind::Hard, 1_000, 600)], Duration::ZERO).await.unwrap();
    let charges = hold.settle(Used { cost: Money::nanos(600), tokens: 0 });
    assert_eq!(hold.settle(Used { cost: Money::nanos(600), tokens: 0 }), [], "settled once");
    accounts.recorded(&charges, false);
    assert_eq!(world.request(&accounts, 1_000, 500, 500).await, None);
    let other = world.process("p-1");
    assert_eq!(world.request(&other, 1_000, 500, 500).await, None);
    assert_eq!(world.request(&accounts, 1_000, 400, 400).await, Some(400));
}

#[tokio::test(start_paused = true)]
async fn a_limit_says_when_to_come_back() {
    let world = World::new();
    let (one, two) = (world.process("p-0"), world.process("p-1"));
    let now = world.clock.now();
    let window = Window { start: now, end: Some(now + Duration::from_secs(40)) };
    let want = |amount| Want { window, ..world.want(Kind::Requests, 10, amount) };
    let mut admitted = 0;
    let mut refused = None;
    for n in 0..30 {
        let (mut hold, accounts) = (Hold::default(), if n % 2 == 0 { &one } else { &two });
        match accounts.take(&mut hold, &[want(1)], Duration::ZERO).await {
            Ok(()) => {
                admitted += 1;
                hold.settle(Used::default());
            }
            Err(why) => refused = Some((why.fault(world.clock.now()), hold.standing())),
        }
    }
    assert_eq!(admitted, 10, "two processes, one limit");
    let (fault, standing) = refused.unwrap();
    assert_eq!(fault.retry, Retry::Later(Some(Duration::try_from(window.end.unwrap() - world.clock.now()).unwrap())));
    let quota = standing.requests.unwrap();
    assert_eq!((quota.limit, quota.remaining, Some(quota.reset)), (10, 0, window.end));
    let mut hold = Hold::default();
    let never = one.take(&mut hold, &[want(11)], Duration::ZERO).await.unwrap_err();
    assert_eq!((never.why, never.fault(now).retry), (Why::TooLarge, Retry::Never));
}

#[tokio::test(start_paused = true)]
async fn at_once_is_counted_to_the_end_and_tokens_as_they_were() {
    let world = World::new();
    let accounts = world.process("p-0");
    let take = async |kind, limit, amount| {
        let mut hold = Hold::default();
        let taken = accounts.take(&mut hold, &[world.want(kind, limit, amount)], Duration::ZERO).await;
        taken.map(|()| hold).map_err(|refused| refused.why)
    };
    let (first, second) = (take(Kind::AtOnce, 2, 1).await.unwrap(), take(Kind::AtOnce, 2, 1).await.unwrap());
    assert_eq!(take(Kind::AtOnce, 2, 1).await.unwrap_err(), Why::Held);
    drop(first);
    let mut third = take(Kind::AtOnce, 2, 1).await.unwrap();
    third.settle(Used::default());
    assert!(take(Kind::AtOnce, 2, 1).await.is_ok());
    drop(second);
    // An estimate of 60 that turned out as 10 leaves room for another; one that turned out as 95 leaves none.
    let tokens = |tokens| Used { cost: Money::ZERO, tokens };
    let world = World::new();
    let accounts = world.process("p-0");
    let mut hold = Hold::default();
    accounts.take(&mut hold, &[world.want(Kind::Tokens, 100, 60)], Duration::ZERO).await.unwrap();
    hold.settle(tokens(10));
    accounts.take(&mut hold, &[world.want(Kind::Tokens, 100, 60)], Duration::ZERO).await.unwrap();
    hold.settle(tokens(95));
    let refused = accounts.take(&mut hold, &[world.want(Kind::Tokens, 100, 1)], Duration::ZERO).await;
    assert_eq!(refused.unwrap_err().why, Why::Spent);
}

#[tokio::test(start_paused = true)]
async fn a_long_request_is_charged_to_a_budget_that_only_warns() {
    let world = World::new();
    let accounts = world.process("p-0");
    let mut hold = Hold::default();
    accounts.take(&mut hold, &[world.want(Kind::Warn, 10, 50)], Duration::ZERO).await.unwrap();
    tokio::time::sleep(Duration::from_secs(300)).await;
    let charges = hold.settle(Used { cost: Money::nanos(40), tokens: 0 });
    accounts.recorded(&charges, world.store(charges.clone()).await);
    assert_eq!(world.state().await, (40, 0));
}

#[tokio::test(start_paused = true)]
async fn all_or_nothing() {
    let world = World::new();
    let accounts = world.process("p-0");
    let other = |limit, amount| Want {
        account: AccountId::new("budget:other", &Per::All, "", Timestamp::UNIX_EPOCH),
        ..world.want(Kind::Hard, limit, amount)
    };
    let mut hold = Hold::default();
    let wants = [world.want(Kind::Hard, 1_000, 1_000), other(10, 1_000)];
    assert!(accounts.take(&mut hold, &wants, Duration::ZERO).await.is_err());
    assert_eq!(world.request(&accounts, 1_000, 1_000, 1).await, Some(1), "nothing of it is held");
}

/// A measurement, run by hand: `cargo test --release -p surefoot-gateway --lib accounts::tests::how_fast -- --ignored
/// --nocapture`. One thread, one budget and two limits, leases that suffice.
#[tokio::test]
#[ignore = "a measurement"]
async fn how_fast() {
    const TIMES: u32 = 200_000;
    let world = World::new();
    let accounts = world.process("p-0");
    let wants = || {
        let window = Every::Day.window(world.clock.now());
        let of = |kind: Kind, what| {
            let account = AccountId::new(what, &Per::Key, "app", window.start);
            Want { account, kind, name: "b", per: &Per::Key, limit: i64::MAX / 2, amount: 1_000, window, warn_at: &[] }
        };
        [of(Kind::Hard, "budget:b"), of(Kind::Requests, "requests:b"), of(Kind::Tokens, "tokens:b")]
    };
    let mut took = Vec::new();
    let mut round = async |times: u32| {
        for _ in 0..times {
            let started = std::time::Instant::now();
            let mut hold = Hold::default();
            accounts.take(&mut hold, &wants(), Duration::from_secs(600)).await.unwrap();
            let charges = hold.settle(Used { cost: Money::nanos(10), tokens: 10 });
            accounts.recorded(&charges, true);
            took.push(started.elapsed());
        }
    };
    round(1_000).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let started = std::time::Instant::now();
    round(TIMES).await;
    let whole = started.elapsed();
    took.sort_unstable();
    let at = |share: f64| took[(took.len() as f64 * share) as usize];
    println!("{:.0} a second, p50 {:?}, p99 {:?}", f64::from(TIMES) / whole.as_secs_f64(), at(0.5), at(0.99));
}

/// Requests of two processes that wait at a budget's end, each of which holds a part of what is left.
#[tokio::test(start_paused = true)]
async fn of_those_who_wait_at_a_budgets_end_one_is_served() {
    for (most, served) in [([60, 60], 1), ([60, 40], 2), ([100, 60], 1), ([101, 60], 1)] {
        let world = World::new();
        let processes = [world.process("p-0"), world.process("p-1")];
        // Each has stocked up half of the last hundred.
        let mut holds = Vec::new();
        for accounts in &processes {
            let mut hold = Hold::default();
            accounts.take(&mut hold, &[world.want(Kind::Hard, 100, 50)], Duration::ZERO).await.unwrap();
            holds.push(hold);
        }
        drop(holds);
        let requests = most.into_iter().zip(&processes).map(|(most, accounts)| {
            let (world, accounts) = (Arc::clone(&world), accounts.clone());
            tokio::spawn(async move { world.request(&accounts, 100, most, most).await })
        });
        let mut answered = 0;
        for request in requests.collect::<Vec<_>>() {
            answered += i32::from(request.await.unwrap().is_some());
        }
        assert_eq!(answered, served, "{most:?}");
        assert!(world.state().await.0 <= 100);
    }
}

#[tokio::test(start_paused = true)]
async fn what_lies_ready_goes_to_others_who_wait() {
    let world = World::new();
    let (rich, poor) = (world.process("p-0"), world.process("p-1"));
    for _ in 0..200 {
        world.request(&rich, 100_000, 100, 100).await;
    }
    assert!(world.state().await.1 > 10_000, "something lies ready: {:?}", world.state().await);
    assert_eq!(world.request(&poor, 100_000, 80_000, 80_000).await, Some(80_000), "all that is left");
}

#[tokio::test(start_paused = true)]
async fn through_an_outage_as_long_as_leases_live_what_was_leased_is_spent_and_no_more() {
    const LIMIT: i64 = 1_000_000;
    let world = World::new();
    let short = Lives { limits: Duration::from_secs(60), money: Duration::from_secs(3_600) };
    let process = |holder: &str| {
        let (ledger, clock) =
            (Arc::clone(&world.ledger) as Arc<dyn Ledger>, Arc::clone(&world.clock) as Arc<dyn Clock>);
        Accounts::open(ledger, holder.into(), clock, short)
    };
    let (one, other) = (process("p-0"), process("p-1"));
    // Five minutes of ten requests a second, so that the pace is known.
    let work = async |accounts: &Accounts, seconds: u64| {
        let (mut done, mut refused) = (0, 0);
        for _ in 0..seconds {
            match world.request(accounts, LIMIT, 100, 20).await {
                Some(cost) => done += cost,
                None => refused += 1,
            }
            tokio::time::sleep(Duration::from_millis(980)).await;
        }
        (done, refused)
    };
    let mut spent = work(&one, 300).await.0 + work(&other, 10).await.0;
    world.ledger.away.store(true, Ordering::Relaxed);
    // One that may last ten minutes has to begin ten minutes before the end.
    let (more, refused) = work(&one, 48 * 60).await;
    assert_eq!(refused, 0, "48 minutes without the store");
    spent += more;
    let limited = async |accounts: &Accounts| {
        let mut hold = Hold::default();
        let taken = accounts.take(&mut hold, &[world.want(Kind::Requests, 7, 1)], Duration::ZERO).await.is_ok();
        hold.settle(Used::default());
        taken
    };
    assert!(limited(&one).await, "limits are kept alone meanwhile");
    let (more, refused) = work(&one, 20 * 60).await;
    assert!(refused > 500, "past the hour nothing is spent unseen: {refused}");
    spent += more;
    world.ledger.away.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(5)).await;
    let (more, refused) = work(&one, 60).await;
    assert_eq!(refused, 0, "and when it is back all goes on");
    spent += more;
    let (charged, leased) = world.state().await;
    assert_eq!(charged, spent);
    assert!(charged + leased <= LIMIT);
}
