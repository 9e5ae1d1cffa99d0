//! A Portkey config: targets below strategies.

use std::fmt::Write;

use serde_json::Value;

use super::{
    Imported, key,
    providers::{Provider, Providers, kind_of, secret},
    quoted,
};

/// Fields of the config that are read below.
const READ: [&str; 5] = ["strategy", "targets", "retry", "cache", "request_timeout"];

/// The longest that an answer may be kept, in seconds: a day.
const LONGEST: i64 = 86_400;

/// Reads the file; `name` is the alias that it becomes.
pub(super) fn read(name: &str, text: &str) -> Result<Imported, String> {
    let config: Value = serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?;
    let told = config.as_object().ok_or("it is no Portkey config: an object is expected")?;
    let mut imported = Imported::default();
    let mut providers = Providers::default();
    for field in told.keys().filter(|field| !READ.contains(&field.as_str()) && !told.contains_key("provider")) {
        imported.left(format!("`{field}`"));
    }
    let alone = [config.clone()];
    let targets = told.get("targets").and_then(Value::as_array).map_or(&alone[..], Vec::as_slice);
    let mode = told.get("strategy").and_then(|strategy| strategy["mode"].as_str()).unwrap_or("single");
    let (mut names, mut weights) = (Vec::new(), Vec::new());
    for (at, target) in targets.iter().enumerate() {
        if let Some(found) = target_of(at + 1, target, &mut providers, &mut imported) {
            names.push(quoted(&found));
            weights.push(weight_of(target));
        }
    }
    if names.is_empty() {
        return Err(
            "none of its targets names a provider that is known here, and a model (`override_params.model`)".into()
        );
    }
    let mut project = String::from("# Made by `surefoot import portkey`.\n");
    project.push_str(&providers.written());
    let _ = write!(project, "\n[models.{}]\ntargets = [{}]\n", key(name), names.join(", "));
    match mode {
        "loadbalance" => {
            let _ = write!(project, "route = \"weighted\"\nweights = {weights:?}\n");
        }
        "fallback" | "single" => {}
        other => imported.left(format!("the strategy `{other}`: the targets are tried in their order")),
    }
    project.push_str(&policy(&config, &mut imported));
    imported.files.push(("surefoot.toml".into(), project));
    Ok(imported)
}

fn target_of(number: usize, target: &Value, providers: &mut Providers, imported: &mut Imported) -> Option<String> {
    let text = |field: &str| target[field].as_str();
    if target["targets"].is_array() {
        imported.left(format!("target {number}: a strategy within a strategy; write an alias of its own for it"));
        return None;
    }
    // `@name` is a provider of the vendor's catalogue, whose kind stands nowhere in the config.
    let named = text("provider").map(|name| name.trim_start_matches('@'));
    let Some(kind) = named.and_then(kind_of) else {
        let named = named.or(text("virtual_key")).unwrap_or("none");
        imported.left(format!("target {number}: its provider `{named}` is not known here"));
        return None;
    };
    let Some(model) = target["override_params"]["model"].as_str().or(text("model")) else {
        imported.left(format!("target {number}: it names no model (`override_params.model`)"));
        return None;
    };
    for (field, _) in target["override_params"].as_object().into_iter().flatten().filter(|(field, _)| *field != "model")
    {
        imported.left(format!("`{field}` of target {number}: write it into a function's variant"));
    }
    let key = text("api_key").map(|told| secret(told, kind, &format!("target {number}"), imported));
    let base_url = text("custom_host").map(str::to_owned);
    let provider = providers.name(Provider { name: String::new(), kind, key, base_url, more: Vec::new() });
    Some(format!(
        "{provider}/{}",
        model.rsplit_once('/').filter(|_| model.starts_with('@')).map_or(model, |(_, rest)| rest)
    ))
}

/// Shares like 0.7 as whole numbers.
fn weight_of(target: &Value) -> i64 {
    let share = target["weight"].as_f64().unwrap_or(1.0);
    let scaled = if share < 1.0 { share * 100.0 } else { share };
    (scaled.round() as i64).clamp(1, 1000)
}

fn policy(config: &Value, imported: &mut Imported) -> String {
    let mut text = String::new();
    if let Some(attempts) = config["retry"]["attempts"].as_i64() {
        let _ = writeln!(text, "retries = {}", attempts.clamp(0, 10));
    }
    if config["retry"]["on_status_codes"].is_array() {
        imported.left("`retry.on_status_codes`: what may be tried again is known of each error");
    }
    match config["cache"]["mode"].as_str() {
        Some("simple") => {
            let asked = config["cache"]["max_age"].as_i64().unwrap_or(600);
            let seconds = asked.clamp(1, LONGEST);
            if seconds != asked {
                imported.left(format!(
                    "`cache.max_age` of {asked} s: at least a second and at most a day, here {seconds} s"
                ));
            }
            let _ = writeln!(text, "cache = \"{seconds}s\"");
        }
        Some(mode) => {
            imported.left(format!("the cache `{mode}`: see `[cache]` of a function, and `surefoot cache calibrate`"));
        }
        None => {}
    }
    if let Some(wait) = config["request_timeout"].as_i64() {
        let _ = writeln!(text, "timeouts = {{ whole = \"{wait}ms\" }}");
    }
    text
}
