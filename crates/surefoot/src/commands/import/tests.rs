//! What becomes of other programs' files, and that a project can be made of it.

use std::fmt::Write;

use super::{Imported, dotprompt, litellm, portkey};
use crate::settings;

fn told(imported: &Imported) -> String {
    let mut text = String::new();
    for (name, file) in &imported.files {
        let _ = write!(text, "# {name}\n{file}\n");
    }
    for left in &imported.unmapped {
        let _ = writeln!(text, "not carried over: {left}");
    }
    text
}

/// Mistakes of the project, but for keys that are not set here.
fn mistakes(imported: &Imported, more: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let more = more.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    super::write(folder.path(), &imported.files.iter().cloned().chain(more).collect::<Vec<_>>()).unwrap();
    let found = settings::load(folder.path()).err().unwrap_or_default();
    let told = found.iter().map(|mistake| format!("{mistake:?}"));
    told.filter(|mistake| !mistake.contains("_KEY")).collect()
}

const LITELLM: &str = r#"
model_list:
  - model_name: gpt-4o
    litellm_params:
      model: azure/gpt-4o-eu
      api_base: https://eu.openai.azure.com/
      api_key: os.environ/AZURE_EU_KEY
      weight: 9
      rpm: 600
  - model_name: gpt-4o
    litellm_params:
      model: openai/gpt-4o
      api_key: sk-in-clear-1234
      weight: 1
  - model_name: claude
    litellm_params: { model: claude-sonnet-4-5, api_key: os.environ/ANTHROPIC_API_KEY }
  - model_name: cheap
    litellm_params: { model: groq/llama-3.1-8b-instant, api_key: os.environ/GROQ_API_KEY }
  - model_name: odd
    litellm_params: { model: sagemaker/endpoint }
  - model_name: "anthropic/*"
    litellm_params: { model: "anthropic/*" }
litellm_settings:
  num_retries: 3
  request_timeout: 60
  drop_params: true
  cache: true
  callbacks: [langfuse]
  fallbacks: [{"claude": ["cheap"]}, {"gpt-4o": ["claude"]}]
router_settings:
  routing_strategy: latency-based-routing
general_settings:
  master_key: os.environ/MASTER_KEY
  database_url: os.environ/DATABASE_URL
"#;

#[test]
fn a_litellm_config() {
    let imported = litellm::read(LITELLM).unwrap();
    insta::assert_snapshot!(told(&imported));
    assert_eq!(mistakes(&imported, &[]), Vec::<String>::new());
    for wrong in ["", "- a", "model_list: 3", "a: [", "general_settings: {}"] {
        assert!(litellm::read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_portkey_config() {
    let text = r#"{
        "strategy": {"mode": "loadbalance"},
        "targets": [
            {"provider": "openai", "api_key": "${OPENAI_API_KEY}", "weight": 0.7, "override_params": {"model": "gpt-4o", "temperature": 0}},
            {"provider": "anthropic", "api_key": "sk-ant-in-clear", "weight": 0.3, "override_params": {"model": "claude-sonnet-4-5"}},
            {"virtual_key": "prod-1"},
            {"strategy": {"mode": "fallback"}, "targets": []}
        ],
        "retry": {"attempts": 3, "on_status_codes": [429]},
        "cache": {"mode": "simple", "max_age": 60},
        "request_timeout": 10000,
        "input_guardrails": ["pii"]
    }"#;
    let imported = portkey::read("chat", text).unwrap();
    insta::assert_snapshot!(told(&imported));
    assert_eq!(mistakes(&imported, &[]), Vec::<String>::new());
    for wrong in ["", "[]", "{}", r#"{"targets": [{"virtual_key": "a"}]}"#] {
        assert!(portkey::read("chat", wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_cache_that_keeps_for_longer_than_a_day_keeps_for_a_day() {
    for (age, kept, left) in [(86_400, "86400s", false), (604_800, "86400s", true), (0, "1s", true)] {
        let text = format!(
            r#"{{"provider": "openai", "api_key": "${{OPENAI_API_KEY}}", "override_params": {{"model": "gpt-4o"}}, "cache": {{"mode": "simple", "max_age": {age}}}}}"#
        );
        let imported = portkey::read("chat", &text).unwrap();
        let told = told(&imported);
        assert!(told.contains(&format!("cache = \"{kept}\"")), "{told}");
        assert_eq!(told.contains("cache.max_age"), left, "{told}");
        assert_eq!(mistakes(&imported, &[]), Vec::<String>::new());
    }
}

#[test]
fn a_prompt_of_dotprompt() {
    let text = "---\nmodel: googleai/gemini-2.5-flash\ndescription: Greets guests.\nconfig:\n  temperature: 0.4\n  \
                maxOutputTokens: 200\n  stopSequences: [END]\n  safety: high\ninput:\n  schema:\n    name: string, who it is\n    \
                mood?(enum, how they are): [glad, sad]\n    orders(array): { title: string }\n  default:\n    mood: glad\noutput:\n  \
                format: json\n  schema:\n    greeting: string\n    stars?: integer, one to five\ntools: [clock]\n---\n\
                {{role \"system\"}}\nGreet the guest.\n{{role \"user\"}}\n{{history}}\nName: {{name}}\n{{#if mood}}They are {{mood}}.{{else}}\
                Who knows how they are.{{/if}}\n{{#each orders}}- {{this.title}} of {{name}}\n{{/each}}{{media url=photo}}\n";
    let imported = dotprompt::read("greet", text).unwrap();
    insta::assert_snapshot!(told(&imported));
    let root = ("surefoot.toml", "[providers.gemini]\nkind = \"gemini\"\nkey = \"env:GEMINI_API_KEY\"\n");
    assert_eq!(mistakes(&imported, &[root]), Vec::<String>::new());
    assert!(
        dotprompt::read("greet", "---\nmodel: [").is_err() && dotprompt::read("greet", "---\n- a\n---\nHi").is_err()
    );
}

#[test]
fn nothing_that_is_there_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("surefoot.toml"), "mine").unwrap();
    let files = [("new.toml".to_owned(), "a".to_owned()), ("surefoot.toml".to_owned(), "b".to_owned())];
    assert!(super::write(folder.path(), &files).is_err());
    assert!(!folder.path().join("new.toml").exists());
    assert_eq!(std::fs::read_to_string(folder.path().join("surefoot.toml")).unwrap(), "mine");
}
