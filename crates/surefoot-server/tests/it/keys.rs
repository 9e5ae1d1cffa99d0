//! The life of a key, over the API.

use reqwest::Method;
use serde_json::{Value, json};
use surefoot_types::ports::Ledger;

use crate::support::{Served, Setting, guarded, key, serve};

/// The status of a call with this secret.
async fn status_with(served: &Served, secret: &str) -> u16 {
    served.get("/v1/models", Some(secret)).await.0
}

async fn make(served: &Served, body: Value) -> (u16, Value) {
    served.api(Method::POST, "/api/keys", Some("admin"), Some(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_rotated_with_overlap_and_revoked() {
    let served = guarded().await;
    let body = json!({"name": "web", "tenant": "acme", "admin": "read", "functions": ["answer"], "tags": {"team": "a"},
        "limits": {"requests": 60}, "budget": {"usd": "12.50", "every": "month"}, "keep": "metadata",
        "expires": "2999-01-01T00:00:00Z"});
    let (status, made) = make(&served, body).await;
    assert_eq!(status, 201, "{made}");
    let first = made["secret"].as_str().unwrap().to_owned();
    assert!(first.starts_with("sf-") && first.len() == 35, "{first}");
    assert_eq!(made["key"]["budget"], json!({"usd": 12.5, "every": "month"}));
    assert_eq!(status_with(&served, &first).await, 200);

    let (_, rotated) =
        served.api(Method::POST, "/api/keys/web/rotate", Some("admin"), Some(json!({"overlap_seconds": 600}))).await;
    let second = rotated["secret"].as_str().unwrap().to_owned();
    assert!(rotated["key"]["overlap"].is_string(), "{rotated}");
    for secret in [&first, &second] {
        assert_eq!(status_with(&served, secret).await, 200, "both open it while they overlap");
    }
    let (_, again) = served.api(Method::POST, "/api/keys/web/rotate", Some("admin"), None).await;
    let third = again["secret"].as_str().unwrap();
    for (secret, status) in [(first.as_str(), 401), (second.as_str(), 401), (third, 200)] {
        assert_eq!(status_with(&served, secret).await, status, "without an overlap only the newest opens it");
    }

    let id = made["key"]["id"].as_str().unwrap();
    let (status, revoked) = served.api(Method::POST, &format!("/api/keys/{id}/revoke"), Some("admin"), None).await;
    assert_eq!((status, &revoked["state"]), (200, &json!("revoked")));
    assert_eq!(status_with(&served, third).await, 401);
    let (status, told) = served.api(Method::POST, "/api/keys/web/rotate", Some("admin"), None).await;
    assert_eq!(status, 400, "a revoked key comes to no new life: {told}");

    let (_, audit) = served.get("/api/audit", Some("admin")).await;
    let told: Vec<_> =
        audit["events"].as_array().unwrap().iter().map(|event| (&event["actor"], &event["action"])).collect();
    let by_admin = |action: &str| (json!("admin"), json!(action));
    let expected = ["key.create", "key.rotate", "key.rotate", "key.revoke"].map(by_admin);
    assert_eq!(told, expected.iter().map(|(actor, action)| (actor, action)).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_told_once_and_its_hash_never() {
    let served = guarded().await;
    let (_, made) = make(&served, json!({"name": "web"})).await;
    let secret = made["secret"].as_str().unwrap();
    let hash = served.store.key_list().await.unwrap().pop().unwrap().secrets[0].hash.clone();
    for path in ["/api/keys", "/api/keys/web", "/api/audit", "/api/traces", "/keys", "/audit", "/metrics"] {
        let (status, told) = served.page(path, Some("admin")).await;
        assert_eq!(status, 200);
        assert!(!told.contains(secret) && !told.contains(&hash), "{path}: {told}");
    }
    assert!(!served.page("/api/keys/web", Some("admin")).await.1.contains("secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_body_makes_no_key() {
    let served = guarded().await;
    for (body, param) in [
        (json!({}), None),
        (json!({"name": ""}), Some("name")),
        (json!({"name": "a b"}), Some("name")),
        (json!({"name": "x".repeat(65)}), Some("name")),
        (json!({"name": "admin"}), Some("name")),
        (json!({"name": "cli"}), Some("name")),
        (json!({"name": "local"}), Some("name")),
        (json!({"name": "k", "tenant": ""}), Some("tenant")),
        (json!({"name": "k", "expires": "2000-01-01T00:00:00Z"}), Some("expires")),
        (json!({"name": "k", "expires": "soon"}), None),
        (json!({"name": "k", "limits": {"requests": 0}}), Some("limits")),
        (json!({"name": "k", "limits": {"request": 1}}), None),
        (json!({"name": "k", "budget": {"usd": -1, "every": "day"}}), None),
        (json!({"name": "k", "budget": {"usd": 1}}), None),
        (json!({"name": "k", "admin": "some"}), None),
        (json!({"name": "k", "secret": "mine"}), None),
    ] {
        let (status, told) = make(&served, body.clone()).await;
        assert_eq!((status, &told["error"]["code"]), (400, &json!("bad_request")), "{body} {told}");
        assert_eq!(told["error"]["param"].as_str(), param, "{body} {told}");
    }
    assert_eq!(served.store.key_list().await.unwrap().len(), 3);
    assert_eq!(served.get("/api/audit", Some("admin")).await.1["events"], json!([]));
    for path in ["/api/keys/none/rotate", "/api/keys/none/revoke"] {
        assert_eq!(served.api(Method::POST, path, Some("admin"), None).await.0, 404, "{path}");
    }
    let long = json!({"overlap_seconds": 99_999_999});
    assert_eq!(served.api(Method::POST, "/api/keys/app/rotate", Some("admin"), Some(long)).await.0, 400);
    assert_eq!(status_with(&served, "app").await, 200, "a refused rotation leaves the key as it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_of_the_projects_files_are_shown_and_changed_there() {
    let mut setting = Setting { loopback: false, ..Setting::default() };
    setting.project.keys = vec![key("written", surefoot_types::key::Admin::All, None)];
    let served = serve(setting, &[]).await;
    let (_, listed) = served.get("/api/keys", Some("written")).await;
    assert_eq!((&listed["keys"][0]["name"], &listed["keys"][0]["from"]), (&json!("written"), &json!("project")));
    for path in ["/api/keys/written/rotate", "/api/keys/written/revoke"] {
        let (status, told) = served.api(Method::POST, path, Some("written"), None).await;
        assert_eq!(status, 400);
        assert!(told["error"]["message"].as_str().unwrap().contains("surefoot.toml"), "{told}");
    }
    let (status, _) = served.api(Method::POST, "/api/keys", Some("written"), Some(json!({"name": "written"}))).await;
    assert_eq!(status, 400, "its name is taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_and_a_revocation_at_once_end_in_a_revoked_key() {
    let served = guarded().await;
    for n in 0..10 {
        let name = format!("k-{n}");
        make(&served, json!({"name": name})).await;
        let (rotate, revoke) = (format!("/api/keys/{name}/rotate"), format!("/api/keys/{name}/revoke"));
        let rotations = (0..5).map(|_| served.api(Method::POST, &rotate, Some("admin"), None));
        let all = futures_util::future::join_all(rotations);
        let (_, (status, _)) = tokio::join!(all, served.api(Method::POST, &revoke, Some("admin"), None));
        assert_eq!(status, 200);
        assert_eq!(served.get(&format!("/api/keys/{name}"), Some("admin")).await.1["state"], "revoked");
    }
}
