use proptest::prelude::*;

use super::*;
use crate::ingest::parse::blocks_markdown;

const SIZES: Sizes = Sizes { target: 60, most: 100 };

fn passages(text: &str) -> Vec<Passage> {
    cut(text, &blocks_markdown(text), SIZES)
}

fn shown(text: &str) -> Vec<String> {
    passages(text)
        .into_iter()
        .map(|p| format!("{}: {}", p.heading_path.join(" > "), p.text.replace('\n', "/")))
        .collect()
}

#[test]
fn headings_start_passages_and_name_them() {
    let text = "# Guide\n\n## Install\n\nRun it.\n\n## Use\n\nOpen it.\n\n# Other\n\nText.\n";
    let expected =
        ["Guide > Install: # Guide//## Install//Run it.", "Guide > Use: ## Use//Open it.", "Other: # Other//Text."];
    assert_eq!(shown(text), expected);
}

#[test]
fn lists_and_tables_stay_whole_where_they_fit() {
    let list = "Before it stands a paragraph that fills the passage well.\n\n- first point\n- second point\n- third point\n- fourth point\n";
    assert_eq!(passages(list)[1].text, "- first point\n- second point\n- third point\n- fourth point");
}

#[test]
fn long_paragraphs_are_cut_between_sentences_into_equal_parts() {
    let text = "One sentence of some thirty bytes. ".repeat(9);
    let all = passages(&text);
    assert!(all.iter().all(|p| p.text.ends_with("bytes.") && p.text.len() >= 30), "{all:?}");
}

#[test]
fn a_word_without_end_is_cut_all_the_same() {
    assert!(passages(&"x".repeat(1000)).iter().all(|p| p.text.len() <= SIZES.most));
}

#[test]
fn sentences_by_example() {
    let cases: &[(&str, &[&str])] = &[
        ("One. Two? Three!", &["One.", "Two?", "Three!"]),
        ("Dr. Smith met J. Doe, e.g. Today. Then left.", &["Dr. Smith met J. Doe, e.g. Today.", "Then left."]),
        ("A line that\nis wrapped. Next.", &["A line that\nis wrapped.", "Next."]),
        ("- one\n- two\n\n1. three", &["- one", "- two", "1. three"]),
        ("# Title\nText.", &["# Title", "Text."]),
        ("It costs 3.50 euros. Yes.", &["It costs 3.50 euros.", "Yes."]),
        ("Paid in time. [1] Never late. [2]", &["Paid in time. [1]", "Never late. [2]"]),
        ("你好。再见。", &["你好。", "再见。"]),
        ("  \n ", &[]),
    ];
    for (text, expected) in cases {
        let found: Vec<&str> = sentences(text).into_iter().filter_map(|range| range.of(text)).collect();
        assert_eq!(found, *expected, "{text}");
    }
}

/// Every byte that is not blank is in one passage; passages stand in order and say what they hold.
fn covers(text: &str, passages: &[Passage]) {
    let mut at = 0;
    for (index, passage) in passages.iter().enumerate() {
        assert_eq!(passage.ordinal as usize, index);
        assert_eq!(passage.range.of(text), Some(passage.text.as_str()));
        assert!(passage.range.start >= at && !passage.text.trim().is_empty());
        assert!(text[at..passage.range.start].trim().is_empty(), "lost {:?}", &text[at..passage.range.start]);
        at = passage.range.end;
    }
    assert!(text[at..].trim().is_empty(), "lost {:?}", &text[at..]);
}

fn block() -> impl Strategy<Value = Block> {
    let kind = prop_oneof![Just(Kind::Prose), Just(Kind::Lines), Just(Kind::Heading(2, "H".into()))];
    (0usize..300, 0usize..300, kind, prop::option::of(1u32..3)).prop_map(|(start, end, kind, page)| Block {
        range: Range { start, end },
        kind,
        page,
    })
}

proptest! {
    #[test]
    fn any_text_is_covered(text in "(\\PC|[ \n.#|`*-]){0,400}") {
        covers(&text, &passages(&text));
    }

    #[test]
    fn any_blocks_are_survived(text in "(\\PC|[ \n.]){0,200}", blocks in prop::collection::vec(block(), 0..6)) {
        covers(&text, &cut(&text, &blocks, SIZES));
    }

    #[test]
    fn sentences_hold_everything(text in "(\\PC|[ \n.!?#-]){0,200}") {
        let mut at = 0;
        for range in sentences(&text) {
            prop_assert!(range.start >= at && text[at..range.start].trim().is_empty());
            at = range.end;
        }
        prop_assert!(text[at..].trim().is_empty());
    }
}
