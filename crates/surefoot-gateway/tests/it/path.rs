//! What callers are told and what is recorded, whatever the provider does.

use std::time::Duration;

use surefoot_types::{
    Money, Price, Retry,
    ports::Journal,
    trace::{Outcome, Trace},
};

use crate::support::{Act, Scripted, rig, rig_with};

const LATER: Retry = Retry::Later(None);

#[tokio::test(start_paused = true)]
async fn what_callers_are_told() {
    use Act::{Cut, Fail, Panic, Say, Stall};
    let all = ["head p0/x", "start", "text hello", "finish", "usage", "end", "done"];
    let stream = true;
    for (name, first, second, streamed, told, attempts) in [
        ("an answer, streamed", vec![Say("hello")], vec![], stream, all.to_vec(), 1),
        ("an answer, whole", vec![Say("hello")], vec![], false, vec!["head p0/x", "done hello"], 1),
        ("a second try", vec![Fail(LATER), Say("hello")], vec![], false, vec!["head p0/x", "done hello"], 2),
        ("tries run out", vec![Fail(LATER)], vec![], stream, vec!["failed upstream"], 3),
        ("no second try", vec![Fail(Retry::Never)], vec![Say("hello")], stream, vec!["failed upstream"], 1),
        ("the next target", vec![Fail(LATER)], vec![Say("hello")], false, vec!["head p1/x", "done hello"], 2),
        ("a wrong key here", vec![Fail(Retry::Elsewhere)], vec![Say("hi")], false, vec!["head p1/x", "done hi"], 2),
        (
            "a cut before the end, whole",
            vec![Cut("he"), Say("hello")],
            vec![],
            false,
            vec!["head p0/x", "done hello"],
            2,
        ),
        (
            "a cut in the middle of a stream is told, and no other target takes over",
            vec![Cut("he")],
            vec![Say("hello")],
            stream,
            vec!["head p0/x", "start", "text he", "failed upstream"],
            1,
        ),
        (
            "silence in the middle of a stream",
            vec![Stall("he")],
            vec![Say("hello")],
            stream,
            vec!["head p0/x", "start", "text he", "failed upstream_timeout"],
            1,
        ),
        ("a panic", vec![Panic], vec![], stream, vec!["failed internal"], 1),
    ] {
        let mut providers = vec![Scripted::new(&first)];
        providers.extend((!second.is_empty()).then(|| Scripted::new(&second)));
        let (deliveries, trace) = rig(&providers).await.ask("?", streamed).await;
        assert_eq!(deliveries, told, "{name}");
        assert_eq!(trace.attempts.len(), attempts, "{name}");
        assert_steps(&trace, name);
    }
}

/// The steps stand on the trace in their order, and the last two on every exit.
fn assert_steps(trace: &Trace, name: &str) {
    let steps: Vec<&str> = trace.spans.iter().map(|span| span.step.as_str()).collect();
    let answered =
        ["identify", "resolve", "ground", "screen", "recall", "reserve", "attempt", "verify", "settle", "record"];
    if trace.outcome == Outcome::Answered {
        assert_eq!(steps, answered, "{name}");
    } else {
        assert!(steps.ends_with(&["settle", "record"]), "{name}: {steps:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_silence_within_an_answer_is_waited_out_so_long_and_no_longer() {
    let silent = Scripted::new(&[Act::Stall("he")]);
    let rig = rig_with(&[silent, Scripted::new(&[Act::Say("hello")])], |model| model.policy.retries = 0, |_| {}).await;
    // Something was said: no other target can take over.
    let (told, _) = rig.ask("?", true).await;
    assert_eq!(told.last().map(String::as_str), Some("failed upstream_timeout"));
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_kept_to() {
    let provider = Scripted::new(&[Act::Fail(Retry::Later(Some(Duration::from_secs(2)))), Act::Say("hello")]);
    let (_, trace) = rig(&[provider]).await.ask("?", false).await;
    assert!(trace.attempts[1].waited_us >= 2_000_000, "{:?}", trace.attempts);
}

#[tokio::test]
async fn a_caller_who_hangs_up_is_recorded_with_what_it_cost() {
    let rig = rig_with(&[Scripted::new(&[Act::Stall("hello there")])], |_| {}, priced).await;
    let mut reply = rig.gateway.answer(rig.call("a question of some length", true));
    while let Some(delivery) = reply.deliveries.recv().await {
        if format!("{delivery:?}").contains("hello there") {
            break;
        }
    }
    let id = reply.trace_id;
    drop(reply);
    let trace = loop {
        if let Some(trace) = rig.journal.trace_get(id).await.unwrap() {
            break trace;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(trace.outcome, Outcome::Cancelled);
    assert!(trace.usage.estimated && trace.usage.output > 0);
    assert!(trace.cost.unwrap() > Money::ZERO);
    assert_eq!(surefoot_types::conversation::words(&trace.answer), "hello there");
}

#[tokio::test]
async fn an_equal_request_is_answered_from_the_cache() {
    let provider = Scripted::new(&[Act::Say("hello")]);
    let rig =
        rig_with(std::slice::from_ref(&provider), |model| model.cache = Some(Duration::from_secs(60)), |_| {}).await;
    assert_eq!(rig.ask("?", false).await.0, ["head p0/x", "done hello"]);
    assert_eq!(rig.ask("?", false).await.0, ["head p0/x cached", "done hello"]);
    let (told, trace) = rig.ask("?", true).await;
    assert_eq!(told[0], "head p0/x cached");
    assert!(trace.cached && trace.cost == Some(Money::ZERO));
    assert_eq!(provider.times_asked(), 1);
    rig.ask("another question?", false).await;
    assert_eq!(provider.times_asked(), 2);
}

#[tokio::test]
async fn a_spent_budget_refuses_before_the_provider_is_asked() {
    let provider = Scripted::new(&[Act::Say("hello")]);
    let rig = rig_with(
        std::slice::from_ref(&provider),
        |_| {},
        |project| {
            priced(project);
            project.daily_budget = Some(Money::nanos(10));
        },
    )
    .await;
    let (told, trace) = rig.ask("?", false).await;
    assert_eq!(told, ["failed over_budget"]);
    assert_eq!(trace.attempts, []);
    assert_eq!(provider.times_asked(), 0);
}

#[tokio::test]
async fn a_secret_never_reaches_the_record() {
    let provider = Scripted::new(&[Act::Say("hello")]);
    let rig = rig(std::slice::from_ref(&provider)).await;
    let secret = format!("sk-proj-{}", "A2b3C4d5E6f7".repeat(4));
    let (_, trace) = rig.ask(&format!("my key is {secret}"), false).await;
    assert!(!format!("{trace:?}").contains(&secret));
    assert_eq!(trace.question, "my key is [secret]");
    assert_eq!(trace.verdicts[0].reason, "openai key");
    // The default only flags: the provider got the words as they were.
    assert!(provider.asked.lock().unwrap()[0].question().contains(&secret));
}

fn priced(project: &mut surefoot_gateway::Project) {
    let price = Price { input: "1".parse().unwrap(), output: "2".parse().unwrap(), ..Price::default() };
    project.prices.insert("p0/x".into(), price);
}
