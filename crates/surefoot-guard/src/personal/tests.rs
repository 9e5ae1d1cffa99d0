use std::sync::LazyLock;

use super::*;

fn everything() -> &'static Detector {
    static DETECTOR: LazyLock<Detector> = LazyLock::new(|| {
        Detector::new(&Options { kinds: kinds().map(str::to_owned).collect(), ..Options::default() }).unwrap()
    });
    &DETECTOR
}

/// Checks what is found in a text: `[KIND: value]` where it stands.
fn check(detector: &Detector, marked: &str) {
    let (mut text, mut expected) = (String::new(), Vec::new());
    let mut rest = marked;
    while let Some((before, inside)) = rest.split_once('⟦') {
        let (inside, after) = inside.split_once('⟧').unwrap();
        let (kind, value) = inside.split_once(": ").unwrap();
        text.push_str(before);
        expected.push((kind.to_owned(), value.to_owned()));
        text.push_str(value);
        rest = after;
    }
    text.push_str(rest);
    let found: Vec<(String, String)> = detector
        .find(&text)
        .into_iter()
        .map(|finding| (finding.kind.to_owned(), text[finding.range].to_owned()))
        .collect();
    assert_eq!(found, expected, "in {text:?}");
}

#[test]
fn what_has_a_form_of_its_own_is_found_anywhere() {
    let detector = everything();
    for marked in [
        "write to ⟦EMAIL: jane.doe+news@mail.example.co.uk⟧, or see ⟦URL: https://example.com/a?b=c⟧.",
        "{\"mail\":\"⟦EMAIL: müller@exämple.de⟧\"}",
        "pay to ⟦IBAN: GB82 WEST 1234 5698 7654 32⟧ or ⟦IBAN: DE89370400440532013000⟧",
        "card ⟦CREDIT_CARD: 4111-1111-1111-1111⟧, ⟦CREDIT_CARD: 378282246310005⟧",
        "from ⟦IP_ADDRESS: 203.0.113.9⟧:8080 and ⟦IP_ADDRESS: 2001:db8::8a2e:370:7334⟧ at ⟦MAC_ADDRESS: 00:1A:2B:3C:4D:5E⟧",
        "send to ⟦CRYPTO: 1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2⟧ or ⟦CRYPTO: bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq⟧",
        "⟦CRYPTO: 0x52908400098527886E0F7030069857D2E4169EE7⟧",
        "aged ⟦AGE: 46⟧, a ⟦AGE: 46⟧-year-old",
    ] {
        check(detector, marked);
    }
}

#[test]
fn telephones_of_many_countries() {
    let detector = everything();
    for marked in [
        "call me at ⟦PHONE: (415) 555-0132⟧ or ⟦PHONE: +44 (20) 7123 4567⟧",
        "⟦PHONE: 415.555.0132 x12⟧ and ⟦PHONE: 345-899-3560x4587⟧",
        "Mon numéro est ⟦PHONE: 06 39 98 41 12⟧.",
        "Telefon: ⟦PHONE: 030/1234567⟧",
        "電話番号は⟦PHONE: 090-6844-0741⟧です。",
        "telefone ⟦PHONE: (21) 98576-5552⟧",
        "Phone:\n⟦PHONE: 60-56-85-91⟧",
    ] {
        check(detector, marked);
    }
}

#[test]
fn addresses_births_and_what_only_words_announce() {
    let detector = everything();
    for marked in [
        "I live at ⟦ADDRESS: 12 Baker Street⟧ now",
        "to ⟦ADDRESS: 1600 Amphitheatre Parkway, Mountain View, CA 94043⟧.",
        "Lieferung an ⟦ADDRESS: Karl-Liebknecht-Straße 5a, 10178 Berlin⟧",
        "habite ⟦ADDRESS: 12 bis, rue de la Paix⟧.",
        "vive en ⟦ADDRESS: Calle de Alcalá, 45⟧",
        "adres: ⟦ADDRESS: ul. Długa 12⟧",
        "On 2 May 1999. Born ⟦DATE_OF_BIRTH: March 3, 1957⟧",
        "geboren am ⟦DATE_OF_BIRTH: 15.7.1987⟧",
        "passport number ⟦PASSPORT: C01234567⟧",
        "MRN: ⟦MEDICAL_RECORD: 00482913⟧",
        "PLZ ⟦POSTAL_CODE: 10115⟧",
        "account number ⟦BANK_ACCOUNT: 945456787654⟧",
    ] {
        check(detector, marked);
    }
}

