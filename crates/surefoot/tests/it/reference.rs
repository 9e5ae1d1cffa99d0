//! The generated documents are what the program says; `cargo xtask codegen` writes them.

use crate::support::{output, surefoot};

#[tokio::test]
async fn generated_documents_are_fresh() {
    for (what, file) in [
        ("cli", "docs/reference/cli.md"),
        ("settings", "docs/reference/settings.md"),
        ("openapi", "docs/reference/openapi.json"),
        ("graders", "docs/reference/graders.md"),
        ("schema-project", "docs/reference/schemas/surefoot.json"),
        ("schema-function", "docs/reference/schemas/function.json"),
        ("schema-variant", "docs/reference/schemas/variant.json"),
        ("schema-eval", "docs/reference/schemas/eval.json"),
        ("client-ts", "clients/typescript/src/api.ts"),
        ("client-py", "clients/python/src/surefoot/_api.py"),
    ] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
        let fresh = output(surefoot(&["reference", what])).await;
        if std::env::var_os("SUREFOOT_WRITE_REFERENCE").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &fresh).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == fresh, "{file} is stale: run `cargo xtask codegen`");
    }
}

const VERBS: [&str; 47] = [
    "init",
    "up",
    "check",
    "schema",
    "types",
    "import litellm",
    "import portkey",
    "import dotprompt",
    "ask",
    "ingest",
    "search",
    "eval",
    "eval import",
    "redteam",
    "optimize",
    "judge calibrate",
    "dataset show",
    "dataset split",
    "dataset from-traces",
    "dataset export",
    "traces",
    "why",
    "feedback",
    "experiment",
    "experiment status",
    "experiment stop",
    "experiment promote",
    "replay",
    "keys",
    "keys create",
    "keys list",
    "keys rotate",
    "keys revoke",
    "budgets",
    "models",
    "spend",
    "reconcile",
    "erase",
    "audit",
    "audit list",
    "audit verify",
    "backup",
    "restore",
    "migrate",
    "doctor",
    "sim",
    "mcp",
];

/// Every command's help has examples, and each of them is a command that the program knows.
#[tokio::test]
async fn help_has_examples_that_parse() {
    for verb in VERBS {
        let mut words: Vec<&str> = verb.split(' ').collect();
        words.push("--help");
        let help = output(surefoot(&words)).await;
        assert!(help.contains("Examples:"), "{verb}");
        let examples = help.lines().filter_map(|line| line.trim().strip_prefix("surefoot "));
        for example in examples.filter(|example| example.starts_with(verb)) {
            let words = example.split('|').next().unwrap_or_default().replace('"', "");
            assert!(words.starts_with(verb), "{example}");
            for option in words.split_whitespace().filter(|word| word.starts_with("--")) {
                assert!(help.matches(option).count() > 1, "{example}: {option} is not an option of {verb}");
            }
        }
    }
}
