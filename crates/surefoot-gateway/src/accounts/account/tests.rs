//! Any order of events, against a model of the store: what was spent and what may still be spent never exceeds
//! the limit, and once everything is quiet nothing of it is stuck.

use proptest::prelude::*;
use surefoot_types::budget::{AccountId, Every, Per};

use super::*;

const LIMIT: i64 = 1_000;
const HOLDERS: usize = 3;

/// The store, as its ports promise it to be.
#[derive(Default)]
struct Model {
    spent: i64,
    leases: [i64; HOLDERS],
    /// Who stands in line, in order.
    line: Vec<usize>,
}

impl Model {
    fn change(&mut self, holder: usize, change: LeaseChange, needed: i64) -> Lease {
        let others = self.leases.iter().sum::<i64>() - self.leases[holder];
        let held = self.leases[holder];
        let turn = match self.line.first() {
            Some(first) if *first != holder => Turn::Theirs,
            Some(_) if self.line.len() > 1 => Turn::Mine,
            _ => Turn::Free,
        };
        let waits = turn == Turn::Theirs && matches!(change, LeaseChange::By(more) if more > 0);
        let now = if waits { held } else { change.of(held, LIMIT - self.spent - others) };
        self.leases[holder] = now;
        if needed <= (now - held).max(0) {
            self.line.retain(|one| *one != holder);
        } else if !self.line.contains(&holder) {
            self.line.push(holder);
        }
        Lease { account: id(), amount: change.told(held, now), spent: self.spent, others, turn }
    }

    fn charge(&mut self, holder: usize, amount: i64) {
        self.spent += amount;
        self.leases[holder] = (self.leases[holder] - amount).max(0);
    }
}

/// One process.
struct Process {
    account: Account,
    holds: Vec<i64>,
    /// Charges on their way; true once the store has them.
    charges: Vec<(i64, bool)>,
    lost: i64,
    asked: Option<(LeaseChange, i64, Option<Lease>)>,
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Wait(i64),
    Take(i64),
    Settle(i64),
    Drop,
    Charge,
    Recorded,
    LoseRecord,
    /// Asks, and is answered at once.
    Talk,
    Ask,
    Execute,
    Answer,
    LoseAnswer,
    Tick,
    Lapse,
}

fn id() -> AccountId {
    AccountId::new("budget:b", &Per::All, "", Timestamp::UNIX_EPOCH)
}

fn account(now: Instant) -> Account {
    let window = Every::Total.window(Timestamp::UNIX_EPOCH);
    let want = Want {
        account: id(),
        kind: Kind::Hard,
        name: "b",
        per: &Per::All,
        limit: LIMIT,
        amount: 0,
        window,
        warn_at: &[],
    };
    Account::new(&want, Duration::from_secs(60), now)
}

impl Process {
    fn new(now: Instant) -> Self {
        Self { account: account(now), holds: Vec::new(), charges: Vec::new(), lost: 0, asked: None }
    }

    fn happens(&mut self, event: Event, holder: usize, model: &mut Model, now: Instant) {
        match event {
            Event::Wait(amount) => self.account.waiting = amount,
            Event::Take(amount) => {
                if self.account.judge(amount, true, now) == Verdict::Fits {
                    self.account.hold(amount, now);
                    self.holds.push(amount);
                }
            }
            Event::Settle(part) => {
                let Some(held) = self.holds.pop() else { return };
                let cost = held * part / 100;
                if self.account.settle(held, cost, now) {
                    self.charges.push((cost, false));
                }
            }
            Event::Drop => {
                let Some(held) = self.holds.pop() else { return };
                self.account.give_back(held);
            }
            Event::Charge => {
                let Some((amount, stored)) = self.charges.iter_mut().find(|(_, stored)| !stored) else { return };
                *stored = true;
                model.charge(holder, *amount);
            }
            Event::Recorded => {
                let Some(at) = self.charges.iter().position(|(_, stored)| *stored) else { return };
                self.account.recorded(self.charges.swap_remove(at).0, true);
            }
            Event::LoseRecord => {
                let Some(at) = self.charges.iter().position(|(_, stored)| !*stored) else { return };
                let amount = self.charges.swap_remove(at).0;
                self.account.recorded(amount, false);
                self.lost += amount;
            }
            Event::Tick => self.account.tick(Duration::from_secs(1)),
            Event::Lapse => {
                if self.holds.is_empty() && self.charges.is_empty() && self.asked.is_none() && self.lost == 0 {
                    model.leases[holder] = 0;
                    self.account.released();
                }
            }
            Event::Talk => {
                for event in [Event::Execute, Event::Answer, Event::Ask, Event::Execute, Event::Answer] {
                    self.talks(event, holder, model, now);
                }
            }
            _ => self.talks(event, holder, model, now),
        }
    }

