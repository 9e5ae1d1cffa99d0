//! What was spent, by whom; what was done; what is left after an erasure; and who sees which of it.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use surefoot_testkit::samples;
use surefoot_types::{
    Clock, Money, SystemClock,
    audit::AuditDraft,
    budget::{AccountId, Budget, Charge, Every, LeaseAsk, LeaseChange, Lives, Per},
    key::Admin,
    ports::{Archive, Journal, Ledger, Record},
    trace::Trace,
};

use crate::support::{PATIENCE, Served, Setting, guarded, key, serve};

/// A trace of today, of a key, a tenant and a user.
fn trace(n: u64, key: &str, tenant: &str, user: &str) -> Trace {
    let mut trace = samples::trace(n);
    trace.at = SystemClock.now();
    (trace.key, trace.tenant, trace.user) = (Some(key.into()), Some(tenant.into()), Some(user.into()));
    trace.tags.insert("team".into(), "=cmd()".into());
    trace
}

/// Two requests of one tenant, one of another.
async fn spent(served: &Served) {
    for (n, key, tenant, user) in [(1, "a", "acme", "ann"), (2, "b", "acme", "bob"), (3, "c", "other", "cid")] {
        served.store.record_add(Record::of(Arc::new(trace(n, key, tenant, user)))).await.unwrap();
    }
}

/// A server with keys of two tenants beside the usual ones.
async fn of_tenants() -> Served {
    let keys = [
        key("admin", Admin::All, Some("acme")),
        key("reader", Admin::Read, None),
        key("acme-reader", Admin::Read, Some("acme")),
        key("acme-app", Admin::None, Some("acme")),
    ];
    let mut setting = Setting { loopback: false, ..Setting::default() };
    let budget = |name: &str, per| Budget {
        name: name.into(),
        per,
        every: Every::Month,
        limit: Money::nanos(10_000),
        hard: true,
        warn_at: vec![80],
    };
    setting.project.budgets = vec![budget("all", Per::All), budget("each", Per::Tenant)];
    let served = serve(setting, &keys).await;
    spent(&served).await;
    served
}