#[test]
fn look_alikes_are_left_alone() {
    let detector = everything();
    for text in [
        "",
        "ISBN 978-4-372-05155-8, SKU EQS-31-5435, part 000-06-3879",
        "request_id=21424a99-6922-4382-99cc-a2caae6e5291 sha256:068b228d10fdfb8e3cfa50deef9cc5cda584cc05b4f9a1d9f29b35a1452fa9b9",
        "npm i @types/node@16.13.1, icon@2x.png, std::vector<int> v{565, 293}",
        "Upgrade from 15.17.93.6077 to 1.2.3, on 2024-01-31 or 31.01.2024 at 12:30:45",
        "epoch 1610582571 ms, error code 0xfceecd3e at offset 548208016",
        "Order 2614667926383532 has shipped. Invoice INV-2024-825183 total 353.49 EUR",
        "IBAN AT61 2686 2811 9971 4391 fails the check digit test",
        "During 1971 the company grew. Spring 2020 was quiet.",
        "card 4111-1111-1111-1112",
        "the server listens on 127.0.0.1:4141, or on 0.0.0.0",
    ] {
        check(detector, text);
    }
}

#[test]
fn kinds_are_chosen_and_unknown_ones_refused() {
    let only =
        |kinds: &[&str]| Options { kinds: kinds.iter().map(|&kind| kind.to_owned()).collect(), ..Options::default() };
    let detector = Detector::new(&only(&["EMAIL"])).unwrap();
    check(&detector, "⟦EMAIL: a@example.com⟧ from 203.0.113.9");
    let Err(told) = Detector::new(&only(&["EMIAL"])) else { panic!("an unknown kind was taken") };
    assert_eq!(told, "there is no kind of personal data named 'EMIAL'");
    // A link is nobody's unless it names somebody.
    let detector = Detector::new(&Options::default()).unwrap();
    check(&detector, "see https://example.com/docs and ⟦PROFILE_URL: https://example.com/users/jane⟧");
}

#[test]
fn patterns_and_words_of_the_users_own() {
    let own = vec![
        ("EMPLOYEE".to_owned(), Own::Pattern(r"employee (E-\d{4})".into())),
        ("PROJECT".to_owned(), Own::Words(vec!["Blue Heron".into(), "Zephyr".into()])),
    ];
    let detector = Detector::new(&Options { own, ..Options::default() }).unwrap();
    check(&detector, "employee ⟦EMPLOYEE: E-1234⟧ of ⟦PROJECT: blue heron⟧, not zephyrs");
    let wrong = Options { own: vec![("X".into(), Own::Pattern("(".into()))], ..Options::default() };
    assert!(Detector::new(&wrong).is_err_and(|told| told.starts_with("the pattern 'X' cannot be read")));
}

#[test]
fn marks_stand_in_the_place_of_what_was_found() {
    let detector = Detector::new(&Options::default()).unwrap();
    let mut text = "From a@example.com, SSN 219-57-4232.".to_owned();
    mask_in_place(&detector, &mut text);
    assert_eq!(text, "From [EMAIL], SSN [US_SSN].");
}

proptest::proptest! {
    /// Text of every script, between signs that lead somewhere.
    #[test]
    fn any_text_can_be_searched(text in "(?:\\PC|[0-9]{1,4}|@|://|[.:+-]| in | is |Dr |É|İ|漢){0,40}") {
        for finding in everything().find(&text) {
            assert!(text.get(finding.range).is_some());
        }
    }

    /// Whatever the text, findings are in order, apart, and on character borders.
    #[test]
    fn findings_are_in_order_and_apart(text in "[0-9a-zA-Z @.:/+()\\-é漢]{0,80}") {
        let mut end = 0;
        for finding in everything().find(&text) {
            assert!(finding.range.start >= end && finding.range.start < finding.range.end);
            assert!(text.get(finding.range.clone()).is_some());
            end = finding.range.end;
        }
    }
}
