use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::personal::{Options, Own};

fn vault() -> Vault {
    static DETECTOR: LazyLock<Arc<Detector>> = LazyLock::new(|| {
        let own = vec![("Project".to_owned(), Own::Words(vec!["Blue Heron".into()]))];
        Arc::new(Detector::new(&Options { own, ..Options::default() }).unwrap())
    });
    Vault::new(Arc::clone(&DETECTOR))
}

#[test]
fn the_same_value_keeps_its_pseudonym_through_a_conversation() {
    let mut vault = vault();
    assert!(vault.is_empty());
    assert_eq!(vault.mask("a@example.com and b@example.com"), "<EMAIL_1> and <EMAIL_2>");
    assert_eq!(vault.mask("again b@example.com, for Blue Heron"), "again <EMAIL_2>, for <PROJECT_1>");
    let kept: Vec<(String, String)> = vault.pairs().map(|(mark, value)| (mark, value.to_owned())).collect();
    let mut later = Vault::with_pairs(Arc::clone(&vault.detector), kept);
    assert_eq!(later.mask("c@example.com, a@example.com"), "<EMAIL_3>, <EMAIL_1>");
    assert_eq!(later.restore("write to <EMAIL_2>", Form::Text), "write to b@example.com");
    assert_eq!(format!("{later:?}"), "Vault(4 values)");
}

#[test]
fn what_a_model_makes_of_a_pseudonym_is_read() {
    let mut vault = vault();
    vault.mask("a@example.com");
    for copied in [
        "<EMAIL_1>",
        "<email_1>",
        "[EMAIL_1]",
        "&lt;EMAIL_1&gt;",
        "< EMAIL 1 >",
        "<EMAIL\\_1>",
        "＜EMAIL_1＞",
        "«Email-1»",
        "{EMAIL_1}",
    ] {
        assert_eq!(vault.restore(&format!("to {copied}'s"), Form::Text), "to a@example.com's", "{copied}");
    }
    for other in ["<EMAIL_2>", "EMAIL_1", "<EMAIL_>", "<EMAIL_1", "<PHONE_1>", "<b>1</b>", "[Figure 1]"] {
        assert_eq!(vault.restore(other, Form::Text), other);
    }
}

#[test]
fn text_that_looks_like_a_pseudonym_comes_back_as_it_was() {
    let mut vault = vault();
    let text = "a@example.com, not <EMAIL_1> or [email 1], nor <LITERAL_1>";
    let masked = vault.mask(text);
    assert_eq!(masked, "<EMAIL_1>, not <LITERAL_1> or <LITERAL_2>, nor <LITERAL_3>");
    assert_eq!(vault.restore(&masked, Form::Text), text);
}

#[test]
fn a_value_is_replaced_wherever_it_stands() {
    let mut vault = vault();
    // The word announces only the first.
    assert_eq!(vault.mask("TFN 876543210, x876543210y"), "TFN <AU_TFN_1>, x<AU_TFN_1>y");
}

#[test]
fn json_is_masked_by_what_it_means_and_restored_with_its_escapes() {
    let mut vault = vault();
    let json =
        r#"{"to":"x\njane@example.com","street":"12 Baker\u0020Street","card":4111111111111111,"o":"\"Blue Heron\""}"#;
    let masked = vault.mask_json(json);
    assert_eq!(
        masked,
        r#"{"to":"x\n<EMAIL_1>","street":"<ADDRESS_1>","card":"<CREDIT_CARD_1>","o":"\"<PROJECT_1>\""}"#
    );
    let mut quoted = Vault::with_pairs(Arc::clone(&vault.detector), [("<PERSON_1>".into(), "J. \"Q\"\\\n".into())]);
    assert_eq!(quoted.restore(r#"{"n":"\u003cPERSON_1\u003e"}"#, Form::Json), r#"{"n":"J. \"Q\"\\\n"}"#);
    assert_eq!(quoted.mask_json("{\"n\":\"J. \\\"Q\\\"\\\\\\n\"}"), r#"{"n":"<PERSON_1>"}"#);
}

/// Personal data, what looks like pseudonyms, and the signs of which both are made.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("jane@example.com".to_owned()),
        Just("+44 20 7946 0958".to_owned()),
        Just("GB82 WEST 1234 5698 7654 32".to_owned()),
        Just("SSN 219-57-4232".to_owned()),
        Just("Blue Heron".to_owned()),
        Just("4111111111111111".to_owned()),
        Just("<EMAIL_1>".to_owned()),
        Just("[email 2]".to_owned()),
        Just("&lt;PHONE_1&gt;".to_owned()),
        Just("<LITERAL_1>".to_owned()),
        "[<>\\[\\]{}()&;_ @.+a-zA-Z0-9\\\\\"-]{0,12}",
        "\\PC{0,6}",
    ];
    prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

/// A text cut at random places.
fn chunks(text: &str, cuts: &[prop::sample::Index]) -> Vec<String> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
    places.retain(|&place| text.is_char_boundary(place));
    places.extend([0, text.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| text[pair[0]..pair[1]].to_owned()).collect()
}

fn streamed(vault: Vault, text: &str, form: Form, cuts: &[prop::sample::Index]) -> String {
    let mut restorer = Restorer::new(Arc::new(vault), form);
    let mut restored: String = chunks(text, cuts).iter().map(|chunk| restorer.push(chunk)).collect();
    restored.push_str(&restorer.finish());
    restored
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn restoring_undoes_masking(first in texts(), second in texts(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20)) {
        let mut vault = vault();
        let (masked, later) = (vault.mask(&first), vault.mask(&second));
        prop_assert_eq!(vault.restore(&masked, Form::Text), first.clone());
        prop_assert_eq!(vault.restore(&later, Form::Text), second);
        prop_assert_eq!(streamed(vault, &masked, Form::Text, &cuts), first);
    }

    #[test]
    fn no_value_stays_in_masked_text(first in texts(), second in texts()) {
        let mut vault = vault();
        for text in [&first, &second] {
            let masked = vault.mask(text);
            for (_, value) in vault.pairs().filter(|(mark, value)| value.len() >= LONG && !mark.starts_with("<LITERAL")) {
                prop_assert!(!masked.contains(value), "{value:?} in {masked:?}");
            }
        }
    }

    #[test]
    fn json_keeps_its_meaning(text in texts(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20)) {
        let json = serde_json::json!({ "text": text, "list": [text] }).to_string();
        let mut vault = vault();
        let masked = vault.mask_json(&json);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&masked).is_ok(), "{masked}");
        let restored = streamed(vault, &masked, Form::Json, &cuts);
        let meant: serde_json::Value = serde_json::from_str(&restored).unwrap();
        prop_assert_eq!(meant, serde_json::from_str::<serde_json::Value>(&json).unwrap());
    }

    #[test]
    fn chunks_do_not_matter(text in texts(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..30)) {
        let mut vault = vault();
        vault.mask("jane@example.com and +44 20 7946 0958");
        let whole = vault.restore(&text, Form::Text);
        prop_assert_eq!(streamed(vault, &text, Form::Text, &cuts), whole);
    }
}
