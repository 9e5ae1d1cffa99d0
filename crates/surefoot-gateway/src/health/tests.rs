use std::sync::Arc;

use surefoot_types::{Code, Retry, Secret};

use super::*;
use crate::{
    api::{Api, Opens},
    project::{Provider, Reach},
};

fn target(keys: &[&str]) -> Target {
    let credential = |id: &&str| Credential { id: (*id).into(), opens: Opens::Key(Secret::new("k")) };
    let mut api = Api::compatible("http://127.0.0.1:1");
    api.keys = keys.iter().map(credential).collect();
    let provider = Provider { name: "p".into(), reach: Reach::Http(Box::new(api)) };
    Target { provider: Arc::new(provider), model: "m".into() }
}

fn fault(code: Code, status: u16, retry: Retry) -> Fault {
    let mut fault = Fault::new(code, format!("the provider answered {status}")).retry(retry);
    fault.upstream_status = Some(status);
    fault
}

/// Makes a call with a key, which ends so.
fn call(health: &Health, target: &Target, key: usize, fault: Option<&Fault>) {
    health.begin(target, target.provider.keys().get(key), false).ended(fault);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_must_wait_waits_exactly_so_long_and_another_takes_over() {
    let (health, target) = (Health::default(), target(&["a", "b"]));
    let after = Duration::from_secs(7);
    let slow = fault(Code::RateLimited, 429, Retry::Later(Some(after)));
    assert_eq!(health.key(&target, None).unwrap().id, "a");
    call(&health, &target, 0, Some(&slow));
    assert_eq!(health.key(&target, None).unwrap().id, "b");
    assert_eq!(health.key(&target, Some("a")).unwrap().id, "b", "not even where its cache is warm");
    assert_eq!(health.pulse(&target, false), Pulse { shunned: false, ..Pulse::default() });
    call(&health, &target, 1, Some(&slow));
    assert_eq!(health.pulse(&target, false).rests, after);
    assert_eq!(health.why(&target).unwrap().retry, Retry::Later(Some(after)), "callers are told what is left");
    tokio::time::advance(after).await;
    assert_eq!(health.pulse(&target, false).rests, Duration::ZERO);
    assert_eq!(health.pulse(&target, false).circuit, Circuit::Closed, "429 does not trip the breaker");
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_is_left_out_at_every_target_and_is_the_last_choice() {
    let (health, target) = (Health::default(), target(&["a", "b"]));
    let other = Target { model: "n".into(), ..target.clone() };
    let refused = fault(Code::Upstream, 401, Retry::Elsewhere);
    call(&health, &target, 0, Some(&refused));
    assert_eq!(health.key(&other, None).unwrap().id, "b");
    call(&health, &target, 1, Some(&refused));
    let pulse = health.pulse(&other, false);
    assert!(pulse.shunned && pulse.rests.is_zero(), "with nothing else it is tried all the same: {pulse:?}");
    call(&health, &target, 0, None);
    assert!(!health.pulse(&other, false).shunned, "a key that opens again is taken back");
    // Forbidden there says nothing of another model.
    call(&health, &target, 0, Some(&fault(Code::Upstream, 403, Retry::Elsewhere)));
    assert_eq!(health.key(&target, None).unwrap().id, "b");
    assert_eq!(health.key(&other, Some("a")).unwrap().id, "a");
}

#[tokio::test(start_paused = true)]
async fn keys_take_turns_and_the_busier_waits() {
    let (health, target) = (Health::default(), target(&["a", "b", "c"]));
    let mut used = Vec::new();
    for _ in 0..6 {
        let key = health.key(&target, None);
        used.push(key.unwrap().id.clone());
        health.begin(&target, key, false).ended(None);
    }
    assert_eq!(used, ["a", "b", "c", "a", "b", "c"]);
    let long = health.begin(&target, target.provider.keys().first(), false);
    let mut used: Vec<String> = Vec::new();
    for _ in 0..4 {
        let key = health.key(&target, None);
        used.push(key.unwrap().id.clone());
        health.begin(&target, key, false).ended(None);
    }
    assert_eq!(used, ["b", "c", "b", "c"]);
    long.left();
}

#[tokio::test(start_paused = true)]
async fn a_breaker_opens_by_the_providers_faults_and_never_by_the_callers() {
    let (health, target) = (Health::default(), target(&[]));
    for _ in 0..100 {
        call(&health, &target, 0, Some(&fault(Code::BadRequest, 400, Retry::Never)));
        // Dropped half way, as by a caller who hangs up.
        drop(health.begin(&target, None, false));
    }
    assert_eq!(health.pulse(&target, false).circuit, Circuit::Closed);
    assert_eq!(health.pulse(&target, false).under_way, 0);
    for _ in 0..5 {
        call(&health, &target, 0, Some(&fault(Code::Upstream, 500, Retry::Later(None))));
    }
    let pulse = health.pulse(&target, false);
    assert_eq!((pulse.circuit, pulse.rests), (Circuit::Open, Duration::from_secs(1)));
    let told = health.why(&target).unwrap();
    assert!(told.message.contains("p/m failed again and again"), "{told:?}");
    tokio::time::advance(pulse.rests).await;
    let probe = health.begin(&target, None, false);
    assert!(!health.pulse(&target, false).rests.is_zero(), "one probe at a time");
    probe.ended(None);
    assert_eq!(health.pulse(&target, false).circuit, Circuit::Closed);
}

#[tokio::test(start_paused = true)]
async fn what_is_told_of_it() {
    let (health, target) = (Health::default(), target(&["env:KEY"]));
    call(&health, &target, 0, Some(&fault(Code::Upstream, 401, Retry::Elsewhere)));
    health.begin(&target, target.provider.keys().first(), true).spoke();
    let told = health.report();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].target.as_str(), told[0].circuit, told[0].retries_left), ("p/m", "closed", 10));
    assert_eq!((told[0].parked[0].key.as_str(), told[0].parked[0].strict), ("env:KEY", false));
    assert_eq!(told[0].first_token_ms, Some(0));
}
