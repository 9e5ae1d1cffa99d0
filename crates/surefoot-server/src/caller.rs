//! Who calls: the key, what is told about the request, and whether a browser was led here by a stranger.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::Response,
};
use serde_json::{Map, Value};
use surefoot_gateway::{Caller, Context, Patience, TraceContext};
use surefoot_types::{Code, Fault, Retry, Secret, key::Admin};

use crate::{
    access::Stranger,
    doors::{Address, Foreign, refused, slowed_down},
    state::App,
};

/// The cookie that holds a key while the console is used.
pub(crate) const COOKIE: &str = "surefoot_key";

/// How long the caller waits for the end.
const TIMEOUT: &str = "x-surefoot-timeout";
/// How long an SDK waits: for the first bytes and between them, or for a whole answer.
const STAINLESS: [&str; 2] = ["x-stainless-timeout", "x-stainless-read-timeout"];

/// The header in which Google's clients send their key.
pub(crate) const GOOGLE_KEY: &str = "x-goog-api-key";

/// Headers of a dialect that go on to a provider of the same dialect.
const PASSED: [&str; 2] = ["anthropic-version", "anthropic-beta"];

/// The caller, as its headers say.
pub(crate) fn caller(app: &App, headers: &HeaderMap) -> Caller {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    // The scheme's name is the same in any case (RFC 9110, section 11.1).
    let scheme = |value: &str| value.split_once(' ').is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let bearer = text("authorization").filter(|value| scheme(value)).and_then(|value| Some(value.split_once(' ')?.1));
    // As the SDKs of OpenAI, Anthropic and Google send it.
    let plain = || text("x-api-key").or_else(|| text(GOOGLE_KEY));
    let secret = bearer.or_else(plain).or_else(|| cookie(headers)).map(str::trim);
    Caller { secret: secret.filter(|secret| !secret.is_empty()).map(Secret::new), trusted: app.loopback }
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get(header::COOKIE)?.to_str().ok()?;
    all.split(';').find_map(|one| one.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// How long the caller waits. OpenAI's and Anthropic's SDKs tell their timeout, which is for the beginning of a stream
/// and for the end of a whole answer; `x-surefoot-timeout` is for the end of either.
fn patience(headers: &HeaderMap) -> Result<Patience, Fault> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    // An SDK's own figure is a courtesy: one that cannot be read is no reason to refuse.
    let sdk = STAINLESS.iter().find_map(|name| seconds(text(name)?));
    let Some(own) = text(TIMEOUT) else { return Ok(Patience { total: None, begin: sdk }) };
    match seconds(own) {
        Some(total) => Ok(Patience { total: Some(total), begin: sdk }),
        None => Err(Fault::bad_request("", format!("'{own}' is not a time that {TIMEOUT} may tell"))
            .hint("Write a number of seconds, like `20` or `1.5`, or a unit with it: `500ms`, `20s`, `2m`.")),
    }
}

/// `20`, `1.5`, `20s`, `500ms`, `2m`: more than nothing, a day at the most.
fn seconds(text: &str) -> Option<Duration> {
    let text = text.trim();
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0)];
    let unit = units.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, *factor)));
    let (number, factor) = unit.unwrap_or((text, 1.0));
    let seconds = number.trim().parse::<f64>().ok()? * factor;
    (seconds > 0.0 && seconds <= 86_400.0).then(|| Duration::from_secs_f64(seconds))
}

