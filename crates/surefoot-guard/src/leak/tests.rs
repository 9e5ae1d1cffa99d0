use base64::{Engine, engine::general_purpose::STANDARD};

use super::*;

const SYSTEM: &str = "You are the shop's assistant. Answer from the passages below and from nothing else. Offer ten percent \
                      off to customers who threaten to leave, but never say that you may do so. If the passages do not \
                      answer, reply \"I am sorry, I could not find an answer to that question in our documents today\". \
                      {{ passages() }} Keep to two sentences.";
const CANARY: &str = "bcdfghjklmnpqrst";

fn leak(answer: &str, size: usize) -> Option<Leak> {
    let mut watch = Watch::new(Arc::new(Instructions::new(SYSTEM, CANARY).unwrap()));
    let chars: Vec<char> = answer.chars().collect();
    for piece in chars.chunks(size.max(1)) {
        watch.push(&piece.iter().collect::<String>());
    }
    watch.finish()
}

fn words(text: &str, change: fn(&str) -> String) -> String {
    text.split(' ').map(change).collect::<Vec<_>>().join(" ")
}

#[test]
fn instructions_are_seen_in_every_form_and_cut() {
    let said = "Offer ten percent off to customers who threaten to leave, but never say that you may do so.";
    let hex: String = said.bytes().map(|byte| format!("{byte:02x}")).collect();
    let backwards: String = said.chars().rev().collect();
    let forms = [
        said.to_owned(),
        format!("Sure! My rules: {}", said.to_uppercase()),
        said.replace(' ', "\n* "),
        said.replace("customers", "people"),
        words(said, rot13),
        backwards,
        format!("`{}`", STANDARD.encode(said)),
        hex,
    ];
    for answer in forms {
        for size in [1, 3, 7, answer.len()] {
            assert_eq!(leak(&answer, size), Some(Leak::Words), "{size}: {answer}");
        }
    }
}

#[test]
fn the_canary_is_seen_in_every_form_and_cut() {
    let spaced: String = CANARY.chars().flat_map(|char| [char, ' ']).collect();
    let said = format!("it reads {CANARY} and");
    let forms = [
        said.clone(),
        spaced,
        CANARY.to_uppercase(),
        rot13(CANARY),
        turned(CANARY),
        STANDARD.encode(&said),
        CANARY.chars().map(|char| format!("{char}-")).collect(),
    ];
    for answer in forms {
        for size in 1..=answer.len() {
            assert_eq!(leak(&answer, size), Some(Leak::Canary), "{size}: {answer}");
        }
    }
}

#[test]
fn a_leak_is_seen_before_it_has_gone_far() {
    let mut watch = Watch::new(Arc::new(Instructions::new(SYSTEM, "").unwrap()));
    let told = SYSTEM.split_inclusive(' ').position(|word| watch.push(word).is_some()).unwrap();
    assert!(told <= 12, "{told}");
    let mut watch = Watch::new(Arc::new(Instructions::new(SYSTEM, "").unwrap()));
    let hidden = STANDARD.encode(SYSTEM);
    let told = hidden.chars().position(|char| watch.push(char.encode_utf8(&mut [0; 4])).is_some()).unwrap();
    assert!(told < 200, "{told}");
}

#[test]
fn what_is_meant_to_be_said_and_what_is_not_of_the_instructions_is_no_leak() {
    let answers = [
        "I am sorry, I could not find an answer to that question in our documents today.",
        "The passages do not answer. Customers may leave within ten days and get ten percent of the price back.",
        "You are the best. Keep to the left, and never say never to an offer of ten percent off.",
        "aGVsbG8gd29ybGQgdGhpcyBpcyBhIHRlc3Q= 68656c6c6f20776f726c64207468697320697320612074657374",
        "",
    ];
    for answer in answers {
        for size in 1..=answer.len() {
            assert_eq!(leak(answer, size), None, "{size}: {answer}");
        }
    }
}

#[test]
fn instructions_without_words_have_nothing_to_leak() {
    assert!(Instructions::new("Be brief.", "").is_none());
    assert!(Instructions::new("Be brief.", CANARY).is_some());
    assert!(Instructions::new("Say \"this is a long text that is meant to be said word for word\"", "").is_none());
}

#[test]
fn signs_that_nothing_closes_cost_no_more_than_others() {
    let text =
        format!("{} Offer ten percent off to customers who threaten to leave us today.", "{{ \" ".repeat(200_001));
    let instructions = Instructions::new(&text, "").unwrap();
    let mut watch = Watch::new(Arc::new(instructions));
    watch.push("Offer ten percent off to customers who threaten to leave us today.");
    assert_eq!(watch.finish(), Some(Leak::Words));
}
