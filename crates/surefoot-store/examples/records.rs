//! What recording costs: records a second, and records a second of CPU, at each level.
//!
//! ```sh
//! cargo run --release -p surefoot-store --example records -- [SECONDS] [FOLDER]
//! ```
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program to be run by hand")]

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use surefoot_store::{Level, Options, SqliteStore};
use surefoot_testkit::samples::trace;
use surefoot_types::{
    budget::{AccountId, Charge, Per},
    ports::{Journal, Record, Store},
};

/// A request of a small team: one of three keys, fifty users, one budget.
fn record(n: u64) -> Record {
    let mut one = trace(n);
    one.key = Some(format!("app-{}", n % 3));
    one.tenant = Some("docs".into());
    one.user = Some(format!("user-{}", n * 7 % 50));
    one.session = Some(format!("session-{}", n / 5));
    one.tags = [("team".to_owned(), format!("t{}", n % 4))].into();
    let account =
        AccountId::new("budget:monthly", &Per::Key, one.key.as_deref().unwrap(), surefoot_types::Timestamp::UNIX_EPOCH);
    let charges = vec![Charge { account, amount: 1_000, holder: "bench-0".into() }];
    Record { charges, ..Record::of(Arc::new(one)) }
}

/// CPU time of this process so far, all threads and the system's part included.
fn cpu() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks = |field: usize| fields[field].parse::<u64>().unwrap();
    Duration::from_millis((ticks(11) + ticks(12)) * 10)
}

async fn run(store: &SqliteStore, callers: u64, seconds: u64, next: &Arc<AtomicU64>) -> (f64, f64) {
    let (begun, before) = (Instant::now(), cpu());
    let until = begun + Duration::from_secs(seconds);
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (store, next) = (store.clone(), Arc::clone(next));
            tokio::spawn(async move {
                let mut written = 0u64;
                while Instant::now() < until {
                    store.record_add(record(next.fetch_add(1, Ordering::Relaxed))).await.unwrap();
                    written += 1;
                }
                written
            })
        })
        .collect();
    let mut written = 0;
    for task in tasks {
        written += task.await.unwrap();
    }
    store.check().await.unwrap();
    (written as f64 / begun.elapsed().as_secs_f64(), written as f64 / (cpu() - before).as_secs_f64())
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().map_or(5, |seconds| seconds.parse().unwrap());
    let folder = arguments.next().unwrap_or_else(|| ".".into());
    let begun = (Instant::now(), cpu());
    let made = 100_000;
    for n in 0..made {
        std::hint::black_box(record(n));
    }
    println!("making a record alone: {:.1} µs of CPU", (cpu() - begun.1).as_secs_f64() * 1e6 / made as f64);
    println!("| level | callers | records/s | µs of CPU a record |");
    println!("|---|---|---|---|");
    for (name, level) in Level::NAMES {
        for callers in [1, 64] {
            let place = tempfile::tempdir_in(Path::new(&folder)).unwrap();
            let options = Options { level, ..Options::new(place.path().join("seats")) };
            let store = SqliteStore::open(&place.path().join("surefoot.db"), options).await.unwrap();
            let next = Arc::new(AtomicU64::new(1));
            run(&store, callers, 1, &next).await;
            let (wall, of_cpu) = run(&store, callers, seconds, &next).await;
            println!("| {name} | {callers} | {wall:.0} | {:.1} |", 1e6 / of_cpu);
            store.close().await;
        }
    }
}