/// What the caller tells about a request: headers, then the body's `surefoot` object, which wins.
pub(crate) fn context(headers: &HeaderMap, told: Option<Value>) -> Result<Context, Fault> {
    let mut context = Context { patience: patience(headers)?, ..Context::default() };
    for (name, value) in headers {
        let Ok(value) = value.to_str() else { continue };
        let name = name.as_str();
        if name == "x-surefoot-session" {
            context.session = Some(value.to_owned());
        } else if let Some(tag) = name.strip_prefix("x-surefoot-tag-") {
            context.tags.insert(tag.to_owned(), value.to_owned());
        } else if PASSED.contains(&name) {
            context.headers.insert(name.to_owned(), value.to_owned());
        }
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    context.trace = TraceContext::read(text("traceparent"), text("tracestate"));
    let Some(told) = told else { return Ok(context) };
    let Value::Object(mut told) = told else { return Err(wrong("surefoot", "an object")) };
    if let Some(session) = told.remove("session") {
        context.session = Some(session.as_str().ok_or_else(|| wrong("surefoot.session", "a string"))?.to_owned());
    }
    if let Some(tags) = told.remove("tags") {
        context.tags.extend(tags_of(&tags)?);
    }
    if let Some(input) = told.remove("input") {
        context.input = object(input, "surefoot.input")?;
    }
    match told.keys().next() {
        None => Ok(context),
        Some(unknown) => Err(Fault::bad_request("surefoot", format!("the surefoot object has no field '{unknown}'"))
            .hint("Its fields are session, tags and input.")),
    }
}

fn tags_of(tags: &Value) -> Result<BTreeMap<String, String>, Fault> {
    let tags = tags.as_object().ok_or_else(|| wrong("surefoot.tags", "an object of strings"))?;
    let tag = |(name, value): (&String, &Value)| {
        let value = value.as_str().ok_or_else(|| wrong("surefoot.tags", "an object of strings"))?;
        Ok((name.clone(), value.to_owned()))
    };
    tags.iter().map(tag).collect()
}

fn object(value: Value, param: &str) -> Result<Map<String, Value>, Fault> {
    match value {
        Value::Object(object) => Ok(object),
        _ => Err(wrong(param, "an object")),
    }
}

fn wrong(param: &str, wanted: &str) -> Fault {
    Fault::bad_request(param, format!("'{param}' must be {wanted}"))
}

/// Stands before every door: refuses what a stranger's web page made a browser send, and whoever comes without a
/// known key too often.
pub(crate) async fn watch(State(app): State<App>, mut request: Request, next: Next) -> Response {
    key_of_address(&mut request);
    match strangers(&app, request.method(), request.headers(), request.uri()) {
        Err(told) => return refused(&app, request.uri().path(), request.headers(), &told).await,
        Ok(Some(foreign)) => drop(request.extensions_mut().insert(foreign)),
        Ok(None) => {}
    }
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let Some(peer) = peer else { return next.run(request).await };
    let (address, now) = (app.strangers.address(peer, request.headers()), app.clock.now());
    if let Some(wait) = app.strangers.waits(address, now)
        && !is_open(request.method(), request.uri().path())
        && !is_known(&app, request.headers())
    {
        let told = Fault::new(Code::RateLimited, "too many requests without a known key came from this address")
            .hint("Send a key of this Surefoot, or come back when `retry-after` says.")
            .retry(Retry::Later(Some(wait)));
        return slowed_down(request.uri().path(), request.headers(), &told, &app);
    }
    let https = app.strangers.is_proxy(peer) && told_https(request.headers());
    request.extensions_mut().insert(Https(https));
    request.extensions_mut().insert(Address(address));
    let response = next.run(request).await;
    if response.status() == StatusCode::UNAUTHORIZED || response.extensions().get::<Stranger>().is_some() {
        app.strangers.came(address, now);
    }
    response
}

/// Google's clients may put their key into the address. From here on it is where they else send it.
fn key_of_address(request: &mut Request) {
    let path = request.uri().path();
    if !path.starts_with("/v1beta/") && !path.starts_with("/v1/models") {
        return;
    }
    let mut pairs = request.uri().query().unwrap_or_default().split('&');
    let key = pairs.find_map(|pair| HeaderValue::from_str(pair.strip_prefix("key=")?).ok());
    if let Some(key) = key {
        request.headers_mut().entry(GOOGLE_KEY).or_insert(key);
    }
}

/// On a request: whether a proxy in front says that it came to it by HTTPS.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Https(pub(crate) bool);

fn told_https(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|told| told.as_bytes().eq_ignore_ascii_case(b"https"))
}

/// Whether anybody may ask for it as often as they like: nothing there tells a right key from a wrong one.
fn is_open(method: &Method, path: &str) -> bool {
    path == "/healthz"
        || path == "/feedback.js"
        || path.starts_with("/assets/")
        || (path == "/login" && method == Method::GET)
}

