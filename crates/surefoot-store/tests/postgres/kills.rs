//! Processes that use a store and are killed at any moment. The test program starts itself again as such a process.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use surefoot_store::{Options, PostgresOptions, PostgresStore};
use surefoot_testkit::{
    PostgresServer,
    samples::{charged, moment, trace, trace_id},
    suite::until,
};
use surefoot_types::{
    Chance, SystemChance,
    budget::{AccountId, Charge, LeaseAsk, LeaseChange, Lives, Per},
    ids::TraceId,
    ports::{Journal, Ledger, Record, Store},
};

use crate::{Place, drained};

const JOB: &str = "SUREFOOT_TEST_JOB";
const LIMIT: i64 = 4_000;

/// What the started process does; nothing when the tests are run.
#[tokio::test(flavor = "multi_thread")]
async fn job() {
    let Ok(job) = std::env::var(JOB) else { return };
    let parts: Vec<&str> = job.split('|').collect();
    let [kind, first, seats, url] = parts[..] else { panic!("not a job: {job}") };
    let store = PostgresStore::open(url, &PostgresOptions::new(Options::new(seats))).await.unwrap();
    match kind {
        "write" => write(store, first.parse().unwrap()).await,
        _ => spend(store, first.parse().unwrap()).await,
    }
}

fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "told {line}").and_then(|()| out.flush()).unwrap();
}

/// Records without an end, each told once it is taken.
async fn write(store: PostgresStore, first: u64) {
    let store = Arc::new(store);
    for start in (first..).step_by(8) {
        let adds = (start..start + 8).map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                store.record_add(Record::of(Arc::new(trace(n)))).await.unwrap();
                tell(&n.to_string());
            })
        });
        for add in adds.collect::<Vec<_>>() {
            add.await.unwrap();
        }
    }
}

fn budget() -> AccountId {
    AccountId::new("budget:daily", &Per::All, "", moment(0))
}

/// Spends the budget as the gateway does: from a lease, while it surely lives.
async fn spend(store: PostgresStore, mut next: u64) {
    let lives = Duration::from_secs(2);
    loop {
        let ask = LeaseAsk { account: budget(), limit: LIMIT, change: LeaseChange::By(40), needed: 0 };
        let asked = Instant::now();
        let Ok(leases) = store.lease_change(store.holder(), &[ask], Lives::all(lives)).await else { continue };
        if leases[0].amount == 0 {
            tell("out");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        for _ in 0..leases[0].amount / 4 {
            if asked.elapsed() > lives / 2 {
                break;
            }
            let charge = Charge { account: budget(), amount: 4, holder: store.holder().to_owned() };
            store.record_add(charged(next, vec![charge])).await.unwrap();
            tell(&next.to_string());
            next += 1;
        }
    }
}

struct Process {
    child: Child,
    told: BufReader<ChildStdout>,
}

impl Process {
    fn start(kind: &str, first: u64, place: &Place) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "kills::job", "--nocapture"]);
        command.env(JOB, format!("{kind}|{first}|{}|{}", place.seats().display(), place.url));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let told = BufReader::new(child.stdout.take().unwrap());
        Self { child, told }
    }

    /// The next thing that it tells; absent when it has ended.
    fn next(&mut self) -> Option<String> {
        let mut line = String::new();
        while self.told.read_line(&mut line).unwrap() > 0 {
            if let Some((_, told)) = line.trim_end().rsplit_once("told ") {
                return Some(told.to_owned());
            }
            line.clear();
        }
        None
    }

    /// Kills it, and gives everything that it told before.
    fn kill(mut self, told: &mut BTreeSet<u64>) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        while let Some(line) = self.next() {
            told.extend(line.parse::<u64>());
        }
    }
}

/// A number below `most`, another in every run.
fn any(most: u64) -> u64 {
    u64::try_from(SystemChance.bits() % u128::from(most)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_loses_nothing_that_was_told() {
    let place = Place::new(PostgresServer::shared());
    let mut told = BTreeSet::new();
    for round in 0..25 {
        let mut process = Process::start("write", 1 + round * 100_000, &place);
        for _ in 0..any(200) {
            told.insert(process.next().expect("it goes on").parse().unwrap());
        }
        process.kill(&mut told);
    }
    let store = place.open().await;
    drained(&store).await;
    until("spools of free seats are moved", async || !place.seats().join("1.spool.db").exists()).await;
    let (traces, requests) = place.counted().await;
    assert_eq!(traces, requests, "nothing is counted twice");
    // At most the eight that were on their way in each round were kept without being told.
    let many = i64::try_from(told.len()).unwrap();
    assert!(many <= traces && traces <= many + 25 * 8, "{many} told, {traces} there");
    let there: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT id FROM trace").fetch_all(&mut place.connection().await).await.unwrap();
    let there: BTreeSet<TraceId> =
        there.iter().map(|id| TraceId::from_bits(u128::from_be_bytes(id.as_slice().try_into().unwrap()))).collect();
    assert!(told.iter().all(|n| there.contains(&trace_id(*n))), "everything that was told is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_share_a_budget_and_are_killed_never_overspend_it() {
    let first = Place::new(PostgresServer::shared());
    let places = [first.beside(), first.beside(), first];
    let mut told = BTreeSet::new();
    let mut next = 0;
    let mut start = |place: &Place| {
        next += 100_000;
        Process::start("spend", next, place)
    };
    let mut processes: Vec<Process> = places.iter().map(&mut start).collect();
    let (mut kills, mut out) = (0, [false; 3]);
    while out.contains(&false) {
        let which = usize::try_from(any(3)).unwrap();
        for _ in 0..any(60) {
            match processes[which].next().expect("it goes on").as_str() {
                "out" => out[which] = true,
                number => told.extend(number.parse::<u64>()),
            }
        }
        if kills < 12 {
            let fresh = start(&places[which]);
            std::mem::replace(&mut processes[which], fresh).kill(&mut told);
            (kills, out) = (kills + 1, [false; 3]);
        }
    }
    processes.into_iter().for_each(|process| process.kill(&mut told));
    // Whoever takes the seats moves what is left and frees what was leased.
    let mut stores = Vec::new();
    for place in &places {
        stores.push(place.open().await);
    }
    let store = &stores[0];
    let state = async || store.account_list(budget().as_str()).await.unwrap()[0].clone();
    until("every lease of the dead is free", async || state().await.leased == 0).await;
    for store in &stores {
        drained(store).await;
    }
    let spent = state().await.spent;
    let many = i64::try_from(told.len()).unwrap();
    assert!(spent <= LIMIT, "{spent} spent of {LIMIT}");
    assert!(4 * many <= spent && spent <= 4 * (many + 15 * 2), "{many} times 4 told, {spent} spent");
    // What nobody spent can be spent: nothing is held by the dead.
    let ask = LeaseAsk { account: budget(), limit: LIMIT, change: LeaseChange::By(LIMIT), needed: 0 };
    let rest = store.lease_change(store.holder(), &[ask], Lives::all(Duration::from_secs(9))).await.unwrap();
    assert_eq!(rest[0].amount, LIMIT - spent);
}
