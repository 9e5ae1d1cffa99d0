//! What is stored of a request, and what happens when it cannot be.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use surefoot_gateway::{Project, TraceContext, identify::secret_hash, project::Records};
use surefoot_testkit::MemoryStore;
use surefoot_types::{
    Code, Secret, Timestamp,
    budget::Rates,
    erasure::user_hash,
    feedback::Feedback,
    ids::{KeyId, TraceId},
    key::{Admin, Key, KeySecret, Scope},
    ports::{Books, Found, Journal, Record, Search, StoreError, Stored, TraceFilter},
    spend::{By, SpendQuery, Step},
    trace::{Keep, Outcome, Trace, TraceSummary},
};

use crate::support::{Act, Scripted, parts, rig_of, rig_with};

fn key(name: &str, secret: &str) -> Key {
    Key {
        id: KeyId::from_bits(1),
        name: name.into(),
        secrets: vec![KeySecret { hash: secret_hash(&Secret::new(secret)), expires: None }],
        tenant: Some("acme".into()),
        created: Timestamp::UNIX_EPOCH,
        expires: None,
        revoked: None,
        scope: Scope::default(),
        tags: BTreeMap::from([("team".into(), "docs".into()), ("plan".into(), "free".into())]),
        limits: Rates::default(),
        budget: None,
        keep: None,
    }
}

#[tokio::test]
async fn the_strictest_says_what_is_kept() {
    for (project_keep, key_keep, expected) in [
        (Keep::All, None, Some("hello")),
        (Keep::All, Some(Keep::Metadata), Some("")),
        (Keep::Metadata, Some(Keep::All), Some("")),
        (Keep::All, Some(Keep::Nothing), None),
    ] {
        let key = Key { keep: key_keep, ..key("app", "sf-1") };
        let change = |project: &mut Project| {
            project.records.keep = project_keep;
            project.keys.push(key);
        };
        let rig = rig_with(&[Scripted::new(&[Act::Say("hello")])], |_| {}, change).await;
        let mut call = rig.call("?", false);
        call.caller.secret = Some(Secret::new("sf-1"));
        call.context.tags.insert("plan".into(), "pro".into());
        let id = call.trace_id;
        rig.gateway.answer(call).collect().await.unwrap();
        let trace = rig.journal.trace_get(id).await.unwrap();
        let said = trace.as_ref().map(|trace| surefoot_types::conversation::words(&trace.answer));
        assert_eq!(said.as_deref(), expected, "{project_keep:?} {key_keep:?}");
        if let Some(trace) = trace {
            assert_eq!(trace.key.as_deref(), Some("app"));
            assert_eq!((trace.tags["team"].as_str(), trace.tags["plan"].as_str()), ("docs", "pro"), "the caller's win");
        }
        let query =
            SpendQuery { by: By::Tenant, name: None, since: Timestamp::UNIX_EPOCH, until: None, step: Step::Whole };
        let rows = rig.journal.spend_list(&query).await.unwrap();
        assert_eq!((rows[0].name.as_str(), rows[0].sums.requests), ("acme", 1), "the books count it in any case");
    }
}

#[tokio::test]
async fn a_key_opens_only_what_it_may_use() {
    let scope = Scope { models: Some(vec!["m".into()]), admin: Admin::Read, ..Scope::default() };
    let rig = rig_with(
        &[Scripted::new(&[Act::Say("hello")])],
        |_| {},
        |project| project.keys.push(Key { scope, ..key("app", "sf-1") }),
    )
    .await;
    let ask = async |model: &str| {
        let mut call = rig.call("?", false);
        call.chat.model = model.into();
        call.caller.secret = Some(Secret::new("sf-1"));
        rig.ask_with(call).await.1
    };
    assert_eq!(ask("m").await.outcome, Outcome::Answered);
    let refused = ask("p0/x").await.fault.unwrap();
    assert_eq!(refused.code, Code::Forbidden);
    assert!(refused.told().contains("may not use the model 'p0/x'") && refused.told().ends_with("kind: m."));
    let caller = surefoot_gateway::Caller { secret: Some(Secret::new("sf-1")), trusted: false };
    let admitted = rig.gateway.admit(&caller, Admin::Read).unwrap();
    assert_eq!(rig.gateway.admit(&caller, Admin::All).unwrap_err().code, Code::Forbidden);
    assert_eq!(rig.gateway.models(admitted.as_ref()), ["m"]);
    assert_eq!(rig.gateway.models(None).len(), 2);
}