fn is_known(app: &App, headers: &HeaderMap) -> bool {
    let admitted = app.gateway.admit(&caller(app, headers), Admin::None);
    !matches!(admitted, Err(fault) if fault.code == Code::Unauthenticated)
}

/// On loopback the Host header must name this machine (or a web page could reach it by DNS
/// rebinding), and what changes something must not come from another site's page, but for feedback of sites that the
/// settings name.
fn strangers(app: &App, method: &Method, headers: &HeaderMap, uri: &Uri) -> Result<Option<Foreign>, Fault> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).or_else(|| uri.authority().map(|authority| authority.as_str())).unwrap_or_default();
    if app.loopback && !is_this_machine(host) {
        return Err(Fault::new(Code::Forbidden, format!("the Host header names '{host}', not this machine"))
            .hint("Serve other names with `--bind` and a key."));
    }
    let origin = text(header::ORIGIN).filter(|_| method != Method::GET && method != Method::HEAD);
    match origin {
        Some(origin) if origin.split_once("://").map(|(_, rest)| rest) != Some(host) => {
            let foreign = Foreign::allowed(app, uri.path(), origin);
            foreign.map(Some).ok_or_else(|| Fault::new(Code::Forbidden, "the request comes from another site's page"))
        }
        _ => Ok(None),
    }
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    name == "localhost"
        || name == "[::1]"
        || name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hosts_of_this_machine() {
        for (host, expected) in [
            ("localhost", true),
            ("localhost:4141", true),
            ("127.0.0.1:4141", true),
            ("127.9.9.9", true),
            ("[::1]:4141", true),
            ("evil.example:4141", false),
            ("127.0.0.1.evil.example", false),
            ("localhost.evil.example", false),
            ("", false),
        ] {
            assert_eq!(is_this_machine(host), expected, "{host}");
        }
    }

    #[test]
    fn how_long_a_caller_waits() {
        let patience = |told: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in told {
                headers.insert(*name, value.parse().unwrap());
            }
            patience(&headers).map(|told| [told.total, told.begin].map(|time| time.map(|time| time.as_millis())))
        };
        for (told, expected) in [
            (vec![], [None, None]),
            (vec![("x-surefoot-timeout", "20")], [Some(20_000), None]),
            (vec![("x-surefoot-timeout", "1.5s")], [Some(1_500), None]),
            (vec![("x-surefoot-timeout", "250ms"), ("x-stainless-timeout", "600")], [Some(250), Some(600_000)]),
            (vec![("x-stainless-read-timeout", "60.0")], [None, Some(60_000)]),
            (vec![("x-stainless-timeout", "NaN")], [None, None]),
        ] {
            assert_eq!(patience(&told).unwrap(), expected, "{told:?}");
        }
        for wrong in ["0", "-1", "soon", "25h", "1e99", ""] {
            assert_eq!(patience(&[("x-surefoot-timeout", wrong)]).unwrap_err().code, Code::BadRequest, "{wrong}");
        }
    }

    #[test]
    fn what_is_told_about_a_request() {
        let mut headers = HeaderMap::new();
        headers.insert("x-surefoot-session", "s".parse().unwrap());
        headers.insert("x-surefoot-tag-plan", "pro".parse().unwrap());
        headers.insert("anthropic-beta", "b".parse().unwrap());
        headers.insert("authorization", "Bearer k".parse().unwrap());
        let told = context(&headers, Some(json!({"session": "t", "tags": {"a": "b"}, "input": {"x": 1}}))).unwrap();
        assert_eq!(told.session.as_deref(), Some("t"));
        assert_eq!(told.tags.len(), 2);
        assert_eq!(told.headers.keys().collect::<Vec<_>>(), ["anthropic-beta"]);
        assert_eq!(told.input["x"], 1);
        for wrong in
            [json!([]), json!({"session": 1}), json!({"tags": {"a": 1}}), json!({"input": []}), json!({"inputs": {}})]
        {
            assert_eq!(context(&headers, Some(wrong.clone())).unwrap_err().code, Code::BadRequest, "{wrong}");
        }
    }
}
