//! A LiteLLM proxy's `config.yaml`.

use std::fmt::Write;

use serde_json::{Map, Value};
use surefoot_lab::evals::yaml_document;

use super::{
    Imported, key,
    providers::{Provider, Providers, kind_by_model, kind_of, secret},
    quoted,
};

/// Strategies of its router, and the routes that they are here.
const ROUTES: [(&str, &str); 4] = [
    ("simple-shuffle", "weighted"),
    ("least-busy", "least_busy"),
    ("latency-based-routing", "latency"),
    ("cost-based-routing", "cheapest"),
];
/// Settings of a deployment that are read below.
const READ: [&str; 8] =
    ["model", "api_key", "api_base", "api_version", "weight", "aws_region_name", "vertex_project", "vertex_location"];

/// An alias to be.
struct Alias {
    name: String,
    targets: Vec<String>,
    weights: Vec<i64>,
}

/// Reads the file.
pub(super) fn read(text: &str) -> Result<Imported, String> {
    let config = yaml_document(text)?;
    let Value::Object(config) = config else { return Err("it is no LiteLLM config: a mapping is expected".into()) };
    let mut imported = Imported::default();
    let mut providers = Providers::default();
    let mut aliases: Vec<Alias> = Vec::new();
    let models = config.get("model_list").and_then(Value::as_array);
    for entry in models.ok_or("it has no `model_list`")? {
        let Some((name, target, weight)) = deployment(entry, &mut providers, &mut imported) else { continue };
        match aliases.iter_mut().find(|alias| alias.name == name) {
            Some(alias) => {
                alias.targets.push(target);
                alias.weights.push(weight);
            }
            None => aliases.push(Alias { name, targets: vec![target], weights: vec![weight] }),
        }
    }
    let settings = Settings::read(&config, &mut imported);
    settings.fall_back(&mut aliases, &mut imported);
    let mut project = String::from("# Made by `surefoot import litellm`.\n");
    project.push_str(&providers.written());
    project.push_str(&settings.written(&aliases, &mut imported));
    imported.files.push(("surefoot.toml".into(), project));
    Ok(imported)
}

/// One entry of `model_list`: its name, the target, and its weight.
fn deployment(entry: &Value, providers: &mut Providers, imported: &mut Imported) -> Option<(String, String, i64)> {
    let name = entry.get("model_name").and_then(Value::as_str)?.to_owned();
    let parameters = entry.get("litellm_params").and_then(Value::as_object)?;
    let text = |field: &str| parameters.get(field).and_then(Value::as_str);
    if name.contains('*') {
        imported.left(format!("the model `{name}`: write `provider/model-id` for a provider's own models"));
        return None;
    }
    let model = text("model")?;
    let (kind, model) = match model.split_once('/') {
        Some((provider, rest)) if kind_of(provider).is_some() => (kind_of(provider)?, rest),
        _ => match kind_by_model(model) {
            Some(kind) => (kind, model),
            None => {
                imported.left(format!("the model `{name}`: whose API `{model}` belongs to is not known here"));
                return None;
            }
        },
    };
    let key = text("api_key").map(|told| secret(told, kind, &format!("`{name}`"), imported));
    let more = [
        ("api_version", "api_version"),
        ("aws_region_name", "region"),
        ("vertex_project", "project"),
        ("vertex_location", "location"),
    ];
    let more = more.into_iter().filter_map(|(theirs, ours)| Some((ours, text(theirs)?.to_owned()))).collect();
    let base_url = text("api_base").map(str::to_owned);
    let provider = providers.name(Provider { name: String::new(), kind, key, base_url, more });
    for field in parameters.keys().filter(|field| !READ.contains(&field.as_str())) {
        imported.left(format!("`{field}` of the model `{name}`"));
    }
    if entry.get("model_info").is_some() {
        imported.left(format!(
            "`model_info` of `{name}`: prices stand under `[prices]`, what a model can do under `[capabilities]`"
        ));
    }
    let weight = parameters.get("weight").and_then(Value::as_i64).unwrap_or(1);
    Some((name, format!("{provider}/{model}"), weight))
}

/// What holds for all models.
#[derive(Default)]
struct Settings {
    route: Option<&'static str>,
    retries: Option<i64>,
    timeout: Option<f64>,
    master_key: Option<String>,
    /// From whom to whom.
    fallbacks: Vec<(String, Vec<String>)>,
}

