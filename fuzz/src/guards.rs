//! What the guards look at.

use std::sync::{Arc, LazyLock};

use surefoot_guard::{
    injection::{self, Channel},
    leak::{Instructions, Watch},
    links,
    personal::{Detector, Options},
    pseudonyms::{Form, Restorer, Vault},
    secrets,
};

static DETECTOR: LazyLock<Arc<Detector>> =
    LazyLock::new(|| Arc::new(Detector::new(&Options::default()).expect("the built-in kinds are right")));

/// What of the bytes is text.
fn readable(data: &[u8]) -> String {
    data.utf8_chunks().map(|chunk| chunk.valid()).collect()
}

/// Any text: what is found stands in it, in order, and masking takes it away.
pub fn text(data: &[u8]) {
    let text = readable(data);
    let mut end = 0;
    for found in secrets::find(&text) {
        assert!(found.start >= end && text.get(found.start..found.end).is_some(), "{found:?}");
        end = found.end;
    }
    for found in DETECTOR.find(&text) {
        assert!(text.get(found.range.clone()).is_some());
    }
    let score = injection::score(&text, Channel::Document).score;
    assert!((0.0..=1.0).contains(&score));
    links::find(&text, &[]);
    if let Some(instructions) = Instructions::new(&text, "bcdfghjklmnpqrst") {
        let mut watch = Watch::new(Arc::new(instructions));
        watch.push(&text);
        watch.finish();
    }
}

/// Any text: masked and put back it is the same, wherever it is cut.
pub fn redaction(data: &[u8]) {
    let text = readable(data);
    let mut vault = Vault::new(Arc::clone(&DETECTOR));
    let masked = vault.mask(&text);
    assert_eq!(vault.restore(&masked, Form::Text), text);
    let vault = Arc::new(vault);
    for size in [1, 2, 5, 64] {
        let mut restorer = Restorer::new(Arc::clone(&vault), Form::Text);
        let chars: Vec<char> = masked.chars().collect();
        let mut told: String =
            chars.chunks(size).map(|piece| restorer.push(&piece.iter().collect::<String>())).collect();
        told.push_str(&restorer.finish());
        assert_eq!(told, text, "in pieces of {size}");
    }
}