/// A journal whose disk is full.
struct Full;

#[async_trait]
impl Journal for Full {
    async fn record_add(&self, _: Record) -> Stored<()> {
        Err(StoreError::Unavailable("the disk is full".into()))
    }
    async fn trace_get(&self, _: TraceId) -> Stored<Option<Trace>> {
        Ok(None)
    }
    async fn trace_list(&self, _: &TraceFilter, _: usize) -> Stored<Vec<TraceSummary>> {
        Ok(Vec::new())
    }
    async fn trace_search(&self, _: &Search, _: usize) -> Stored<Found> {
        Ok(Found::default())
    }
    async fn feedback_add(&self, _: &Feedback) -> Stored<()> {
        Ok(())
    }
    async fn trace_prune(&self, _: Timestamp, _: usize) -> Stored<u64> {
        Ok(0)
    }
    async fn feedback_list(&self, _: TraceId) -> Stored<Vec<Feedback>> {
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn a_full_disk_stops_serving_or_not_as_it_is_set() {
    for serve_unrecorded in [false, true] {
        let store = Arc::new(MemoryStore::default());
        let change = |project: &mut Project| project.records = Records { serve_unrecorded, ..Records::default() };
        let mut parts = parts(&[Scripted::new(&[Act::Say("hello")])], &store, |_| {}, change);
        parts.journal = Arc::new(Full);
        let rig = rig_of(parts, store).await;
        let collected = rig.gateway.answer(rig.call("?", false)).collect().await;
        match collected {
            Ok(collected) => assert!(serve_unrecorded, "{collected:?}"),
            Err(failed) => assert!(!serve_unrecorded && failed.fault.code == Code::Unavailable, "{failed:?}"),
        }
    }
}

#[tokio::test]
async fn a_share_of_the_answered_is_kept_and_all_of_the_failed() {
    let acts = [Act::Fail(surefoot_types::Retry::Never), Act::Say("hello")];
    let rig = rig_with(&[Scripted::new(&acts)], |_| {}, |project| project.records.sample = 0.0).await;
    for outcome in [Some(Outcome::Failed), None] {
        let reply = rig.gateway.answer(rig.call("?", false));
        let id = reply.trace_id;
        let _ = reply.collect().await;
        assert_eq!(rig.journal.trace_get(id).await.unwrap().map(|trace| trace.outcome), outcome);
    }
}

#[tokio::test]
async fn an_erased_users_answers_are_forgotten() {
    let provider = Scripted::new(&[Act::Say("hello")]);
    let minute = Some(std::time::Duration::from_secs(60));
    let rig = rig_with(std::slice::from_ref(&provider), |model| model.cache = minute, |_| {}).await;
    let ask = async |user: &str| {
        let mut call = rig.call("?", false);
        call.chat.user = Some(user.into());
        rig.ask_with(call).await.1.cached
    };
    assert_eq!([ask("u").await, ask("v").await, ask("u").await, ask("v").await], [false, false, true, true]);
    rig.gateway.forget_user(&user_hash("u"), Timestamp::UNIX_EPOCH);
    assert_eq!([ask("u").await, ask("v").await, ask("u").await], [false, true, true]);
    // An answer that was under way when its user was erased is late, and not kept.
    let far = "2999-01-01T00:00:00Z".parse().unwrap();
    rig.gateway.forget_user(&user_hash("u"), far);
    assert_eq!([ask("u").await, ask("u").await], [false, false]);
}

#[tokio::test]
async fn the_callers_trace_is_noted() {
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let rig = rig_with(&[Scripted::new(&[Act::Say("hello")])], |_| {}, |_| {}).await;
    let mut call = rig.call("?", false);
    call.context.trace = TraceContext::read(Some(parent), None);
    let (_, trace) = rig.ask_with(call).await;
    assert_eq!(trace.parent.as_deref(), Some(parent));
}
