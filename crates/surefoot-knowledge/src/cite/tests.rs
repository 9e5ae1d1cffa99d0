use proptest::prelude::*;
use surefoot_types::{
    Range, Support,
    document::{Passage, StoredPassage},
    ids::DocumentId,
};

use super::*;

fn hit(title: &str, start: usize, text: &str) -> Hit {
    let range = Range { start, end: start + text.len() };
    let passage =
        Passage { ordinal: 0, heading_path: vec!["Returns".into()], range, page: None, lead: None, text: text.into() };
    let document_id = DocumentId::from_bits(7);
    let found =
        StoredPassage { key: start as u64, document_id, path: format!("{title}.md"), title: title.into(), passage };
    Hit { found, score: 0.9, lexical: Some(5.0), vector: Some(0.5), also: Vec::new() }
}

fn shop() -> Vec<Hit> {
    vec![
        hit(
            "Refunds",
            100,
            "Refunds are paid within 14 days of the return. Gift cards are not refunded.\nContact Anna Berg for help.",
        ),
        hit("Quality", 500, "In 2023, 87 % of parcels arrived in time. The rest came a day late."),
    ]
}

fn verdicts(answer: &str) -> Vec<(u32, Support)> {
    verify(answer, &shop()).into_iter().map(|citation| (citation.mark, citation.support)).collect()
}

#[test]
fn verdicts_by_example() {
    use Support::*;
    let cases: &[(&str, &[(u32, Support)])] = &[
        ("Refunds are paid within 14 days of the return [1].", &[(1, Quoted)]),
        ("\u{201c}Gift cards are not refunded.\u{201d} [1]", &[(1, Quoted)]),
        ("A refund is paid within fourteen days of return. [1]", &[(1, Supported)]),
        ("87 % of parcels arrived in time in 2023 [2].", &[(2, Supported)]),
        ("85 % of parcels arrived in time in 2023 [2].", &[(2, Partial)]),
        ("Gift cards are refunded [1].", &[(1, Partial)]),
        ("For help, contact Bert Berg [1].", &[(1, Partial)]),
        ("For help, contact Anna Berg [1].", &[(1, Supported)]),
        ("Penguins live in Antarctica [1].", &[(1, Unsupported)]),
        ("Parcels arrived in time [1][2].", &[(1, Unsupported), (2, Supported)]),
        ("It is so [3]. And so [0].", &[(3, Unsupported), (0, Unsupported)]),
        (
            "- Gift cards are not refunded\u{3010}1\u{3011}\n- The rest came a day late [2, 9]",
            &[(1, Quoted), (2, Quoted), (9, Unsupported)],
        ),
        ("Gift cards are not refunded.\n\n[1]", &[(1, Quoted)]),
        ("No mark here.", &[]),
        ("[1]", &[(1, Unsupported)]),
    ];
    for (answer, expected) in cases {
        assert_eq!(verdicts(answer), *expected, "{answer}");
    }
}

#[test]
fn a_citation_names_the_exact_place() {
    let citation = &verify("The rest came a day late [2].", &shop())[0];
    assert_eq!((citation.start, citation.end), (542, 567));
    assert_eq!((citation.quote.as_str(), citation.document.as_str()), ("The rest came a day late.", "Quality.md"));
    assert_eq!((citation.sentence.as_str(), citation.score), ("The rest came a day late.", 1.0));
    let gone = &verify("So [9].", &shop())[0];
    assert_eq!((gone.document.as_str(), gone.document_id, gone.holds()), ("", None, false));
}

#[test]
fn the_answer_is_quoted_with_its_mark_and_verifies() {
    let answer = extract("How many days do refunds take?", &shop());
    assert!(!answer.abstained, "{answer:?}");
    let first = &answer.sentences[0];
    assert_eq!((first.text.as_str(), first.range.start), ("Refunds are paid within 14 days of the return.", 100));
    assert!(answer.text().starts_with("\"Refunds are paid within 14 days of the return.\" [1]"));
    assert!(verify(&answer.text(), &shop()).iter().all(|citation| citation.support == Support::Quoted));
}

#[test]
fn what_is_not_in_the_documents_is_not_answered() {
    for question in ["Who won the world cup in 1998?", "How do I bake sourdough bread?", "", "??"] {
        let answer = extract(question, &shop());
        assert!(answer.abstained, "{question}: {answer:?}");
        assert_eq!(answer.text(), ABSTAIN);
    }
    assert!(extract("How many days do refunds take?", &[]).abstained);
}

#[test]
fn prompts_number_their_passages() {
    let block = passages_block(&shop(), 1);
    assert!(block.starts_with("[1] Refunds > Returns\nRefunds are paid"), "{block}");
    assert!(block.contains("\n\n[2] Quality > Returns\nIn 2023"));
    assert_eq!(passages_block(&[], 1), "");
}

proptest! {
    #[test]
    fn any_answer_over_any_passage_is_survived(
        answer in "(\\PC|[ \n.\\[\\]0-9\u{3010}\u{3011}]){0,120}",
        passage in "(\\PC|[ \n.]){1,120}",
        question in "\\PC{0,60}",
    ) {
        let hits = [hit("T", 9, &passage)];
        for citation in verify(&answer, &hits) {
            if citation.document_id.is_some() {
                let place = Range { start: citation.start - 9, end: citation.end - 9 };
                prop_assert_eq!(place.of(&passage), Some(citation.quote.as_str()));
            }
        }
        for quoted in extract(&question, &hits).sentences {
            let place = Range { start: quoted.range.start - 9, end: quoted.range.end - 9 };
            prop_assert_eq!(place.of(&passage), Some(quoted.text.as_str()));
        }
    }
}
