//! Every case in `cases/` read and written for every target dialect, against stored snapshots, and
//! what must hold for all of them.

#![allow(clippy::unwrap_used, reason = "clippy.toml lifts the ban for test functions, not for what they share")]

mod answers;
mod check;
mod pitfalls;
mod requests;
mod round_trip;
mod streams;
mod wire;

use std::path::Path;

use insta::Settings;
use surefoot_dialect::Dialect;

const DIALECTS: [Dialect; Dialect::ALL.len()] = Dialect::ALL;

/// The cases whose file name begins with `kind`, by name, in order.
fn cases(kind: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/cases");
    let mut cases: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| {
            let name = path.file_stem()?.to_str()?.strip_prefix(kind)?.strip_prefix('_')?.to_owned();
            let bytes = std::fs::read(&path).unwrap();
            // Binary streams are kept as text.
            let is_text = path.extension().is_some_and(|ending| ending == "txt");
            let bytes = if is_text { wire::of(Dialect::Bedrock, std::str::from_utf8(&bytes).unwrap()) } else { bytes };
            Some((name, bytes))
        })
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "no cases of {kind}");
    cases
}

/// Compares with the stored snapshot of this name.
fn golden(name: &str, text: &str) {
    let mut settings = Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// The dialect that a stream's file name begins with.
fn dialect_of(name: &str) -> Dialect {
    match name.split('_').next() {
        Some("openai") => Dialect::OpenaiChat,
        Some("responses") => Dialect::OpenaiResponses,
        Some("gemini") => Dialect::Gemini,
        Some("bedrock") => Dialect::Bedrock,
        _ => Dialect::Anthropic,
    }
}

fn pretty(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap()
}
