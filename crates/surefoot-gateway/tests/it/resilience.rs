//! Slow, failing and overrun providers.

use std::{sync::Arc, time::Duration};

use surefoot_gateway::{
    Delivery, Project,
    project::{Hedge, HedgeAfter, Load, Model, Route},
};
use surefoot_types::{Code, Fault, Money, Price, Retry, budget::Per, price::Rates};
use tokio::time::advance;

use crate::support::{Act, Scripted, rig, rig_with};

const SECOND: Duration = Duration::from_secs(1);

fn fault(code: Code, status: u16, retry: Retry) -> Act {
    let mut fault = Fault::new(code, format!("The provider answered {status}.")).retry(retry);
    fault.upstream_status = Some(status);
    Act::Fault(fault)
}

fn down() -> Act {
    fault(Code::Upstream, 500, Retry::Later(None))
}

fn say() -> Act {
    Act::Say("hello")
}

fn hedged(model: &mut Model) {
    model.routing.hedge = Some(Hedge { after: HedgeAfter::Time(SECOND), share: 0.5 });
}

#[tokio::test(start_paused = true)]
async fn a_target_that_fails_again_and_again_is_left_alone_until_a_probe_is_answered() {
    let sick = Scripted::new(&[down(), down(), down(), down(), down(), say()]);
    let rig = rig_with(&[Arc::clone(&sick), Scripted::new(&[say()])], |model| model.policy.retries = 0, |_| {}).await;
    for _ in 0..5 {
        assert_eq!(rig.ask("?", false).await.0, ["head p1/x", "done hello"]);
    }
    let (_, trace) = rig.ask("?", false).await;
    assert_eq!((sick.times_asked(), trace.attempts.len()), (5, 1), "it is left alone");
    let note = &trace.spans.iter().find(|span| span.step == "attempt").unwrap().note;
    assert_eq!(note, "p0/x is left alone for 1.0 s");
    let told = &rig.gateway.targets_health()[0];
    assert_eq!((told.circuit, told.failures_in_a_row), ("open", 5));
    advance(SECOND).await;
    assert_eq!(rig.ask("?", false).await.0, ["head p0/x", "done hello"], "one probes it, and all come back");
    assert_eq!(rig.gateway.targets_health()[0].circuit, "closed");
}

