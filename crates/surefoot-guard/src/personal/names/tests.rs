use crate::personal::{Detector, Options};

/// Checks which names are found: `person/place/…` by kind.
#[track_caller]
fn check(text: &str, expected: &[(&str, &str)]) {
    let kinds = [super::PERSON, super::LOCATION].map(str::to_owned).into();
    let detector = Detector::new(&Options { kinds, ..Options::default() }).unwrap();
    let found: Vec<(&str, &str)> = detector
        .find(text)
        .into_iter()
        .map(|found| (found.kind, &text[found.range]))
        .map(|(kind, value)| (if kind == super::PERSON { "person" } else { "place" }, value))
        .collect();
    assert_eq!(found, expected, "in {text:?}");
}

#[test]
fn people_by_name_title_and_introduction() {
    check("Dr. Anette Lahtela will see you", &[("person", "Anette Lahtela")]);
    check("My name is Rubija.", &[("person", "Rubija")]);
    check("Applicant Patrick Sanchez, SSN", &[("person", "Patrick Sanchez")]);
    check("Je m'appelle Pauline de la Pasquier.", &[("person", "Pauline de la Pasquier")]);
    check("{\"name\": \"Orinder Mann\"}", &[("person", "Orinder Mann")]);
    check("Peter Oduya called. Later Oduya wrote.", &[("person", "Peter Oduya"), ("person", "Oduya")]);
}

#[test]
fn places_by_list_and_situation() {
    check(
        "The weather in New York, France and Kyoto",
        &[("place", "New York"), ("place", "France"), ("place", "Kyoto")],
    );
    check("I live in Biddinghuizen.", &[("place", "Biddinghuizen")]);
    check("a flight to Paris", &[("place", "Paris")]);
}

#[test]
fn capitals_alone_are_no_names() {
    for text in [
        "",
        "Will it rain? Mark the date. May I? Bill the customer.",
        "Write a function in Python that parses JSON with Serde.",
        "Open the Jordan normal form chapter. The Markov chain converges.",
        "let user = Michael::new(); Thomas.parse(); users/Peter",
        "Mobile: none. Reading is fun. University College",
        "THE API KEY WILL EXPIRE",
    ] {
        check(text, &[]);
    }
}
