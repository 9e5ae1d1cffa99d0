//! Budgets, limits and prices as callers meet them.

use std::{sync::Arc, time::Duration};

use surefoot_gateway::{Delivery, Failed, Project, project::Unpriced};
use surefoot_testkit::MemoryStore;
use surefoot_types::{
    Code, Money, Price, Retry, Usage,
    budget::{Budget, Every, Limit, Per, Rates},
    ports::Ledger,
    price,
    trace::Outcome,
    usage::Tier,
};

use crate::support::{Act, Rig, Scripted, rig_of, rig_with};

/// A dollar for a million tokens of the prompt, two for the answer's: `Scripted` costs 50,000 nano-dollars to say
/// something.
fn priced(project: &mut Project) {
    let rates = price::Rates { input: "1".parse().unwrap(), output: "2".parse().unwrap(), ..price::Rates::default() };
    for target in ["p0/x", "p1/x"] {
        project.prices.add(target, Price::of(rates));
    }
}

const SAID: i64 = 50_000;

/// A budget of so many nano-dollars a day.
pub(crate) fn budget(per: Per, nanos: i64) -> Budget {
    Budget { name: "daily".into(), per, every: Every::Day, limit: Money::nanos(nanos), hard: true, warn_at: vec![] }
}

fn limit(per: Per, rates: Rates) -> Limit {
    Limit { name: "fair".into(), per, rates }
}

async fn budgeted(provider: &Arc<Scripted>, nanos: i64) -> Rig {
    let change = |project: &mut Project| {
        priced(project);
        project.budgets.push(budget(Per::All, nanos));
    };
    rig_with(std::slice::from_ref(provider), |_| {}, change).await
}

/// What is charged, and what is leased and not given back.
async fn state(store: &MemoryStore) -> Vec<(String, i64)> {
    let accounts = store.account_list("budget:").await.unwrap();
    accounts.into_iter().map(|state| (state.account.parts().unwrap().2.to_owned(), state.spent)).collect()
}

async fn failed(rig: &Rig, question: &str) -> Failed {
    let mut reply = rig.gateway.answer(rig.call(question, false));
    while let Some(delivery) = reply.deliveries.recv().await {
        if let Delivery::Failed(failed) = delivery {
            return *failed;
        }
    }
    panic!("the request was answered");
}

#[tokio::test]
async fn a_small_budget_is_usable_to_its_end_and_not_beyond() {
    let provider = Scripted::new(&[Act::Say("hello")]);
    // The longest answer would cost more than the whole budget.
    let rig = budgeted(&provider, 100 * SAID).await;
    let asked = (0..200).map(|_| rig.ask("?", false));
    let answered = futures_util::future::join_all(asked).await;
    let mut answered = answered.into_iter().filter(|(_, trace)| trace.outcome == Outcome::Answered).count();
    while rig.ask("?", false).await.1.outcome == Outcome::Answered {
        answered += 1;
    }
    assert!((95..=100).contains(&answered), "{answered}");
    assert_eq!(state(&rig.journal).await, [(String::new(), answered as i64 * SAID)]);
    assert_eq!(provider.times_asked(), answered);
    let longest = |n: usize| provider.asked.lock().unwrap()[n].parameters.max_tokens.unwrap();
    assert!(longest(0) < 2_500 && longest(answered - 1) >= 64, "the answer is cut to what there is money for");
}

#[tokio::test]
async fn who_may_come_back_when() {
    let rig = budgeted(&Scripted::new(&[Act::Say("hello")]), 2 * SAID).await;
    assert_eq!(failed(&rig, "?").await.fault.retry, Retry::Never, "it may cost more than all there is");
    let rig = budgeted(&Scripted::new(&[Act::Say("hello")]), 5 * SAID).await;
    assert_eq!(rig.ask("?", false).await.1.outcome, Outcome::Answered);
    let failed = failed(&rig, "?").await;
    assert_eq!(failed.fault.code, Code::OverBudget);
    let Retry::Later(Some(wait)) = failed.fault.retry else { panic!("{:?}", failed.fault) };
    assert!(wait <= Duration::from_secs(86_400));
    assert!(failed.fault.message.contains("the budget 'daily' of $0.00025 (per all)"), "{}", failed.fault);
    assert!(failed.fault.hint.unwrap().contains("begins anew at "));
}

