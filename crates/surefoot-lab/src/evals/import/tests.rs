use super::*;

const CONFIG: &str = r#"
description: Constructs that public examples have.
prompts:
  - 'Translate into {{language}}: {{input}}'
  - file://chat.json
  - file://prompt.py
providers:
  - openai:chat:gpt-4o-mini
  - id: anthropic:messages:claude-haiku-4-5
    config: { temperature: 0, tools: [] }
  - exec:./run.sh
defaultTest:
  assert:
    - type: llm-rubric
      value: It is polite.
    - type: latency
      threshold: 3000
tests:
  - description: both languages
    vars:
      language: [French, German]
      input: Hello
    assert:
      - { type: icontains, value: '{{language}}' }
      - { type: not-contains, value: sorry }
      - { type: contains-any, value: [Bonjour, Hallo] }
      - { type: javascript, value: output.length < 100 }
  - vars: { language: Spanish, input: Bye }
    assert:
      - { type: icontains, value: adios, weight: 2 }
      - { type: similar, value: Adiós, threshold: 0.8 }
      - { type: is-json }
  - file://more.csv
evaluateOptions: { maxConcurrency: 2 }
"#;

fn read(path: &str) -> Result<String, String> {
    match path {
        "chat.json" => Ok(r#"[{"role": "system", "content": "You translate."}, {"role": "user", "content": "{{ language }}: {{input}}"}]"#.into()),
        "more.csv" => Ok("language,input,__expected\nItalian,Hi,icontains: ciao\nDutch,Hi,Hoi\n".into()),
        _ => Err(format!("{path} is not there")),
    }
}

fn imported(file: &str, text: &str, model: Option<&str>) -> Result<Imported, String> {
    import(file, text, &Importing { name: "t", model, read: &read })
}

#[test]
fn a_configuration_is_a_function_with_cases_and_graders() {
    let told = imported("promptfooconfig.yaml", CONFIG, None).unwrap();
    let files: Vec<&str> = told.files.keys().map(String::as_str).collect();
    assert_eq!(
        files,
        [
            "evals/t.jsonl",
            "evals/t.toml",
            "functions/t/function.toml",
            "functions/t/p1-m1.md",
            "functions/t/p1-m2.md",
            "functions/t/p2-m1.md",
            "functions/t/p2-m2.md"
        ]
    );
    let dataset = Dataset::parse("t.jsonl", told.files["evals/t.jsonl"].as_bytes()).unwrap();
    let languages: Vec<String> =
        dataset.cases().iter().map(|case| case.expect["icontains_1"].to_string()).take(2).collect();
    assert_eq!((dataset.cases().len(), languages), (5, vec!["\"French\"".to_owned(), "\"German\"".to_owned()]));
    let chat = &told.files["functions/t/p2-m2.md"];
    assert!(chat.contains("model = \"anthropic/claude-haiku-4-5\"\ntemperature = 0\n"), "{chat}");
    assert!(
        chat.contains("{{ role(\"system\") }}\nYou translate.\n\n{{ role(\"user\") }}\n{{ input.language }}"),
        "{chat}"
    );
    let eval = &told.files["evals/t.toml"];
    for part in [
        "kind = \"not-contains\"",
        "kind = \"llm-rubric\"",
        "judge = \"openai/gpt-4o-mini\"",
        "weight = 2",
        "threshold = 0.8",
        "kind = \"is-json\"",
    ] {
        assert!(eval.contains(part), "{part}: {eval}");
    }
    let missed = told.unmapped.join("\n");
    for part in ["`evaluateOptions`", "exec:./run.sh", "prompt.py", "`tools`", "type `javascript`", "type `latency`"] {
        assert!(missed.contains(part), "{part}: {missed}");
    }
}

#[test]
fn samples_of_openai_s_evals_are_cases() {
    let lines = "{\"input\": [{\"role\": \"system\", \"content\": \"Be brief.\"}, {\"role\": \"user\", \"content\": \"2+2?\"}], \"ideal\": \"4\"}\n{\"input\": \"3+3?\", \"ideal\": [\"6\", \"six\"]}\n";
    let told = imported("samples.jsonl", lines, Some("sim/ok")).unwrap();
    let dataset = Dataset::parse("t.jsonl", told.files["evals/t.jsonl"].as_bytes()).unwrap();
    assert_eq!(dataset.cases()[0].expect["expect"], json!(["4"]));
    assert_eq!(dataset.cases()[1].expect["expect"], json!(["6", "six"]));
    assert!(imported("samples.jsonl", lines, None).unwrap_err().contains("--model"));
    assert!(
        imported("samples.jsonl", "{\"input\": \"x\"}\n", Some("sim/ok"))
            .unwrap_err()
            .contains("line 1: has no `ideal`")
    );
}

#[test]
fn what_is_no_configuration_is_refused() {
    for (text, told) in [
        ("- a\n- b\n", "not a mapping"),
        ("name: x\n", "neither `prompts` nor `tests`"),
        ("prompts: [x]\ntests: []\nproviders: [echo]\n", "no test"),
        ("prompts: [x]\ntests: [{vars: {a: 1}, assert: [{type: equals, value: x}]}]\n", "--model"),
        (
            "prompts: ['{% if a %}x{% endif %}']\nproviders: [echo]\ntests: [{vars: {a: 1}, assert: [{type: equals, value: x}]}]\n",
            "no prompt",
        ),
    ] {
        let why = imported("c.yaml", text, None).unwrap_err();
        assert!(why.contains(told), "{text}: {why}");
    }
}
