//! No door without an access test: the list of doors is the description that the program itself gives.

use reqwest::Method;
use serde_json::Value;
use surefoot_types::key::Admin;

use crate::support::{Setting, chat, guarded, key, serve};

/// A door, and what it asks of a key: `None` where it asks for none.
struct Door {
    method: Method,
    path: String,
    needs: Option<&'static str>,
    /// Whether what it shows is everybody's.
    everybody: bool,
}

fn doors() -> Vec<Door> {
    let described: Value = serde_json::from_str(&surefoot_server::openapi()).unwrap();
    let mut doors = Vec::new();
    for (path, operations) in described["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let scopes = operation["security"][0]["key"].as_array();
            let needs = scopes.map(|scopes| match scopes.first().and_then(Value::as_str) {
                None => "any",
                Some("read") => "read",
                Some("all") => "all",
                Some(other) => panic!("{path}: {other}"),
            });
            let method = method.to_uppercase().parse().unwrap();
            let everybody = scopes.is_some_and(|scopes| scopes.iter().any(|scope| scope == "everybody"));
            doors.push(Door { method, path: path.replace(['{', '}'], ""), needs, everybody });
        }
    }
    doors
}

#[tokio::test(flavor = "multi_thread")]
async fn every_door_asks_for_the_key_that_it_is_described_to_ask_for() {
    let served = guarded().await;
    let doors = doors();
    assert!(doors.len() > 20, "{}", doors.len());
    for Door { method, path, needs, .. } in doors {
        for (key, level) in
            [(None, 0), (Some("nonsense"), 0), (Some("app"), 1), (Some("reader"), 2), (Some("admin"), 3)]
        {
            let needed = match needs {
                None => 0,
                Some("any") => 1,
                Some("read") => 2,
                Some(_) => 3,
            };
            let sent = served.ask(method.clone(), &path, key).body("{").send().await.unwrap();
            let status = sent.status().as_u16();
            let told = format!("{method} {path} with {key:?}: {status}");
            match (level >= needed, level) {
                (true, _) => assert!(![401, 403].contains(&status), "{told}"),
                (false, 0) => assert_eq!(status, 401, "{told}"),
                (false, _) => assert_eq!(status, 403, "{told}"),
            }
        }
    }
}

/// What every door shows of another tenant to a reader who sees only its own: nothing.
#[tokio::test(flavor = "multi_thread")]
async fn no_door_shows_a_tenant_what_is_another_ones() {
    let keys = [key("own", Admin::Read, Some("acme")), key("other", Admin::Read, Some("secretive"))];
    let served = serve(Setting { loopback: false, ..Setting::default() }, &keys).await;
    let asked = served.ask(Method::POST, "/v1/messages", Some("other")).json(&chat("sim/ok", false));
    let id = served.trace_of(&asked.send().await.unwrap()).await.id.to_string();
    let mut shown = 0;
    for Door { method, path, needs, everybody } in doors() {
        let reads = needs == Some("read") && method == Method::GET;
        assert!(!everybody || reads, "{path}");
        if !reads {
            continue;
        }
        let path = path.replace("/id", &format!("/{id}"));
        let told = async |key| {
            let answer = served.ask(Method::GET, &path, Some(key)).send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        let (status, text) = told("own").await;
        assert_eq!(status == 403, everybody, "{path}: {status} {text}");
        assert!(!text.contains("secretive") && (everybody || !text.contains(&id) || status == 404), "{path}: {text}");
        shown += usize::from(told("other").await.1.contains(&id));
    }
    assert!(shown >= 2, "its own reader sees it, in the list and alone: {shown}");
    for (page, status) in [("/evals", 403), ("/traces", 200), (&format!("/traces/{id}"), 404)] {
        assert_eq!(served.page(page, Some("own")).await.0, status, "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_healthz_and_the_way_in_are_open_beyond_loopback() {
    let open: Vec<String> = doors().into_iter().filter(|door| door.needs.is_none()).map(|door| door.path).collect();
    assert_eq!(open, ["/healthz"]);
    let served = guarded().await;
    for (path, with) in [
        ("/", [303, 403, 200, 200]),
        ("/traces", [303, 403, 200, 200]),
        ("/evals", [303, 403, 200, 200]),
        ("/spend", [303, 403, 200, 200]),
        ("/budgets", [303, 403, 200, 200]),
        ("/keys", [303, 403, 403, 200]),
        ("/audit", [303, 403, 403, 200]),
        ("/login", [200, 200, 200, 200]),
        ("/assets/console.css", [200, 200, 200, 200]),
    ] {
        for (key, expected) in [None, Some("app"), Some("reader"), Some("admin")].into_iter().zip(with) {
            let (status, page) = served.page(path, key).await;
            assert_eq!(status, expected, "{path} {key:?} {page}");
        }
    }
    for path in ["/ask", "/keys", "/keys/app/rotate", "/keys/app/revoke", "/traces/tr_1/feedback"] {
        let sent = served.form(path, None, &[("question", "q"), ("model", "m")]).await;
        assert_eq!(sent.headers()["location"], "/login", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_may_use_one_model_lists_and_uses_no_other() {
    let served = guarded().await;
    let body = serde_json::json!({"name": "narrow", "models": ["sim/ok"]});
    let (status, made) = served.api(Method::POST, "/api/keys", Some("admin"), Some(body)).await;
    assert_eq!(status, 201, "{made}");
    let secret = made["secret"].as_str();
    let (_, listed) = served.get("/v1/models", secret).await;
    let ids: Vec<&str> = listed["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["sim/ok"]);
    for (model, status) in [("sim/ok", 200), ("sim/echo", 403)] {
        let sent = served.ask(Method::POST, "/v1/messages", secret).json(&chat(model, false)).send().await.unwrap();
        assert_eq!(sent.status(), status, "{model}");
        assert_eq!(served.trace_of(&sent).await.key.as_deref(), Some("narrow"));
    }
}
