//! The shape of answers, and answers that are given again.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use surefoot_gateway::{Call, Delivery};
use surefoot_types::{
    Money, Retry,
    conversation::{ResponseFormat, words},
    trace::{Keep, Trace},
};
use tokio::sync::Notify;

use crate::support::{Act, Rig, Scripted, rig, rig_with};

fn shaped(rig: &Rig, stream: bool) -> Call {
    let mut call = rig.call("How old is Ana?", stream);
    let schema = json!({"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]});
    call.chat.response_format = Some(ResponseFormat::JsonSchema { name: "age".into(), schema, strict: None });
    call
}

fn purposes(trace: &Trace) -> Vec<&str> {
    trace.attempts.iter().map(|attempt| attempt.purpose.as_str()).collect()
}

#[tokio::test]
async fn a_whole_answer_fits_its_schema_or_the_request_fails() {
    use Act::{Fail, Say};
    for (name, acts, told, attempts) in [
        ("as it came", vec![Say(r#"{"age": 41}"#)], "done {\"age\": 41}", vec![""]),
        ("mended", vec![Say("Sure:\n```json\n{'age': '41',}\n```")], "done {\"age\":41}", vec![""]),
        (
            "repaired by the model",
            vec![Say("She is 41."), Say(r#"{"age": 41}"#)],
            "done {\"age\": 41}",
            vec!["", "repair"],
        ),
        ("repaired once", vec![Say("She is 41."), Say("As I said, 41.")], "failed upstream", vec!["", "repair"]),
        ("no repair to be had", vec![Say("She is 41."), Fail(Retry::Never)], "failed upstream", vec!["", "repair"]),
    ] {
        let provider = Scripted::new(&acts);
        let rig = rig(std::slice::from_ref(&provider)).await;
        let (deliveries, trace) = rig.ask_with(shaped(&rig, false)).await;
        assert_eq!(deliveries.last().map(String::as_str), Some(told), "{name}");
        assert_eq!(purposes(&trace), attempts, "{name}");
        if attempts.len() == 2 {
            let asked = provider.asked.lock().unwrap()[1].messages.clone();
            assert_eq!(asked[1].words(), "She is 41.", "{name}");
            assert!(asked[2].words().contains("the answer: \"She is 41.\" is not of type \"object\""), "{name}");
        }
        if told.starts_with("failed") {
            let fault = trace.fault.unwrap();
            assert_eq!(fault.param.as_deref(), Some("response_format"), "{name}");
            assert!(!fault.message.contains("She is"), "what was said is not repeated: {}", fault.message);
        } else {
            let text = words(&trace.answer);
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), json!({"age": 41}), "{name}");
        }
    }
}

#[tokio::test]
async fn a_streamed_answer_is_cut_off_with_a_fault_where_it_does_not_fit() {
    for (said, told) in [
        (r#"{"age": 41}"#, vec!["head p0/x", "start", "text {\"age\": 41}", "finish", "usage", "end", "done"]),
        (
            "```json\n{\"age\": 41}\n```",
            vec!["head p0/x", "start", "text {\"age\": 41}", "finish", "usage", "end", "done"],
        ),
        (r#"{"age": "41"}"#, vec!["head p0/x", "start", "text {\"age\": \"41\"}", "failed upstream"]),
        ("She is 41.", vec!["head p0/x", "failed upstream"]),
    ] {
        let rig = rig(&[Scripted::new(&[Act::Say(said)])]).await;
        assert_eq!(rig.ask_with(shaped(&rig, true)).await.0, told, "{said}");
    }
}

#[tokio::test]
async fn best_effort_is_left_alone() {
    let rig = rig(&[Scripted::new(&[Act::Say("She is 41.")])]).await;
    let mut call = shaped(&rig, false);
    if let Some(ResponseFormat::JsonSchema { strict, .. }) = &mut call.chat.response_format {
        *strict = Some(false);
    }
    assert_eq!(rig.ask_with(call).await.0, ["head p0/x", "done She is 41."]);
}

async fn caching(acts: &[Act]) -> (Arc<Rig>, Arc<Scripted>) {
    let provider = Scripted::new(acts);
    let kept = Some(Duration::from_secs(60));
    let rig = rig_with(std::slice::from_ref(&provider), |model| model.cache = kept, |_| {}).await;
    (Arc::new(rig), provider)
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn equal_requests_at_once_are_asked_once() {
    let go = Arc::new(Notify::new());
    let (rig, provider) = caching(&[Act::Wait(Arc::clone(&go), Box::new(Act::Say("hello")))]).await;
    let asked: Vec<_> = (0..6)
        .map(|n| {
            let rig = Arc::clone(&rig);
            tokio::spawn(async move { rig.ask("?", n % 2 == 1).await })
        })
        .collect();
    until(|| provider.times_asked() == 1).await;
    go.notify_waiters();
    let mut cached = 0;
    for asked in asked {
        let (told, trace) = asked.await.unwrap();
        assert!(told.join(" ").contains("hello") && told.last().unwrap().starts_with("done"), "{told:?}");
        cached += usize::from(trace.cached);
        assert_eq!(trace.usage.total() == 0, trace.cached, "only who was answered by the model used tokens");
        assert_eq!(trace.cost == Some(Money::ZERO), trace.cached);
    }
    assert_eq!((cached, provider.times_asked()), (5, 1));
}

#[tokio::test]
async fn a_leader_that_fails_or_hangs_up_fails_nobody_else() {
    for hangs_up in [true, false] {
        let go = Arc::new(Notify::new());
        let leads = Act::Wait(Arc::clone(&go), Box::new(Act::Fail(Retry::Never)));
        let (rig, provider) = caching(&[leads, Act::Say("hello")]).await;
        let mut leader = rig.gateway.answer(rig.call("?", true));
        until(|| provider.times_asked() == 1).await;
        let others: Vec<_> = (0..3)
            .map(|_| {
                let rig = Arc::clone(&rig);
                tokio::spawn(async move { rig.ask("?", false).await.0 })
            })
            .collect();
        if hangs_up {
            drop(leader);
        } else {
            go.notify_one();
            assert!(matches!(leader.deliveries.recv().await, Some(Delivery::Failed(_))));
        }
        for other in others {
            assert_eq!(other.await.unwrap().last().unwrap(), "done hello", "hangs up: {hangs_up}");
        }
    }
}

#[tokio::test]
async fn what_is_never_kept() {
    // An answer that failed.
    let (rig, provider) = caching(&[Act::Fail(Retry::Never), Act::Say("hello")]).await;
    assert_eq!(rig.ask("?", false).await.0, ["failed upstream"]);
    assert_eq!(rig.ask("?", false).await.0, ["head p0/x", "done hello"]);
    assert_eq!(provider.times_asked(), 2);
    // An answer of a request of which nothing may be kept.
    let provider = Scripted::new(&[Act::Say("hello")]);
    let rig = rig_with(
        std::slice::from_ref(&provider),
        |model| model.cache = Some(Duration::from_secs(60)),
        |project| project.records.keep = Keep::Nothing,
    )
    .await;
    for times in 1..=2 {
        let mut reply = rig.gateway.answer(rig.call("?", false));
        while reply.deliveries.recv().await.is_some() {}
        assert_eq!(provider.times_asked(), times);
    }
}

#[tokio::test]
async fn equal_is_what_says_the_same() {
    let (rig, provider) = caching(&[Act::Say("hello")]).await;
    let with = |first: &str, second: &str| {
        let mut call = rig.call("?", false);
        for name in [first, second] {
            call.chat.extra.insert(name.to_owned(), json!(name));
        }
        call
    };
    rig.ask_with(with("a", "b")).await;
    assert_eq!(rig.ask_with(with("b", "a")).await.0[0], "head p0/x cached", "members in another order");
    let mut other = rig.call("?", false);
    other.chat.user = Some("ana".into());
    assert_eq!(rig.ask_with(other).await.0[0], "head p0/x", "another user's");
    assert_eq!(provider.times_asked(), 2);
}