#[tokio::test]
async fn each_is_charged_for_what_it_used() {
    let change = |project: &mut Project| {
        priced(project);
        project.budgets.push(budget(Per::Tag("team".into()), 1_000_000_000));
        project.budgets.push(Budget { name: "soft".into(), hard: false, ..budget(Per::User, 1) });
    };
    let rig = rig_with(&[Scripted::new(&[Act::Say("hello")])], |_| {}, change).await;
    for (user, team, times) in [("u", "docs", 3), ("v", "docs", 1), ("w", "shop", 2)] {
        for _ in 0..times {
            let mut call = rig.call("?", false);
            call.chat.user = Some(user.into());
            call.context.tags.insert("team".into(), team.into());
            // A budget that only warns refuses nobody.
            assert_eq!(rig.ask_with(call).await.1.outcome, Outcome::Answered);
        }
    }
    let expected = [("docs", 4), ("shop", 2), ("u", 3), ("v", 1), ("w", 2)];
    assert_eq!(state(&rig.journal).await, expected.map(|(name, times)| (name.to_owned(), times * SAID)));
}

#[tokio::test(start_paused = true)]
async fn every_exit_settles_and_gives_back() {
    use Act::{Cut, Fail, Panic, Say, Stall};
    for (name, acts, streamed, charged) in [
        ("an answer", vec![Say("hello")], true, SAID),
        ("a fault", vec![Fail(Retry::Never)], true, 0),
        ("a panic", vec![Panic], true, 0),
        ("a second try after nothing", vec![Fail(Retry::Later(None)), Say("hello")], false, SAID),
        // By estimate: three tokens of the question, one of what was said.
        ("silence", vec![Stall("he")], true, 5_000),
        ("a first try that was cut, and a second", vec![Cut("he"), Say("hello")], false, SAID + 5_000),
    ] {
        let rig = budgeted(&Scripted::new(&acts), 1_000_000_000).await;
        let (_, trace) = rig.ask("a question", streamed).await;
        let spent: i64 = state(&rig.journal).await.iter().map(|(_, spent)| spent).sum();
        assert_eq!(spent, trace.cost.unwrap().as_nanos(), "{name}");
        assert_eq!(spent, charged, "{name}");
        rig.gateway.close().await;
        let leased: i64 = rig.journal.account_list("budget:").await.unwrap().iter().map(|state| state.leased).sum();
        assert_eq!(leased, 0, "{name}");
    }
}

