//! The console's forms, as a browser sends them.

use reqwest::Method;
use surefoot_gateway::Project;
use surefoot_types::{
    Money, Price,
    budget::{Budget, Every, Per},
    price::Rates,
};

use crate::support::{PATIENCE, Served, Setting, chat, guarded, serve, served};

/// Makes a key by the form, and gives the page that answers.
async fn made(served: &Served, fields: &[(&str, &str)]) -> (u16, String) {
    let response = served.form("/keys", Some("admin"), fields).await;
    (response.status().as_u16(), response.text().await.unwrap())
}

/// The secret on a page.
fn secret(page: &str) -> Option<&str> {
    Some(page.split_once(r#"class="secret">"#)?.1.split_once('<')?.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_rotated_and_revoked_by_forms() {
    let served = guarded().await;
    let fields = [
        ("name", "web"),
        ("admin", "none"),
        ("models", "sim/*, fast"),
        ("usd", "5"),
        ("every", "day"),
        ("requests", "10"),
    ];
    let response = served.form("/keys", Some("admin"), &fields).await;
    assert_eq!((response.status().as_u16(), &response.headers()["cache-control"]), (200, &"no-store".parse().unwrap()));
    let page = response.text().await.unwrap();
    let first = secret(&page).expect("the secret is shown").to_owned();
    assert!(
        page.contains("models sim/*, fast") && page.contains("10 requests/min") && page.contains("$5.00 a day"),
        "{page}"
    );
    assert_eq!(served.get("/v1/models", Some(&first)).await.0, 200);

    let (_, list) = served.page("/keys", Some("admin")).await;
    assert_eq!(secret(&list), None, "it is shown once");
    let id = list.split("/keys/").filter_map(|part| Some(part.split_once("/rotate")?.0)).last().unwrap();
    let rotated = served.form(&format!("/keys/{id}/rotate"), Some("admin"), &[("overlap_seconds", "3600")]).await;
    let rotated = rotated.text().await.unwrap();
    assert_ne!(secret(&rotated), Some(first.as_str()));
    assert_eq!(served.get("/v1/models", Some(&first)).await.0, 200);

    let unmeant = served.form("/keys/web/revoke", Some("admin"), &[]).await;
    assert_eq!(unmeant.status(), 400);
    assert_eq!(served.get("/v1/models", Some(&first)).await.0, 200, "nothing happens without the tick");
    let meant = served.form("/keys/web/revoke", Some("admin"), &[("confirmed", "yes")]).await;
    assert_eq!((meant.status().as_u16(), meant.headers()["location"].to_str().unwrap()), (303, "/keys"));
    assert_eq!(served.get("/v1/models", Some(&first)).await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_wrong_says_why_and_keeps_what_was_typed() {
    let served = guarded().await;
    for (field, value, says) in [
        ("name", "a b", "letters, digits"),
        ("name", "admin", "is taken"),
        ("requests", "many", "not a whole number"),
        ("usd", "ten", "not an amount of dollars"),
        ("expires", "soon", "neither a day"),
        ("admin", "root", "no choice"),
        ("keep", "some", "no choice"),
    ] {
        let mut fields = vec![("tenant", "t-<1>"), (field, value)];
        fields.extend((field != "name").then_some(("name", "web")));
        let (status, page) = made(&served, &fields).await;
        assert_eq!(status, 400, "{field}={value}");
        assert!(page.contains(says) && page.contains("t-&#60;1&#62;"), "{field}={value}: {page}");
        assert_eq!(secret(&page), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_page_changes_no_key() {
    let served = served().await;
    let request = served.ask(Method::POST, "/keys", None).header("origin", "http://evil.example");
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(request.body("name=evil").send().await.unwrap().status(), 403);
    assert!(served.page("/keys", None).await.1.contains("No keys yet."));
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_takes_a_key_that_opens_the_console() {
    let served = guarded().await;
    for (key, status, says) in [
        ("reader", 303, ""),
        ("admin", 303, ""),
        ("app", 403, "does not open this door"),
        ("wrong", 401, "not known here"),
        ("a;b", 401, "no key"),
    ] {
        let response = served.form("/login", None, &[("key", key)]).await;
        assert_eq!(response.status(), status, "{key}");
        assert_eq!(response.headers().contains_key("set-cookie"), status == 303, "{key}");
        assert!(response.text().await.unwrap().contains(says), "{key}");
    }
    let with_cookie = served.ask(Method::GET, "/keys", None).header("cookie", "surefoot_key=reader");
    let page = with_cookie.send().await.unwrap();
    assert_eq!(page.status(), 403);
    let page = page.text().await.unwrap();
    assert!(page.contains("/login") && page.contains("admin"), "{page}");
    let (_, page) = served.page("/traces", Some("reader")).await;
    assert!(page.contains("/spend") && !page.contains(r#"href="/keys""#), "a reader is shown no way to keys: {page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_has_its_next_step_while_it_is_empty() {
    let served = served().await;
    for (path, says) in [
        ("/", "Ask your first question"),
        ("/health", "No model was asked"),
        ("/traces", "No traces yet."),
        ("/evals", "surefoot eval"),
        ("/keys", "Make one for each application"),
        ("/spend", "Nothing was spent"),
        ("/budgets", "[budgets.monthly]"),
        ("/audit", "Nothing to note yet."),
    ] {
        let (status, page) = served.page(path, None).await;
        assert_eq!(status, 200);
        assert!(page.contains(says), "{path}: {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overview_shows_what_was_asked_and_what_is_near_its_limit() {
    let mut project = Project::default();
    let per = Per::All;
    let limit = Money::nanos(1_000);
    project.budgets =
        vec![Budget { name: "tiny".into(), per, every: Every::Total, limit, hard: false, warn_at: Vec::new() }];
    project.prices.add("sim/ok", Price::of(Rates { input: Money::nanos(1_000_000_000_000), ..Rates::default() }));
    let served = serve(Setting { project, ..Setting::default() }, &[]).await;
    for model in ["sim/ok", "sim/ok", "sim/fail-400"] {
        served.ask(Method::POST, "/v1/chat/completions", None).json(&chat(model, false)).send().await.unwrap();
    }
    let (status, page) = served.page("/?days=7", None).await;
    assert_eq!(status, 200, "{page}");
    for told in [
        r#"<p class="figure">3</p>"#,
        "33.3 %",
        "1 failed or cancelled",
        "The budget tiny is spent",
        "3 requests, 1 failed",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert_eq!(page.matches(r#"<a href="/traces/tr_"#).count(), 3);
    let (_, other) = served.page("/?function=other", None).await;
    assert!(other.contains("Nothing was asked in these 24 hours."), "{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_open_is_told_of_new_traces_and_keeps_no_server_from_ending() {
    let mut served = serve(Setting { drain: PATIENCE * 10, ..Setting::default() }, &[]).await;
    let mut told = served.ask(Method::GET, "/live", None).send().await.unwrap();
    assert_eq!(told.headers()["content-type"], "text/event-stream");
    let asked =
        served.ask(Method::POST, "/v1/chat/completions", None).json(&chat("sim/ok", false)).send().await.unwrap();
    let id = asked.headers()["x-surefoot-trace"].to_str().unwrap().to_owned();
    let event = tokio::time::timeout(PATIENCE, told.chunk()).await.expect("an event comes").unwrap().unwrap();
    assert_eq!(std::str::from_utf8(&event).unwrap(), format!("event: trace\ndata: {id}\n\n"));
    served.end();
    assert_eq!(tokio::time::timeout(PATIENCE, told.chunk()).await.expect("the stream ends").unwrap(), None);
    served.ended().await;
}