#[tokio::test(start_paused = true)]
async fn with_nothing_else_to_ask_callers_are_told_at_once_when_to_come_back() {
    let sick = Scripted::new(&[down()]);
    let rig = rig_with(std::slice::from_ref(&sick), |model| model.policy.retries = 0, |_| {}).await;
    for _ in 0..5 {
        rig.ask("?", false).await;
    }
    let (told, trace) = rig.ask("?", true).await;
    assert_eq!((told, trace.attempts.len(), sick.times_asked()), (vec!["failed upstream".to_owned()], 0, 5));
    let told = trace.fault.unwrap();
    assert_eq!(told.retry, Retry::Later(Some(SECOND)), "{told:?}");
    assert_eq!(trace.cost, Some(Money::ZERO));
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_requests_opens_nothing() {
    let strict = Scripted::new(&[fault(Code::BadRequest, 400, Retry::Never)]);
    let rig = rig(std::slice::from_ref(&strict)).await;
    for _ in 0..40 {
        assert_eq!(rig.ask("?", false).await.0, ["failed bad_request"]);
    }
    assert_eq!(strict.times_asked(), 40);
}

#[tokio::test(start_paused = true)]
async fn retry_after_holds_for_every_request_and_is_told_on() {
    let slow = Scripted::new(&[fault(Code::RateLimited, 429, Retry::Later(Some(60 * SECOND))), say()]);
    let rig = rig(std::slice::from_ref(&slow)).await;
    assert_eq!(rig.ask("?", false).await.1.attempts.len(), 1);
    advance(20 * SECOND).await;
    let (told, trace) = rig.ask("?", false).await;
    assert_eq!((told, slow.times_asked()), (vec!["failed rate_limited".to_owned()], 1), "it is not asked before");
    assert_eq!(trace.fault.unwrap().retry, Retry::Later(Some(40 * SECOND)));
    advance(40 * SECOND).await;
    assert_eq!(rig.ask("?", false).await.0, ["head p0/x", "done hello"]);
}

#[tokio::test(start_paused = true)]
async fn money_that_is_used_up_is_not_tried_again() {
    let poor = Scripted::new(&[fault(Code::Upstream, 429, Retry::Elsewhere)]);
    let rig = rig_with(std::slice::from_ref(&poor), |model| model.policy.retries = 5, |_| {}).await;
    assert_eq!(rig.ask("?", false).await.1.attempts.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn retries_cannot_storm() {
    // Two of five calls fail, so that the breaker stays out of it.
    let acts: Vec<Act> = (0..2_000).map(|n| if [0, 2].contains(&(n % 5)) { down() } else { say() }).collect();
    let flaky = Scripted::new(&acts);
    let rig = rig_with(std::slice::from_ref(&flaky), |model| model.policy.retries = 5, |_| {}).await;
    let (begun, asked) = (tokio::time::Instant::now(), 300);
    let mut withheld = 0;
    for _ in 0..asked {
        let (_, trace) = rig.ask("?", false).await;
        withheld += usize::from(trace.spans.iter().any(|span| span.note.contains("p0/x was not sent more retries")));
    }
    let (again, seconds) = (flaky.times_asked() - asked, begun.elapsed().as_secs() as usize);
    // A fifth of the requests, ten to begin with, and one for each second that passed.
    assert!(again >= 60 && again <= asked / 5 + 10 + seconds + 1, "{again} of {asked} in {seconds} s");
    assert!(withheld > 0, "without a budget every failure would be tried again");
}

#[tokio::test(start_paused = true)]
async fn a_slow_target_is_overtaken_and_both_calls_are_told_and_paid_for() {
    for stream in [false, true] {
        let slow = Scripted::new(&[Act::Late(20 * SECOND, "slow")]);
        let fast = Scripted::new(&[Act::Late(SECOND, "fast")]);
        let rig = rig_with(&[slow, fast], hedged, priced).await;
        let (told, trace) = rig.ask("a question of some length", stream).await;
        assert_eq!(told[0], "head p1/x");
        assert!(told.iter().any(|told| told.contains("fast")), "{told:?}");
        assert!(trace.took_us < 3_000_000, "{}", trace.took_us);
        let [lost, won] = &trace.attempts[..] else { panic!("{:?}", trace.attempts) };
        assert_eq!((lost.target.as_str(), lost.fault.as_ref().unwrap().code), ("p0/x", Code::Cancelled));
        assert!(lost.usage.unwrap().estimated && lost.cost.unwrap() > Money::ZERO, "its prompt was sent: {lost:?}");
        assert!(won.hedged && won.fault.is_none() && won.at_us >= 1_000_000);
        assert_eq!(trace.cost, lost.cost.zip(won.cost).map(|(one, two)| one + two));
        let under_way: u32 = rig.gateway.targets_health().iter().map(|told| told.under_way).sum();
        assert_eq!(under_way, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_calls_the_first_may_still_win_and_either_may_fail() {
    use Act::{Fail, Late};
    let later = Retry::Later(None);
    for (name, first, second, head, faults) in [
        ("the first is faster after all", Late(2 * SECOND, "a"), Late(9 * SECOND, "b"), "head p0/x", 1),
        ("the second fails", Late(3 * SECOND, "a"), Fail(later), "head p0/x", 1),
        ("no need of it", Late(SECOND / 2, "a"), Fail(later), "head p0/x", 0),
    ] {
        let rig = rig_with(&[Scripted::new(&[first]), Scripted::new(&[second])], hedged, |_| {}).await;
        let (told, trace) = rig.ask("?", true).await;
        assert_eq!(told[0], head, "{name}");
        let failed = trace.attempts.iter().filter(|attempt| attempt.fault.is_some()).count();
        assert_eq!(failed, faults, "{name}: {:?}", trace.attempts);
        assert_eq!(trace.target(), Some("p0/x"), "{name}: who answered stands last");
    }
}

#[tokio::test(start_paused = true)]
async fn hedges_are_a_share_of_the_requests_and_never_past_a_budget() {
    let (slow, fast) = (Scripted::new(&[Act::Late(3 * SECOND, "slow")]), Scripted::new(&[say()]));
    let few = |model: &mut Model| model.routing.hedge = Some(Hedge { after: HedgeAfter::Time(SECOND), share: 0.1 });
    let rig_few = rig_with(&[Arc::clone(&slow), Arc::clone(&fast)], few, |_| {}).await;
    for _ in 0..40 {
        rig_few.ask("?", false).await;
    }
    let hedges = fast.times_asked();
    // A tenth of forty, one to begin with, and one more for each ten seconds in which there was none.
    assert!((4..=16).contains(&hedges), "{hedges} hedges of 40");
    // The budget pays for one answer and not for two.
    let fast = Scripted::new(&[say()]);
    let tight = |project: &mut Project| {
        priced(project);
        project.budgets.push(crate::money::budget(Per::All, 3_000_000));
    };
    let rig = rig_with(&[slow, Arc::clone(&fast)], hedged, tight).await;
    let mut call = rig.call("?", false);
    call.chat.parameters.max_tokens = Some(1_000);
    assert_eq!(rig.ask_with(call).await.0, ["head p0/x", "done slow"]);
    assert_eq!(fast.times_asked(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_callers_own_deadline_ends_every_attempt_and_blames_nobody() {
    let silent = Scripted::new(&[Act::Late(500 * SECOND, "late")]);
    let rig = rig(&[Arc::clone(&silent), Scripted::new(&[say()])]).await;
    for (total, begin) in [(Some(2 * SECOND), None), (None, Some(2 * SECOND))] {
        let mut call = rig.call("?", true);
        call.context.patience.total = total;
        call.context.patience.begin = begin;
        let (told, trace) = rig.ask_with(call).await;
        assert_eq!(told, ["failed upstream_timeout"]);
        assert!((2_000_000..2_100_000).contains(&trace.took_us), "{}", trace.took_us);
        assert_eq!(trace.fault.unwrap().message, "the caller's own deadline of 2 s has passed");
    }
    assert_eq!(rig.gateway.targets_health()[0].failures_in_a_row, 0);
}

#[tokio::test(start_paused = true)]
async fn requests_beyond_the_line_are_refused_at_once() {
    let slow = Scripted::new(&[Act::Late(3 * SECOND, "slow")]);
    let load = Load { at_once: Some(1), waiting: 1, ..Load::default() };
    let rig = rig_with(std::slice::from_ref(&slow), |_| {}, |project| project.load = load).await;
    let mut first = rig.gateway.answer(rig.call("?", false));
    let mut second = rig.gateway.answer(rig.call("?", false));
    tokio::time::sleep(SECOND).await;
    let (told, trace) = rig.ask("?", false).await;
    assert_eq!(told, ["failed unavailable"]);
    assert!(trace.took_us < 1_000_000 && matches!(trace.fault.unwrap().retry, Retry::Later(Some(_))));
    for reply in [&mut first, &mut second] {
        let mut last = None;
        while let Some(delivery) = reply.deliveries.recv().await {
            last = Some(delivery);
        }
        assert!(matches!(last, Some(Delivery::Done(_))), "{last:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn while_a_providers_line_is_full_the_next_target_is_asked() {
    let slow = Scripted::new(&[Act::Late(60 * SECOND, "slow")]);
    let load = Load { providers: [("p0".into(), 1)].into(), waiting: 0, ..Load::default() };
    let rig = rig_with(&[slow, Scripted::new(&[say()])], |_| {}, |project| project.load = load).await;
    let _busy = rig.gateway.answer(rig.call("?", false));
    tokio::time::sleep(SECOND).await;
    assert_eq!(rig.ask("?", false).await.0, ["head p1/x", "done hello"]);
}

#[tokio::test(start_paused = true)]
async fn routes_decide_and_say_why() {
    let note = |trace: &surefoot_types::trace::Trace| {
        trace.spans.iter().find(|span| span.step == "attempt").map(|span| span.note.clone()).unwrap()
    };
    let fast = || Scripted::new(&[Act::Late(Duration::from_millis(50), "fast")]);
    let slow = || Scripted::new(&[Act::Late(2 * SECOND, "slow")]);
    // Nobody is known at first; soon the slow one is.
    let providers = [slow(), fast()];
    let rig = rig_with(&providers, |model| model.routing.route = Route::Latency, |_| {}).await;
    for _ in 0..10 {
        rig.ask("?", true).await;
    }
    assert!(providers[0].times_asked() <= 1 && providers[1].times_asked() >= 9);
    assert!(note(&rig.ask("?", true).await.1).starts_with("latency: p1/x takes "));

    let cheap = |project: &mut Project| {
        let price = |input: &str| Price::of(Rates { input: input.parse().unwrap(), ..Rates::default() });
        project.prices.add("p0/x", price("9"));
        project.prices.add("p1/x", price("1"));
    };
    let rig = rig_with(&[fast(), fast()], |model| model.routing.route = Route::Cheapest, cheap).await;
    let (told, trace) = rig.ask("a question", false).await;
    assert_eq!(told[0], "head p1/x");
    assert!(note(&trace).starts_with("cheapest: p1/x costs about $0.0000"), "{}", note(&trace));

    // A conversation stays where it began, whatever is drawn.
    let providers = [fast(), fast(), fast()];
    let rig = rig_with(&providers, |model| model.routing.route = Route::Weighted, |_| {}).await;
    for _ in 0..12 {
        let mut call = rig.call("?", false);
        call.context.session = Some("s".into());
        rig.ask_with(call).await;
    }
    let mut asked: Vec<usize> = providers.iter().map(|one| one.times_asked()).collect();
    asked.sort_unstable();
    assert_eq!(asked, [0, 0, 12]);
}

fn priced(project: &mut Project) {
    let rates = Rates { input: "1".parse().unwrap(), output: "2".parse().unwrap(), ..Rates::default() };
    ["p0/x", "p1/x"].iter().for_each(|target| project.prices.add(*target, Price::of(rates)));
}