fn names(rows: &Value) -> Vec<(&str, u64)> {
    let rows = rows["rows"].as_array().unwrap().iter();
    rows.map(|row| (row["name"].as_str().unwrap(), row["requests"].as_u64().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn spending_by_whatever_is_asked() {
    let served = of_tenants().await;
    for (query, expected) in [
        ("", vec![("", 3)]),
        ("?by=tenant", vec![("acme", 2), ("other", 1)]),
        ("?by=tenant&name=other", vec![("other", 1)]),
        ("?by=user&step=day", vec![("ann", 1), ("bob", 1), ("cid", 1)]),
        ("?by=tag:team&step=hour", vec![("=cmd()", 3)]),
        ("?by=model", vec![("sim/ok", 3)]),
        ("?by=key&until=2020-01-01", vec![]),
        ("?by=key&since=2999-01-01T00:00:00Z", vec![]),
    ] {
        let (status, told) = served.get(&format!("/api/spend{query}"), Some("reader")).await;
        assert_eq!(status, 200, "{query} {told}");
        let mut found = names(&told);
        found.sort_unstable();
        assert_eq!(found, expected, "{query}");
    }
    let (_, told) = served.get("/api/spend?by=tenant&name=acme", Some("reader")).await;
    assert_eq!(told["rows"][0]["cost_usd"], 0.000_002);
    for query in ["?by=nobody", "?step=year", "?since=yesterday", "?format=xml", "?other=1"] {
        let (status, told) = served.get(&format!("/api/spend{query}"), Some("reader")).await;
        assert_eq!((status, &told["error"]["code"]), (400, &json!("bad_request")), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spending_as_csv_is_exact_and_no_name_in_it_is_a_formula() {
    let served = of_tenants().await;
    let (status, csv) = served.page("/api/spend?by=tag:team&format=csv", Some("reader")).await;
    assert_eq!(status, 200);
    let mut lines = csv.lines();
    assert!(lines.next().unwrap().starts_with("name,requests,failed,unpriced,cost_usd,input,"), "{csv}");
    assert!(lines.next().unwrap().starts_with("'=cmd(),3,0,0,0.000003,30,"), "{csv}");
    let (_, daily) = served.page("/api/spend?step=day&format=csv", Some("reader")).await;
    assert!(daily.starts_with("at,name,"), "{daily}");
    let (_, empty) = served.page("/api/spend?until=2020-01-01&format=csv", Some("reader")).await;
    assert_eq!(empty.lines().count(), 1, "nothing but the head: {empty}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_reader_sees_its_own_and_nothing_else() {
    let served = of_tenants().await;
    let own = Some("acme-reader");
    let listed = |told: &Value| told["traces"].as_array().map(Vec::len);
    for (key, query, expected) in [
        (own, "", Some(2)),
        (own, "?tenant=acme", Some(2)),
        (own, "?user=ann", Some(1)),
        (own, "?key=c", Some(0)),
        (Some("reader"), "", Some(3)),
        (Some("reader"), "?key=c", Some(1)),
        (Some("admin"), "", Some(3)),
    ] {
        let (_, told) = served.get(&format!("/api/traces{query}"), key).await;
        assert_eq!(listed(&told), expected, "{key:?} {query}");
    }
    assert_eq!(served.get("/api/traces?tenant=other", own).await.0, 403);
    let (ours, theirs) = (samples::trace_id(1), samples::trace_id(3));
    for (key, id, status) in [(own, ours, 200), (own, theirs, 404), (Some("reader"), theirs, 200)] {
        assert_eq!(served.get(&format!("/api/traces/{id}"), key).await.0, status, "{key:?} {id}");
        assert_eq!(served.page(&format!("/traces/{id}"), key).await.0, status, "{key:?} {id}");
    }
    let said = |id| json!({"trace_id": id, "metric": "thumbs", "value": true});
    for (id, status) in [(ours, 201), (theirs, 404)] {
        assert_eq!(served.api(Method::POST, "/api/feedback", Some("acme-app"), Some(said(id))).await.0, status);
    }
    assert!(served.store.feedback_list(theirs).await.unwrap().is_empty());

    for (query, expected) in [("", 200), ("?by=tenant", 200), ("?by=tenant&name=other", 403), ("?by=user", 403)] {
        let (status, told) = served.get(&format!("/api/spend{query}"), own).await;
        assert_eq!(status, expected, "{query}");
        assert!(status != 200 || names(&told) == [("acme", 2)], "{query} {told}");
    }
    for path in ["/traces", "/spend", "/budgets"] {
        let (status, page) = served.page(path, own).await;
        assert_eq!(status, 200, "{path}");
        assert!(!page.contains("other") && !page.contains("cid"), "{path}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn budgets_as_they_stand() {
    let served = of_tenants().await;
    let account = |name: &str, per: Per, subject: &str| {
        AccountId::new(&format!("budget:{name}"), &per, subject, Every::Month.window(SystemClock.now()).start)
    };
    let ask = LeaseAsk {
        account: account("each", Per::Tenant, "acme"),
        limit: 10_000,
        change: LeaseChange::By(5_000),
        needed: 0,
    };
    served.store.lease_change("h", &[ask], Lives::all(PATIENCE)).await.unwrap();
    let charge = Charge { account: account("each", Per::Tenant, "acme"), amount: 2_000, holder: "h".into() };
    served.store.record_add(samples::charged(9, vec![charge])).await.unwrap();

    let (status, told) = served.get("/api/budgets", Some("reader")).await;
    assert_eq!(status, 200);
    let states = told["budgets"].as_array().unwrap();
    assert_eq!(states.len(), 2, "{told}");
    let dollars =
        |state: &Value| ["limit_usd", "spent_usd", "held_usd", "left_usd"].map(|field| state[field].as_f64().unwrap());
    assert_eq!((&states[0]["budget"], dollars(&states[0])), (&json!("all"), [0.00001, 0.0, 0.0, 0.00001]));
    assert_eq!(
        (&states[1]["subject"], dollars(&states[1])),
        (&json!("acme"), [0.00001, 0.000_002, 0.000_003, 0.000_005])
    );
    let (_, own) = served.get("/api/budgets", Some("acme-reader")).await;
    assert_eq!(own["budgets"].as_array().unwrap().len(), 1, "everybody's budget is not a tenant's to see");
    let (_, page) = served.page("/budgets", Some("reader")).await;
    assert!(page.contains("20 % spent, 30 % held") && page.contains("tenant acme"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_is_certified_and_noted() {
    let served = of_tenants().await;
    let (status, certificate) = served.api(Method::DELETE, "/api/users/ann", Some("admin"), None).await;
    assert_eq!(status, 200, "{certificate}");
    assert_eq!(certificate["counts"]["traces"], 1);
    assert_eq!(served.store.trace_get(samples::trace_id(1)).await.unwrap(), None);
    let (_, audit) = served.get("/api/audit", Some("admin")).await;
    let event = &audit["events"][0];
    assert_eq!((&event["action"], &event["subject"]), (&json!("user.erase"), &certificate["user_hash"]));
    assert_eq!((&event["number"], &event["hash"]), (&certificate["audit_number"], &certificate["audit_hash"]));
    assert!(!audit.to_string().contains("ann"), "{audit}");
    let (status, none) = served.api(Method::DELETE, "/api/users/nobody%20at%2Fall", Some("admin"), None).await;
    assert_eq!((status, &none["counts"]["traces"]), (200, &json!(0)), "a user of whom nothing is there is erased too");
}

fn draft(n: i64) -> AuditDraft {
    AuditDraft {
        at: SystemClock.now(),
        actor: "cli".into(),
        action: "key.create".into(),
        subject: n.to_string(),
        detail: Value::Null,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_paged_and_proved() {
    let served = guarded().await;
    for n in 1..=120 {
        served.store.audit_add(&draft(n)).await.unwrap();
    }
    let (_, page) = served.get("/api/audit?after=100&limit=15", Some("admin")).await;
    let numbers: Vec<u64> =
        page["events"].as_array().unwrap().iter().filter_map(|event| event["number"].as_u64()).collect();
    assert_eq!(numbers, (101..=115).collect::<Vec<_>>());
    let (_, proof) = served.get("/api/audit/verify", Some("admin")).await;
    assert_eq!((&proof["intact"], &proof["number"], &proof["last"]), (&json!(true), &json!(120), &json!(120)));
    let noted = page["events"][0]["hash"].as_str().unwrap();
    for (number, hash, intact) in [(101, noted, true), (101, "other", false), (121, noted, false)] {
        let (_, held) = served.get(&format!("/api/audit/verify?number={number}&hash={hash}"), Some("admin")).await;
        assert_eq!(held["intact"], intact, "{number} {hash}: {held}");
    }
    assert_eq!(served.get("/api/audit/verify?number=1", Some("admin")).await.0, 400);
    let (_, newest) = served.page("/audit", Some("admin")).await;
    assert!(newest.contains("Every event follows") && newest.contains("/audit?before=71"), "{newest}");
    let (_, oldest) = served.page("/audit?before=21", Some("admin")).await;
    assert!(!oldest.contains("/audit?before="), "{oldest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_processes_that_share_the_store() {
    let served = guarded().await;
    let (status, told) = served.get("/api/replicas", Some("reader")).await;
    assert_eq!((status, &told["replicas"][0]["holder"]), (200, &json!("memory-0")), "{told}");
}