    fn talks(&mut self, event: Event, holder: usize, model: &mut Model, now: Instant) {
        match event {
            Event::Ask if self.asked.is_none() => {
                self.asked = self.account.ask(false, now).map(|change| (change, self.account.needed(), None));
            }
            Event::Execute => {
                if let Some((change, needed, answer @ None)) = &mut self.asked {
                    *answer = Some(model.change(holder, *change, *needed));
                }
            }
            Event::Answer => {
                if let Some((change, _, Some(lease))) = &self.asked {
                    self.account.answered(*change, lease, now);
                    self.asked = None;
                }
            }
            Event::LoseAnswer => {
                if let Some((change, _, _)) = self.asked.take() {
                    self.account.unanswered(change);
                }
            }
            _ => {}
        }
    }

    /// Ends everything that is under way, and lets the keeper ask until it has nothing to ask any more.
    fn quiet(&mut self, holder: usize, model: &mut Model, now: Instant) {
        for event in [Event::Execute, Event::Answer, Event::Wait(0)] {
            self.happens(event, holder, model, now);
        }
        while !self.holds.is_empty() {
            self.happens(Event::Settle(50), holder, model, now);
        }
        while !self.charges.is_empty() {
            self.happens(Event::Charge, holder, model, now);
            self.happens(Event::Recorded, holder, model, now);
        }
        for _ in 0..5 {
            for event in [Event::Ask, Event::Execute, Event::Answer] {
                self.happens(event, holder, model, now + IDLE * 2);
            }
        }
    }
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => (0..400i64).prop_map(Event::Wait),
        12 => (1..200i64).prop_map(Event::Take),
        6 => (0..=100i64).prop_map(Event::Settle),
        1 => Just(Event::Drop),
        4 => Just(Event::Charge),
        4 => Just(Event::Recorded),
        1 => Just(Event::LoseRecord),
        6 => Just(Event::Talk),
        3 => Just(Event::Ask),
        3 => Just(Event::Execute),
        3 => Just(Event::Answer),
        1 => Just(Event::LoseAnswer),
        1 => Just(Event::Tick),
        1 => Just(Event::Lapse),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn never_more_than_the_limit_and_nothing_stuck(
        events in prop::collection::vec((0..HOLDERS, event(), 0..60u64), 0..400)
    ) {
        let mut now = Instant::now();
        let mut model = Model::default();
        let mut processes: Vec<Process> = (0..HOLDERS).map(|_| Process::new(now)).collect();
        for (holder, event, millis) in events {
            now += Duration::from_millis(millis);
            processes[holder].happens(event, holder, &mut model, now);
            let used: i64 = processes
                .iter()
                .map(|process| {
                    let on_its_way: i64 = process.charges.iter().filter(|(_, stored)| !stored).map(|(c, _)| c).sum();
                    process.holds.iter().sum::<i64>() + on_its_way + process.lost
                })
                .sum();
            prop_assert!(model.spent + used <= LIMIT, "{event:?}: {} spent, {used} used", model.spent);
        }
        for (holder, process) in processes.iter_mut().enumerate() {
            process.quiet(holder, &mut model, now);
        }
        let lost: i64 = processes.iter().map(|process| process.lost).sum();
        prop_assert_eq!(model.leases.iter().sum::<i64>(), lost, "only what could not be recorded is kept back");
        // Whoever comes next finds all the rest.
        let rest = LIMIT - model.spent - lost;
        let mut next = Process::new(now);
        next.account.waiting = rest;
        for event in [Event::Ask, Event::Execute, Event::Answer] {
            let leases = std::mem::take(&mut model.leases[0]);
            let mut seen = Model { spent: model.spent + leases, leases: model.leases, line: Vec::new() };
            next.happens(event, 0, &mut seen, now);
            model.leases[0] = leases;
        }
        prop_assert!(rest == 0 || next.account.judge(rest, true, now) == Verdict::Fits);
    }
}

