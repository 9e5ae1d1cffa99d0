//! Holding and settling.

use surefoot_types::SystemClock;

use super::*;

fn purse(spent: i64) -> Purse {
    let today = Today { day: day_of(SystemClock.now()), spent: Money::nanos(spent), held: Money::ZERO };
    Purse { today: Arc::new(Mutex::new(today)) }
}

#[test]
fn many_at_once_cannot_overspend_together() {
    let purse = purse(0);
    let limit = Some(Money::nanos(1_000));
    let settled: i64 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..200)
            .map(|_| {
                scope.spawn(|| {
                    let Ok(hold) = purse.hold(limit, Money::nanos(7), &SystemClock) else { return 0 };
                    purse.settle(hold, Money::nanos(7), &SystemClock);
                    7
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    let today = *purse.today.lock().unwrap();
    assert!(settled <= 1_000);
    assert_eq!(today.spent, Money::nanos(settled));
    assert_eq!(today.held, Money::ZERO);
}

#[test]
fn nobody_sees_the_budget_between_held_and_spent() {
    let purse = purse(0);
    let limit = Some(Money::nanos(10));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..2_000 {
                    if let Ok(hold) = purse.hold(limit, Money::nanos(10), &SystemClock) {
                        purse.settle(hold, Money::nanos(10), &SystemClock);
                    }
                }
            });
        }
    });
    // Once the ten are spent nothing more fits, whatever moment it was asked in.
    assert_eq!(purse.today.lock().unwrap().spent, Money::nanos(10));
}

#[test]
fn a_dropped_hold_is_given_back() {
    let purse = purse(10);
    let limit = Some(Money::nanos(100));
    let hold = purse.hold(limit, Money::nanos(90), &SystemClock).unwrap();
    assert_eq!(purse.hold(limit, Money::nanos(1), &SystemClock).unwrap_err().code, Code::OverBudget);
    drop(hold);
    assert!(purse.hold(limit, Money::nanos(90), &SystemClock).is_ok());
}