#[tokio::test]
async fn a_caller_who_hangs_up_leaves_nothing_held() {
    let rig = budgeted(&Scripted::new(&[Act::Stall("hello there")]), 10_000_000).await;
    for _ in 0..5 {
        let mut reply = rig.gateway.answer(rig.call("?", true));
        while let Some(delivery) = reply.deliveries.recv().await {
            if format!("{delivery:?}").contains("hello there") {
                break;
            }
        }
        drop(reply);
    }
    // Each held most of the budget: the last would not have come so far had the others not given back.
    let charged = async || state(&rig.journal).await.first().map_or(0, |(_, spent)| *spent);
    while charged().await == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_unknown_price_is_no_free_lunch() {
    for (unpriced, budgets, answered) in [
        (Unpriced::Allow, true, true),
        (Unpriced::RefuseInBudget, false, true),
        (Unpriced::RefuseInBudget, true, false),
        (Unpriced::Refuse, false, false),
    ] {
        let change = |project: &mut Project| {
            project.unpriced = unpriced;
            project.budgets.extend(budgets.then(|| budget(Per::All, 1_000_000)));
        };
        let rig = rig_with(&[Scripted::new(&[Act::Say("hello")])], |_| {}, change).await;
        let (_, trace) = rig.ask("?", false).await;
        assert_eq!(trace.outcome == Outcome::Answered, answered, "{unpriced:?} {budgets}");
        if answered {
            assert_eq!(trace.cost, None, "unknown, not nothing");
        } else {
            let fault = trace.fault.unwrap();
            assert_eq!(fault.code, Code::Forbidden);
            assert!(fault.hint.unwrap().contains("[prices]"));
        }
    }
}

#[tokio::test]
async fn a_limit_on_requests_tells_how_one_stands() {
    let rates = Rates { requests: Some(2), tokens: Some(10_000), concurrent: None };
    let change = |project: &mut Project| project.limits.push(limit(Per::All, rates));
    let rig = rig_with(&[Scripted::new(&[Act::Say("hello")])], |_| {}, change).await;
    let heads = async || {
        let mut reply = rig.gateway.answer(rig.call("?", false));
        match reply.deliveries.recv().await.unwrap() {
            Delivery::Head(head) => Ok(head.standing),
            Delivery::Failed(failed) => Err(*failed),
            other => panic!("{other:?}"),
        }
    };
    let first = heads().await.unwrap();
    assert_eq!(first.requests.map(|quota| (quota.limit, quota.remaining)), Some((2, 1)));
    let tokens = first.tokens.unwrap();
    assert!(tokens.limit == 10_000 && tokens.remaining < 10_000 && tokens.reset.as_second() % 60 == 0);
    heads().await.unwrap();
    let failed = heads().await.unwrap_err();
    assert_eq!(failed.fault.code, Code::RateLimited);
    assert_eq!(failed.standing.requests.unwrap().remaining, 0);
    let Retry::Later(Some(wait)) = failed.fault.retry else { panic!("{:?}", failed.fault) };
    assert!(wait <= Duration::from_secs(60));
}

#[tokio::test]
async fn what_is_under_way_at_once_is_counted_to_its_end() {
    let rates = Rates { concurrent: Some(1), ..Rates::default() };
    let change = |project: &mut Project| project.limits.push(limit(Per::All, rates));
    let provider = Scripted::new(&[Act::Stall("hello"), Act::Say("hello")]);
    let rig = rig_with(std::slice::from_ref(&provider), |_| {}, change).await;
    let mut reply = rig.gateway.answer(rig.call("?", true));
    reply.deliveries.recv().await.unwrap();
    assert_eq!(rig.ask("?", false).await.0, ["failed rate_limited"]);
    drop(reply);
    while rig.ask("?", false).await.0 == ["failed rate_limited"] {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn two_gateways_share_one_budget() {
    let store = Arc::new(MemoryStore::default());
    let provider = Scripted::new(&[Act::Say("hello")]);
    let mut rigs = Vec::new();
    for n in 0..2 {
        let change = |project: &mut Project| {
            priced(project);
            project.budgets.push(budget(Per::All, 100 * SAID));
        };
        let mut parts = crate::support::parts(std::slice::from_ref(&provider), &store, |_| {}, change);
        parts.holder = format!("test-{n}");
        rigs.push(rig_of(parts, Arc::clone(&store)).await);
    }
    let mut answered = 0;
    for _ in 0..3 {
        let all = rigs.iter().flat_map(|rig| (0..100).map(move |_| rig.ask("?", false)));
        let all = futures_util::future::join_all(all).await;
        answered += all.iter().filter(|(_, trace)| trace.outcome == Outcome::Answered).count() as i64;
    }
    assert!((85..=100).contains(&answered), "{answered}");
    assert_eq!(state(&store).await, [(String::new(), answered * SAID)]);
}

#[tokio::test]
async fn what_the_provider_says_that_it_cost_wins() {
    let reported = Usage { input: 1, output: 1, reported: Some(Money::nanos(7)), ..Usage::default() };
    let rig = rig_with(&[Scripted::new(&[Act::Charge(reported)])], |_| {}, |_| {}).await;
    assert_eq!(rig.ask("?", false).await.1.cost, Some(Money::nanos(7)), "even where no price is known");
    let tiers = |project: &mut Project| {
        let rates = price::Rates { output: "1".parse().unwrap(), ..price::Rates::default() };
        project.prices.add("p0/x", Price { tiers: [("flex".into(), 50)].into(), ..Price::of(rates) });
    };
    let usage = Usage { output: 10, ..Usage::default() };
    let rig = rig_with(&[Scripted::new(&[Act::Charge(usage)])], |_| {}, tiers).await;
    let mut call = rig.call("?", false);
    call.chat.extra.insert("service_tier".into(), "flex".into());
    assert_eq!(rig.ask_with(call).await.1.cost, Some(Money::nanos(5_000)));
    assert_eq!(rig.ask("?", false).await.1.cost, Some(Money::nanos(10_000)));
}

#[tokio::test]
async fn the_tier_that_was_served_is_paid_and_not_the_one_that_was_asked_for() {
    let tiers = |project: &mut Project| {
        let rates = price::Rates { output: "1".parse().unwrap(), ..price::Rates::default() };
        let tiers = [("flex".into(), 50), ("priority".into(), 175)].into();
        project.prices.add("p0/x", Price { tiers, ..Price::of(rates) });
    };
    for (asked, served, nanos) in [
        (Some("auto"), Some("priority"), 17_500),
        (Some("flex"), Some("default"), 10_000),
        (Some("priority"), None, 17_500),
        (None, Some("flex"), 5_000),
    ] {
        let usage = Usage { output: 10, tier: served.and_then(Tier::named), ..Usage::default() };
        let rig = rig_with(&[Scripted::new(&[Act::Charge(usage)])], |_| {}, tiers).await;
        let mut call = rig.call("?", false);
        call.chat.extra.extend(asked.map(|asked| ("service_tier".to_owned(), asked.into())));
        let trace = rig.ask_with(call).await.1;
        assert_eq!(trace.cost, Some(Money::nanos(nanos)), "{asked:?} {served:?}");
        let told = trace.attempts[0].usage.and_then(|usage| usage.tier);
        assert_eq!(told, served.or(asked).and_then(Tier::named), "the trace says which it was");
    }
}