#[test]
fn a_warning_is_raised_once() {
    let now = Instant::now();
    let window = Every::Day.window(Timestamp::UNIX_EPOCH);
    let want = Want {
        account: id(),
        kind: Kind::Warn,
        name: "b",
        per: &Per::All,
        limit: 100,
        amount: 0,
        window,
        warn_at: &[50, 80],
    };
    let told = |spent| Lease { account: id(), amount: 0, spent, others: 0, turn: Turn::Free };
    let mut account = Account::new(&want, Duration::from_secs(60), now);
    assert_eq!(account.ask(false, now), Some(LeaseChange::By(0)));
    // What was spent before this process came was warned of before.
    account.answered(LeaseChange::By(0), &told(60), now);
    assert_eq!(account.warning(), None);
    let mut raised = Vec::new();
    for cost in [10, 15, 10, 10, 10] {
        assert!(account.settle(0, cost, now));
        raised.extend(account.warning().map(|warning| (warning.percent, warning.spent)));
    }
    assert_eq!(raised, [(80, 85), (100, 105)]);
    // What others spent counts too.
    let mut account = Account::new(&want, Duration::from_secs(60), now);
    account.answered(LeaseChange::By(0), &told(0), now);
    account.answered(LeaseChange::By(0), &told(50), now);
    assert_eq!(account.warning(), Some(Warning { percent: 50, spent: 50 }));
}

#[test]
fn a_lost_answer_is_mended_when_nothing_is_under_way() {
    let now = Instant::now();
    let (mut model, mut process) = (Model::default(), Process::new(now));
    process.account.waiting = 100;
    for event in [Event::Ask, Event::Execute, Event::LoseAnswer, Event::Wait(0)] {
        process.happens(event, 0, &mut model, now);
    }
    assert_eq!(model.leases[0], 100, "the store did what it was asked for");
    assert_eq!(process.account.judge(100, true, now), Verdict::Wait, "nobody was told");
    for event in [Event::Ask, Event::Execute, Event::Answer] {
        process.happens(event, 0, &mut model, now);
    }
    assert_eq!(model.leases[0], 0);
}

#[test]
fn while_a_lease_is_set_nothing_is_taken_from_it() {
    let now = Instant::now();
    let (mut model, mut process) = (Model::default(), Process::new(now));
    process.account.waiting = 100;
    for event in [Event::Ask, Event::Execute, Event::Answer, Event::Wait(300), Event::Ask, Event::LoseAnswer] {
        process.happens(event, 0, &mut model, now);
    }
    assert_eq!(process.account.judge(100, true, now), Verdict::Fits);
    process.account.waiting = 0;
    process.happens(Event::Ask, 0, &mut model, now);
    assert_eq!(process.asked, Some((LeaseChange::To(100), 0, None)));
    // Spent and charged before the store does it, the lease would be larger than what is left.
    assert_eq!(process.account.judge(100, true, now), Verdict::Wait);
    process.happens(Event::Execute, 0, &mut model, now);
    process.happens(Event::Answer, 0, &mut model, now);
    assert_eq!(process.account.judge(100, true, now), Verdict::Fits);
}

#[test]
fn what_was_used_is_leased_anew_after_all_leases_went() {
    let now = Instant::now();
    let (mut model, mut process) = (Model::default(), Process::new(now));
    process.account.waiting = 600;
    for event in [Event::Ask, Event::Execute, Event::Answer, Event::Take(600), Event::Wait(0), Event::Settle(100)] {
        process.happens(event, 0, &mut model, now);
    }
    process.happens(Event::LoseRecord, 0, &mut model, now);
    model.leases[0] = 0;
    process.account.released();
    process.account.waiting = 100;
    for event in [Event::Ask, Event::Execute, Event::Answer] {
        process.happens(event, 0, &mut model, now);
    }
    assert!(model.leases[0] >= 700, "nobody else may have what could not be recorded: {}", model.leases[0]);
    assert_eq!(process.account.judge(100, true, now), Verdict::Fits);
}