impl Settings {
    fn read(config: &Map<String, Value>, imported: &mut Imported) -> Self {
        let mut settings = Self::default();
        for (table, field, value) in config.iter().filter(|(name, _)| *name != "model_list").flat_map(fields) {
            match (table.as_str(), field.as_str()) {
                ("router_settings", "routing_strategy") => settings.route(value, imported),
                (_, "num_retries") => settings.retries = value.as_i64(),
                (_, "request_timeout" | "timeout") => settings.timeout = value.as_f64(),
                (_, "fallbacks") => settings.fallbacks.extend(pairs(value)),
                ("general_settings", "master_key") => {
                    let told = value.as_str().unwrap_or_default();
                    settings.master_key = Some(secret(told, "surefoot", "the proxy itself", imported));
                }
                ("general_settings", "database_url") => {
                    imported.left("`database_url`: Surefoot needs no database; for several machines see `[store]`");
                }
                ("litellm_settings", "drop_params") => {}
                ("litellm_settings", "cache" | "cache_params") => {
                    imported
                        .left(format!("`{field}`: write `cache = \"10m\"` at the aliases whose answers may be kept"));
                }
                _ => imported.left(format!("`{table}.{field}`")),
            }
        }
        settings
    }

    fn route(&mut self, told: &Value, imported: &mut Imported) {
        let told = told.as_str().unwrap_or_default();
        self.route = ROUTES.iter().find(|(theirs, _)| *theirs == told).map(|(_, ours)| *ours);
        if self.route.is_none() {
            imported.left(format!("the routing strategy `{told}`: `weighted` is taken instead"));
        }
    }

    /// A fallback's targets come after the model's own.
    fn fall_back(&self, aliases: &mut [Alias], imported: &mut Imported) {
        for (from, to) in &self.fallbacks {
            let found = to.iter().filter_map(|name| aliases.iter().find(|alias| alias.name == *name));
            let more: Vec<String> = found.flat_map(|alias| alias.targets.clone()).collect();
            let Some(alias) = aliases.iter_mut().find(|alias| alias.name == *from).filter(|_| !more.is_empty()) else {
                imported.left(format!("the fallback from `{from}` to {}", to.join(", ")));
                continue;
            };
            if alias.targets.len() > 1 {
                let others = to.join(", ");
                imported.left(format!(
                    "the fallback from `{from}` to {others}: it has several targets already, which are routed over"
                ));
                continue;
            }
            alias.targets.extend(more);
            // In the order as written, not by weights.
            alias.weights.clear();
        }
    }

    fn written(&self, aliases: &[Alias], imported: &mut Imported) -> String {
        let mut text = String::from("\n[models]\n");
        let (long, short): (Vec<&Alias>, Vec<&Alias>) =
            aliases.iter().partition(|alias| alias.targets.len() > 1 && !alias.weights.is_empty());
        for alias in short {
            let targets: Vec<String> = alias.targets.iter().map(|target| quoted(target)).collect();
            let value =
                if let [only] = targets.as_slice() { only.clone() } else { format!("[{}]", targets.join(", ")) };
            let _ = writeln!(text, "{} = {value}", key(&alias.name));
        }
        for alias in long {
            let targets: Vec<String> = alias.targets.iter().map(|target| quoted(target)).collect();
            let route = self.route.unwrap_or("weighted");
            let name = key(&alias.name);
            let _ = write!(text, "\n[models.{name}]\ntargets = [{}]\nroute = {}\n", targets.join(", "), quoted(route));
            let weighted = matches!(route, "weighted" | "least_busy");
            if alias.weights.iter().all(|weight| *weight == 1) {
                continue;
            }
            if !weighted {
                imported.left(format!("the weights of `{}`: they mean nothing with `route = \"{route}\"`", alias.name));
            } else {
                let _ = writeln!(text, "weights = {:?}", alias.weights);
            }
        }
        if self.retries.is_some() || self.timeout.is_some() {
            text.push_str("\n[defaults]\n");
        }
        if let Some(retries) = self.retries {
            if retries > 10 {
                imported.left(format!("`num_retries = {retries}`: 10 is the most"));
            }
            let _ = writeln!(text, "retries = {}", retries.clamp(0, 10));
        }
        if let Some(timeout) = self.timeout {
            let _ = writeln!(text, "timeouts = {{ whole = \"{}s\" }}", timeout.max(1.0).round());
        }
        if let Some(master) = &self.master_key {
            let _ = write!(text, "\n[[server.keys]]\nname = \"master\"\nkey = {}\nadmin = \"all\"\n", quoted(master));
        }
        text
    }
}

/// The fields of a table, each with the table's name.
fn fields<'a>((name, table): (&'a String, &'a Value)) -> Vec<(&'a String, &'a String, &'a Value)> {
    match table.as_object() {
        Some(fields) => fields.iter().map(|(field, value)| (name, field, value)).collect(),
        None => vec![(name, name, table)],
    }
}

/// `[{a: [b, c]}]`
fn pairs(value: &Value) -> Vec<(String, Vec<String>)> {
    let maps = value.as_array().into_iter().flatten().filter_map(Value::as_object);
    let names = |to: &Value| to.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    maps.flatten().map(|(from, to)| (from.clone(), names(to))).collect()
}
