//! Leases and charges in any order, by several holders at once: the limit holds, and nothing is lost.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use futures_util::future::join_all;
use proptest::{collection::vec, prelude::*, strategy::ValueTree, test_runner::TestRunner};
use surefoot_types::{
    budget::{AccountId, Charge, LeaseAsk, LeaseChange, Lives},
    ports::Store,
};

use crate::samples::{account, charged};

const LIMIT: i64 = 100;
const HOLDERS: usize = 3;
const CASES: usize = 24;
const LIVES: Duration = Duration::from_secs(600);

/// What a holder does next.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Asks for more, or gives some back.
    By(i64),
    /// Wants to hold exactly so much.
    To(i64),
    /// Spends this share, in percent, of what it holds.
    Spend(i64),
    /// Gives all back.
    Release,
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let step = prop_oneof![
        4 => (-60i64..120).prop_map(Step::By),
        1 => (0i64..120).prop_map(Step::To),
        4 => (0i64..=100).prop_map(Step::Spend),
        1 => Just(Step::Release),
    ];
    vec((0..HOLDERS, step), 1..40)
}

/// That leases and charges keep to the limit, whatever their order: one after the other against a model,
/// then all holders at once.
///
/// # Panics
/// Where the backend does not; with the shortest steps that were found to break it.
pub async fn escrow(store: &dyn Store) {
    let mut runner = TestRunner::deterministic();
    let numbers = AtomicU64::new(1_000);
    for _ in 0..CASES {
        let mut tree = steps().new_tree(&mut runner).expect("steps");
        let mut broken = None;
        loop {
            let steps = tree.current();
            let told = Case::new(store, &numbers).one_after_the_other(&steps).await;
            let told = if told.is_ok() { Case::new(store, &numbers).at_once(&steps).await } else { told };
            let simpler = match told {
                Err(why) => {
                    broken = Some((why, steps));
                    tree.simplify()
                }
                Ok(()) if broken.is_none() => break,
                Ok(()) => tree.complicate(),
            };
            if !simpler {
                break;
            }
        }
        assert!(broken.is_none(), "{broken:?}");
    }
}

/// One account and its holders.
struct Case<'a> {
    store: &'a dyn Store,
    account: AccountId,
    numbers: &'a AtomicU64,
}

impl<'a> Case<'a> {
    fn new(store: &'a dyn Store, numbers: &'a AtomicU64) -> Self {
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        Self { store, account: account("escrow", "t", number), numbers }
    }

    /// Every answer is what the model says.
    async fn one_after_the_other(&self, steps: &[(usize, Step)]) -> Result<(), String> {
        let (mut held, mut spent) = ([0i64; HOLDERS], 0);
        for &(holder, step) in steps {
            let others = held.iter().sum::<i64>() - held[holder];
            let free = LIMIT - spent - others - held[holder];
            let expected = match step {
                Step::By(more) if more > free => free,
                Step::By(less) if -less > held[holder] => -held[holder],
                Step::By(more) => more,
                Step::To(size) => size.min(free + held[holder]) - held[holder],
                Step::Spend(_) => 0,
                Step::Release => -held[holder],
            };
            let change = self.step(holder, held[holder], step).await?;
            if change.leased != expected {
                return Err(format!("{step:?} of {holder} changed by {}, not {expected}", change.leased));
            }
            held[holder] += change.leased - change.spent;
            spent += change.spent;
            self.expect(spent, held.iter().sum()).await?;
        }
        Ok(())
    }

    /// Whatever their order, the limit holds at every moment, and in the end the sums are right.
    async fn at_once(&self, steps: &[(usize, Step)]) -> Result<(), String> {
        let each = (0..HOLDERS).map(|holder| async move {
            let (mut held, mut spent) = (0, 0);
            for (_, step) in steps.iter().filter(|(by, _)| *by == holder) {
                let change = self.step(holder, held, *step).await?;
                held += change.leased - change.spent;
                spent += change.spent;
                let (all_spent, all_leased) = self.state().await?;
                if all_spent + all_leased > LIMIT || held < 0 {
                    return Err(format!("{all_spent} spent and {all_leased} leased of {LIMIT}; {holder} holds {held}"));
                }
            }
            Ok((held, spent))
        });
        let ends: Vec<(i64, i64)> = join_all(each).await.into_iter().collect::<Result<_, String>>()?;
        self.expect(ends.iter().map(|end| end.1).sum(), ends.iter().map(|end| end.0).sum()).await
    }

    async fn step(&self, holder: usize, held: i64, step: Step) -> Result<Changed, String> {
        let name = format!("{}-{holder}", self.account);
        let (change, told) = match step {
            Step::By(more) => (LeaseChange::By(more), 0),
            Step::To(size) => (LeaseChange::To(size), held),
            Step::Release => {
                self.store.lease_release(&name).await.map_err(|error| error.to_string())?;
                return Ok(Changed { leased: -held, spent: 0 });
            }
            Step::Spend(percent) => return self.spend(name, held * percent / 100).await,
        };
        let ask = LeaseAsk { account: self.account.clone(), limit: LIMIT, change, needed: 0 };
        let leases =
            self.store.lease_change(&name, &[ask], Lives::all(LIVES)).await.map_err(|error| error.to_string())?;
        Ok(Changed { leased: leases[0].amount - told, spent: 0 })
    }

    async fn spend(&self, holder: String, amount: i64) -> Result<Changed, String> {
        let charge = Charge { account: self.account.clone(), amount, holder };
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        self.store.record_add(charged(number, vec![charge])).await.map_err(|error| error.to_string())?;
        Ok(Changed { leased: 0, spent: amount })
    }

    async fn state(&self) -> Result<(i64, i64), String> {
        let found = self.store.account_list(self.account.as_str()).await.map_err(|error| error.to_string())?;
        Ok(found.first().map_or((0, 0), |state| (state.spent, state.leased)))
    }

    async fn expect(&self, spent: i64, leased: i64) -> Result<(), String> {
        match self.state().await? {
            state if state == (spent, leased) => Ok(()),
            (s, l) => Err(format!("{s} spent and {l} leased, not {spent} and {leased}")),
        }
    }
}

/// What a step changed of its holder's lease, and what it spent.
struct Changed {
    leased: i64,
    spent: i64,
}
