//! Kept responses are their caller's alone, and only what may be kept is.

use reqwest::Method;
use serde_json::{Value, json};
use surefoot_gateway::{Project, project::Records};
use surefoot_types::{key::Admin, trace::Keep};

use crate::support::{Served, Setting, key, serve, served};

async fn create(served: &Served, key: &str, body: Value) -> (u16, Value) {
    served.api(Method::POST, "/v1/responses", Some(key), Some(body)).await
}

fn hello(previous: Option<&str>) -> Value {
    json!({"model": "sim/echo", "input": "hello", "previous_response_id": previous})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_is_its_tenants_or_its_keys_alone() {
    let keys = [
        key("one", Admin::None, Some("north")),
        key("two", Admin::None, Some("north")),
        key("three", Admin::None, Some("south")),
        key("four", Admin::None, None),
        key("five5", Admin::None, None),
    ];
    let served = serve(Setting { loopback: false, ..Setting::default() }, &keys).await;
    for (maker, others, strangers) in
        [("one", &["one", "two"][..], &["three", "four"][..]), ("four", &["four"], &["one", "five5"])]
    {
        let (status, made) = create(&served, maker, hello(None)).await;
        assert_eq!((status, &made["store"]), (200, &json!(true)), "{made}");
        let id = made["id"].as_str().unwrap();
        let path = format!("/v1/responses/{id}");
        for stranger in strangers {
            for path in [path.clone(), format!("{path}/input_items")] {
                assert_eq!(served.get(&path, Some(stranger)).await.0, 404, "{stranger} {path}");
            }
            assert_eq!(served.api(Method::DELETE, &path, Some(stranger), None).await.0, 404);
            assert_eq!(create(&served, stranger, hello(Some(id))).await.0, 404, "{stranger}");
        }
        for other in others {
            assert_eq!(served.get(&path, Some(other)).await, (200, made.clone()), "{other}");
            assert_eq!(create(&served, other, hello(Some(id))).await.0, 200, "{other}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_words_are_not_kept_a_response_is_not_and_says_so() {
    for keep in [Keep::Redacted, Keep::Metadata, Keep::Nothing] {
        let project = Project { records: Records { keep, ..Records::default() }, ..Project::default() };
        let served = serve(Setting { project, ..Setting::default() }, &[]).await;
        let (status, made) = served.api(Method::POST, "/v1/responses", None, Some(hello(None))).await;
        assert_eq!((status, &made["store"]), (200, &json!(false)), "{made}");
        let path = format!("/v1/responses/{}", made["id"].as_str().unwrap());
        assert_eq!(served.get(&path, None).await.0, 404);

        let mut streamed = hello(None);
        streamed["stream"] = true.into();
        let told = served.ask(Method::POST, "/v1/responses", None).json(&streamed).send().await.unwrap();
        let told = told.text().await.unwrap();
        let last = told.lines().rfind(|line| line.starts_with("data: ")).unwrap();
        let last: Value = serde_json::from_str(&last["data: ".len()..]).unwrap();
        assert_eq!((&last["type"], &last["response"]["store"]), (&json!("response.completed"), &json!(false)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_masked_in_what_is_kept() {
    let served = served().await;
    let secret = &format!("sk-proj-{}", "A2b3C4d5E6f7".repeat(4));
    let body = json!({"model": "sim/echo", "input": format!("my key is {secret}"), "instructions": secret});
    let (status, made) = served.api(Method::POST, "/v1/responses", None, Some(body)).await;
    assert!(status == 200 && made.to_string().contains(secret), "the caller gets what was said: {made}");
    let path = format!("/v1/responses/{}", made["id"].as_str().unwrap());
    for path in [path.clone(), format!("{path}/input_items")] {
        let (status, kept) = served.get(&path, None).await;
        assert!(status == 200 && !kept.to_string().contains(secret), "{path}: {kept}");
    }
}
