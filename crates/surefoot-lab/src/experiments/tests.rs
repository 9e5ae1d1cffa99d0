//! Experiments over data that are made up, with what is true of them known.

use std::time::Duration;

use surefoot_types::{
    Money, Timestamp,
    experiment::Observed,
    feedback::{Feedback, FeedbackDraft, FeedbackValue},
    ids::{FeedbackId, TraceId},
    trace::Trace,
};

use super::{
    design::{Design, Harm, Method, Metric},
    split,
    state::{State, Status},
    units::{Score, gather},
    weigh::{Scales, Weighing},
};

fn design(arms: usize) -> Design {
    Design {
        id: "answer.1".into(),
        function: "answer".into(),
        arms: ["a", "b", "c", "d"][..arms].iter().map(|arm| (*arm).to_owned()).collect(),
        shares: vec![1.0 / arms as f64; arms],
        metric: Metric { name: "thumbs".into(), range: (0.0, 1.0), less_is_better: false },
        harm: Harm::default(),
        method: Method::Even,
        alpha: 0.05,
        settle: Duration::from_secs(60),
        absent_after: None,
        most: None,
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn trace(n: u64) -> TraceId {
    TraceId::from_bits(u128::from(n))
}

/// A request of a unit, with what it ran.
fn request(n: u64, unit: &str, variant: &str, second: i64) -> Observed {
    Observed {
        trace_id: trace(n),
        unit: unit.into(),
        variant: variant.into(),
        share: 0.5,
        at: at(second),
        took_us: 1_000,
        cost: Some(Money::nanos(1_000)),
        failed: false,
    }
}

fn said(n: u64, value: FeedbackValue, second: i64) -> Feedback {
    let about = Trace::begun(trace(n), at(0), "test", "answer");
    FeedbackDraft::new("thumbs", value).on(&about, FeedbackId::from_bits(u128::from(n)), at(second)).unwrap()
}

const YES: FeedbackValue = FeedbackValue::Boolean(true);
const NO: FeedbackValue = FeedbackValue::Boolean(false);

#[test]
fn a_unit_counts_once_with_its_last_word() {
    let trials = [
        request(1, "ann", "a", 0),
        request(2, "ann", "a", 10),
        request(3, "bob", "b", 20),
        request(4, "bob", "a", 30),
        request(5, "cid", "b", 40),
        request(6, "dan", "other", 50),
    ];
    let changed =
        [said(1, NO, 5), said(3, YES, 25), said(3, NO, 30), said(3, YES, 200), said(4, YES, 31), said(2, YES, 40)];
    let scores = |design: &Design, second| gather(design, &trials, &changed, at(second)).scores;
    let mut design = design(2);
    assert_eq!(scores(&design, 64), [], "nothing settled");
    assert_eq!(scores(&design, 65), [Score { arm: 0, value: 0.5 }], "the mean of two requests");
    let all = [Score { arm: 0, value: 0.5 }, Score { arm: 1, value: 0.0 }];
    assert_eq!(
        scores(&design, 10_000),
        all,
        "what came after it settled changes nothing, nor what another variant got"
    );
    design.absent_after = Some(Duration::from_secs(100));
    assert_eq!(scores(&design, 10_000), [all[0], all[1], Score { arm: 1, value: 0.0 }], "silence is a no");
    design.metric.less_is_better = true;
    assert_eq!(scores(&design, 10_000)[2], Score { arm: 1, value: 1.0 });
    assert_eq!(gather(&design, &trials, &changed, at(90)).moved, 1);
}

#[test]
fn what_counted_once_counts_the_same_ever_after() {
    let mut rng = fastrand::Rng::with_seed(3);
    let trials: Vec<Observed> = (0..300)
        .map(|n| request(n, &format!("u{}", n % 90), if n % 90 < 40 { "a" } else { "b" }, n as i64 * 7))
        .collect();
    let mut all: Vec<Feedback> = Vec::new();
    for n in 0..300 {
        let value = if rng.bool() { YES } else { FeedbackValue::Withdrawn };
        // About something that was asked by then.
        all.push(said(rng.u64(0..=(n as u64 * 9 / 7).min(299)), value, n * 9));
    }
    let mut design = design(2);
    design.absent_after = Some(Duration::from_secs(400));
    let last = gather(&design, &trials, &all, at(1_000_000)).scores;
    for second in (0..3_000).step_by(37) {
        let known: Vec<Feedback> = all.iter().filter(|one| one.at <= at(second)).cloned().collect();
        let seen: Vec<Observed> = trials.iter().filter(|one| one.at <= at(second)).cloned().collect();
        let scores = gather(&design, &seen, &known, at(second)).scores;
        assert_eq!(scores, last[..scores.len()], "at {second}");
    }
}

/// How often a variant is left out of so many experiments, and how often wrongly.
fn left_out(weighing: Weighing, rates: &[f64], units: usize) -> (usize, usize) {
    let mut rng = fastrand::Rng::with_seed(11);
    let (mut any, mut wrong) = (0, 0);
    let best = rates.iter().copied().fold(0.0, f64::max);
    for _ in 0..400 {
        let mut scales = Scales::new(weighing, rates.len(), 0.05);
        for _ in 0..units {
            let left: Vec<usize> = (0..rates.len()).filter(|arm| !scales.out()[*arm]).collect();
            let arm = left[rng.usize(..left.len())];
            scales.add(arm, f64::from(u8::from(rng.f64() < rates[arm])));
        }
        any += usize::from(scales.out().contains(&true));
        wrong += usize::from(rates.iter().zip(scales.out()).any(|(rate, out)| *out && *rate >= best));
    }
    (any, wrong)
}

#[test]
fn looking_always_leaves_hardly_anything_out_wrongly() {
    for weighing in [Weighing::Steps, Weighing::Sums] {
        let (any, _) = left_out(weighing, &[0.95, 0.95], 1_500);
        assert!(any <= 20, "{weighing:?}: {any} of 400 between equals");
        let (any, wrong) = left_out(weighing, &[0.5, 0.7], 1_500);
        assert!(any >= 360 && wrong == 0, "{weighing:?}: {any} {wrong}");
        let (any, wrong) = left_out(weighing, &[0.5, 0.8, 0.5, 0.6], 1_500);
        assert!(any >= 380 && wrong == 0, "{weighing:?}: {any} {wrong}");
    }
}

#[test]
fn scores_between_0_and_1_are_weighed_as_parts() {
    let mut rng = fastrand::Rng::with_seed(12);
    let mut wrong = 0;
    for _ in 0..200 {
        let mut scales = Scales::new(Weighing::Steps, 2, 0.05);
        for n in 0..1_000 {
            let score = if n % 2 == 0 { rng.f64() } else { f64::from(u8::from(rng.bool())) };
            scales.add(n % 2, score);
        }
        wrong += usize::from(scales.winner().is_some());
    }
    assert!(wrong <= 10, "{wrong} of 200 with equal means");
}

#[test]
fn a_wrong_split_is_seen_and_a_right_one_is_not() {
    assert!(split::is_wrong(split::mismatch(&[5_200, 4_800], &[0.5, 0.5])));
    assert!(!split::is_wrong(split::mismatch(&[5_050, 4_950], &[0.5, 0.5])));
    assert!(split::is_wrong(split::mismatch(&[1], &[0.0])));
    assert_eq!(split::mismatch(&[0, 0], &[0.5, 0.5]), 0.0);
    let mut rng = fastrand::Rng::with_seed(13);
    let alarms = (0..500).filter(|_| {
        let mut counts = [0, 0, 0];
        (0..3_000).any(|_| {
            let drawn = rng.f64();
            counts[usize::from(drawn > 0.5) + usize::from(drawn > 0.8)] += 1;
            split::is_wrong(split::mismatch(&counts, &[0.5, 0.3, 0.2]))
        })
    });
    let alarms = alarms.count();
    assert!(alarms <= 10, "{alarms} of 500");
}

#[test]
fn the_likelier_best_gets_the_more_and_each_its_floor() {
    use super::weigh::Sum;
    let sum = |sum, of| Sum { sum, of };
    let even = split::adaptive(&[sum(0.0, 0.0); 2], &[false; 2], 0.1);
    assert!((even[0] - 0.5).abs() < 1e-6, "{even:?}");
    let clear = split::adaptive(&[sum(50.0, 100.0), sum(80.0, 100.0), sum(0.0, 9.0)], &[false, false, true], 0.1);
    assert!(
        clear[2] == 0.0 && (clear[0] - 0.1).abs() < 0.01 && (clear.iter().sum::<f64>() - 1.0).abs() < 1e-9,
        "{clear:?}"
    );
    let one = split::adaptive(&[sum(50.0, 100.0), sum(1.0, 1.0)], &[false; 2], 0.1);
    assert!(one[1] > 0.6 && one[1] < 0.8, "one lucky unit says little: {one:?}");
}

#[test]
fn shares_are_whole_per_cents_above_their_floor() {
    use super::weigh::Sum;
    let mut rng = fastrand::Rng::with_seed(31);
    for _ in 0..2_000 {
        let arms = rng.usize(2..=8);
        let floor = [0.01_f64, 0.015, 0.1, 0.3, 0.5][rng.usize(..5)];
        let sum = |of: f64, rate: f64| Sum { sum: of * rate, of };
        let sums: Vec<Sum> = (0..arms).map(|_| sum((rng.f64() * 500.0).floor(), rng.f64())).collect();
        let out: Vec<bool> = (0..arms).map(|at| at > 0 && rng.bool()).collect();
        let left = out.iter().filter(|out| !**out).count() as f64;
        let shares = split::adaptive(&sums, &out, floor);
        let told = format!("{sums:?} {out:?} {floor}: {shares:?}");
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{told}");
        let least = floor.min(1.0 / left) - 1e-9;
        let whole = |share: f64| (share * 100.0 - (share * 100.0).round()).abs() < 1e-6;
        // Floors that leave nothing to give make even shares, which need not be whole.
        let even = |share: f64| (share - 1.0 / left).abs() < 1e-9;
        let fits = |(share, out): (&f64, &bool)| {
            if *out { *share == 0.0 } else { *share >= least && (whole(*share) || even(*share)) }
        };
        assert!(shares.iter().zip(&out).all(fits), "{told}");
    }
}

/// However often it is looked at, a split is noted only when it changes by a per cent.
#[test]
fn an_adaptive_split_is_noted_seldom() {
    let mut design = design(2);
    design.method = Method::Adaptive { floor: 0.1 };
    let (trials, all) = world(&[0.5, 0.5], 1_000, |_, _| {});
    let mut state = State::begun(&design, at(0));
    for second in (0..1_000).step_by(10) {
        let seen: Vec<Observed> = trials.iter().filter(|one| one.at <= at(second)).cloned().collect();
        let known: Vec<Feedback> = all.iter().filter(|one| one.at <= at(second)).cloned().collect();
        state.advance(&design, &seen, &known, at(second));
    }
    let close = state.allotments.windows(2).filter(|two| {
        let apart = two[0].shares.iter().zip(&two[1].shares).map(|(one, other)| (one - other).abs());
        apart.fold(0.0, f64::max) < 0.01 - 1e-9
    });
    assert_eq!(close.count(), 0, "{:?}", state.allotments);
    assert!(state.allotments.len() > 1, "it follows what is said all the same");
}

/// Units that come once, one a second, evenly drawn; each says what its variant's rate has it say.
fn world(rates: &[f64], units: u64, shape: impl Fn(&mut Observed, usize)) -> (Vec<Observed>, Vec<Feedback>) {
    let mut rng = fastrand::Rng::with_seed(21);
    let (mut trials, mut all) = (Vec::new(), Vec::new());
    for n in 0..units {
        let arm = rng.usize(..rates.len());
        let mut one = request(n, &format!("u{n}"), ["a", "b", "c", "d"][arm], n as i64);
        one.share = 1.0 / rates.len() as f64;
        shape(&mut one, arm);
        trials.push(one);
        all.push(said(n, FeedbackValue::Boolean(rng.f64() < rates[arm]), n as i64));
    }
    (trials, all)
}

/// How an experiment stands after so many units, looked at every hundred seconds.
fn watched(design: &Design, (trials, all): &(Vec<Observed>, Vec<Feedback>)) -> State {
    let mut state = State::begun(design, at(0));
    for second in (0..=trials.len() as i64 + 100).step_by(100) {
        let seen: Vec<Observed> = trials.iter().filter(|one| one.at <= at(second)).cloned().collect();
        let known: Vec<Feedback> = all.iter().filter(|one| one.at <= at(second)).cloned().collect();
        state.advance(design, &seen, &known, at(second));
    }
    state
}

#[test]
fn the_best_of_four_is_found_and_gets_all_traffic() {
    let design = design(4);
    let state = watched(&design, &world(&[0.5, 0.55, 0.8, 0.6], 1_500, |_, _| {}));
    assert_eq!((state.status, state.winner.as_deref()), (Status::Decided, Some("c")), "{}", state.verdict);
    assert_eq!(state.shares(), [0.0, 0.0, 1.0, 0.0]);
    assert!(state.verdict.starts_with("'c' with 0.") && state.verdict.contains("at most 5 %"), "{}", state.verdict);
    assert!(state.history.len() > 2 && state.allotments.len() > 1 && !state.alarm);
    let json = serde_json::to_value(&state).unwrap();
    assert_eq!(State::read(&state.kept(4)).unwrap(), state, "{json}");
    assert_eq!(state.kept(4).revision, 5);
    let mut again = state.clone();
    again.advance(&design, &[], &[], at(99_999));
    again.stop(at(99_999));
    assert_eq!(again, state, "what has ended stays");
}

#[test]
fn harm_ends_it_with_the_control() {
    for (harm, shape, told) in [
        (
            Harm { cost: Some(0.2), ..Harm::default() },
            (|one, arm| {
                one.cost = Some(Money::nanos(if arm == 1 { 3_000 } else { 1_000 } + i64::from(one.took_us as u8)));
            }) as fn(&mut Observed, usize),
            "dollars",
        ),
        (
            Harm { latency: Some(0.5), ..Harm::default() },
            (|one, arm| one.took_us = if arm == 1 { 90_000 } else { 30_000 }) as fn(&mut Observed, usize),
            "ms",
        ),
        (
            Harm { errors: Some(0.02), ..Harm::default() },
            (|one, arm| one.failed = arm == 1 && one.trace_id.to_bits() % 3 == 0) as fn(&mut Observed, usize),
            "requests fail",
        ),
    ] {
        let mut design = design(2);
        let data = world(&[0.5, 0.5], 800, shape);
        assert_eq!(watched(&design, &data).status, Status::Running, "nobody looks: {told}");
        design.harm = harm;
        let state = watched(&design, &data);
        assert_eq!((state.status, state.winner.as_deref()), (Status::Harmed, None), "{}", state.verdict);
        assert!(state.verdict.contains(told) && state.shares() == [1.0, 0.0], "{}", state.verdict);
    }
}

#[test]
fn nothing_is_decided_by_a_split_that_is_wrong() {
    let mut data = world(&[0.5, 0.65], 3_000, |_, _| {});
    let mut n = 0;
    data.0.retain(|one| {
        n += 1;
        one.variant == "a" || n % 2 > 0
    });
    let state = watched(&design(2), &data);
    assert!(state.alarm && state.status == Status::Running, "{}", state.verdict);
    assert!(state.verdict.contains("do not fall to the variants by their shares"), "{}", state.verdict);
}

#[test]
fn it_ends_without_a_winner_and_by_a_word() {
    let mut design = design(2);
    design.most = Some(200);
    let state = watched(&design, &world(&[0.5, 0.5], 400, |_, _| {}));
    assert_eq!((state.status, state.shares()), (Status::Undecided, vec![1.0, 0.0]), "{}", state.verdict);
    let mut stopped = State::begun(&design, at(0));
    assert_eq!(stopped.verdict, "Nothing counted yet.");
    stopped.stop(at(9));
    assert_eq!((stopped.status, stopped.ended, stopped.shares()), (Status::Stopped, Some(at(9)), vec![1.0, 0.0]));
}
