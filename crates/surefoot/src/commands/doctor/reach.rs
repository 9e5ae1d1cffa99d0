//! Addresses: the providers', and those where local model servers usually are.

use std::{collections::BTreeMap, time::Duration};

use futures_util::{StreamExt, stream};
use serde_json::Value;
use surefoot_gateway::project::Reach;

use super::Finding;
use crate::settings::Settings;

/// How long an address may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a server of this machine may take.
const NEAR: Duration = Duration::from_millis(500);
/// How many are tried at once.
const AT_ONCE: usize = 8;

/// Servers of local models, with the port that each uses by itself.
const LOCAL: [(&str, &str, u16); 4] = [
    ("Ollama", "ollama", 11434),
    ("LM Studio", "lmstudio", 1234),
    ("vLLM", "vllm", 8000),
    ("llama.cpp", "llamacpp", 8080),
];

/// Tries all of them.
pub(super) async fn look(settings: Option<&Settings>) -> Vec<Finding> {
    let providers = settings.map(|settings| settings.project.providers.values().cloned().collect::<Vec<_>>());
    let addresses: BTreeMap<String, String> = providers
        .unwrap_or_default()
        .into_iter()
        .filter_map(|provider| match &provider.reach {
            Reach::Http(api) => Some((provider.name.clone(), api.base_url.clone())),
            Reach::Resident => None,
        })
        .collect();
    let known: Vec<String> = addresses.values().cloned().collect();
    let far = stream::iter(addresses).map(|(name, url)| provider(name, url)).buffered(AT_ONCE).collect::<Vec<_>>();
    let near = stream::iter(LOCAL).map(|server| local(server, &known)).buffered(AT_ONCE).collect::<Vec<_>>();
    let (far, near) = tokio::join!(far, near);
    far.into_iter().chain(near.into_iter().flatten()).collect()
}

/// Whether a provider's address answers: anything that it answers will do. No key is sent.
async fn provider(name: String, url: String) -> Finding {
    let client = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build();
    let asked = match client {
        Ok(client) => client.head(&url).send().await.map(drop),
        Err(error) => Err(error),
    };
    match asked {
        Ok(()) => Finding::good("provider", format!("'{name}' answers at {url}")),
        Err(error) => {
            let cause = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source()).last();
            let cause = cause.map(ToString::to_string).unwrap_or_default();
            Finding::bad("provider", format!("'{name}' does not answer at {url}: {cause}"))
                .hint("Check the address, the name server, the firewall, and HTTPS_PROXY where there is a proxy.")
        }
    }
}

/// A server of local models that is there and that the project does not name.
async fn local((title, name, port): (&str, &str, u16), known: &[String]) -> Option<Finding> {
    let url = format!("http://127.0.0.1:{port}/v1");
    let client = reqwest::Client::builder().timeout(NEAR).no_proxy().build().ok()?;
    let answer: Value = client.get(format!("{url}/models")).send().await.ok()?.json().await.ok()?;
    let models: Vec<&str> = answer["data"].as_array()?.iter().filter_map(|model| model["id"].as_str()).collect();
    let near = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    let used = known.iter().any(|url| near.iter().any(|near| url.contains(near.as_str())));
    let told = format!("{title} answers on port {port} with {}", models.join(", "));
    let hint = format!("[providers.{name}] kind = \"openai\", base_url = \"{url}\"");
    Some(match used {
        true => Finding::good("local", told),
        false => Finding::note("local", told).hint(format!("To use it, add to surefoot.toml: {hint}")),
    })
}
