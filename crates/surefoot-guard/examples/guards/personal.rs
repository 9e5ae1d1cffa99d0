//! Personal data: by kind, by group, and false alarms on texts that only look like it.

use std::{collections::BTreeMap, error::Error, hint::black_box};

use serde_json::Value;
use surefoot_guard::personal::{Detector, ON_REQUEST, Options, kinds};

use crate::score::{Counts, Span, labelled, overlap, print_speed, ratio};

/// Kinds with a form of their own in every country.
const STRUCTURED: [&str; 10] =
    ["EMAIL", "PHONE", "IBAN", "CREDIT_CARD", "US_SSN", "IP_ADDRESS", "MAC_ADDRESS", "CRYPTO", "URL", "US_ITIN"];
/// Kinds that this program does not look for.
const NOT_SOUGHT: [&str; 3] = ["ORGANIZATION", "NRP", "TITLE"];

/// Our name for a labelled kind: files name some kinds by country that are one kind here.
fn ours(kind: &str) -> &str {
    let is = |part: &str| kind.contains(part);
    match kind {
        "DATE" => "DATE_OF_BIRTH",
        "MRN" => "MEDICAL_RECORD",
        "DE_KFZ" => "LICENSE_PLATE",
        "DE_FUEHRERSCHEIN" => "DRIVING_LICENCE",
        "DE_PLZ" => "POSTAL_CODE",
        _ if is("PHONE") || is("MOBILE") => "PHONE",
        _ if is("PASSPORT") => "PASSPORT",
        _ if is("DRIVER_LICEN") || is("DRIVING_LICEN") => "DRIVING_LICENCE",
        _ if is("PLATE") || is("VEHICLE_REG") => "LICENSE_PLATE",
        _ if is("POSTCODE") || is("ZIP") => "POSTAL_CODE",
        _ if is("BANK_ACCOUNT") => "BANK_ACCOUNT",
        _ => kind,
    }
}

/// A group of kinds, for the summary.
fn group(kind: &str) -> &'static str {
    match kind {
        _ if STRUCTURED.contains(&kind) => "structured",
        "PERSON" | "LOCATION" => "names and places",
        "DATE_OF_BIRTH" | "AGE" | "ADDRESS" | "POSTAL_CODE" => "dates, ages, addresses",
        _ if NOT_SOUGHT.contains(&kind) => "not looked for",
        _ => "national ids and documents",
    }
}

/// A record, ready to be compared.
struct Case {
    text: String,
    spans: Vec<Span>,
    scope: Vec<String>,
    harmless: bool,
    english: bool,
}

fn case(record: &Value) -> Case {
    let text = record["text"].as_str().unwrap_or_default().to_owned();
    let mut spans = labelled(record, &text);
    spans.iter_mut().for_each(|span| span.kind = ours(&span.kind).to_owned());
    let scope = record["scope"].as_array().into_iter().flatten().filter_map(Value::as_str);
    Case {
        scope: scope.map(|kind| ours(kind).to_owned()).collect(),
        harmless: record["hard_negative"].as_bool().unwrap_or(false),
        english: record["lang"].as_str() == Some("en"),
        spans,
        text,
    }
}

/// Measures and prints.
pub(crate) fn measure(records: &[Value], errors: bool) -> Result<(), Box<dyn Error>> {
    let cases: Vec<Case> = records.iter().map(case).collect();
    let everything = Options { kinds: kinds().map(str::to_owned).collect(), ..Options::default() };
    let detector = Detector::new(&everything)?;
    // A deployment that names its countries looks only for their kinds.
    let mut scoped: BTreeMap<Vec<String>, Detector> = BTreeMap::new();
    for case in &cases {
        if !scoped.contains_key(&case.scope) {
            let named = kinds().filter(|kind| case.scope.iter().any(|other| other == kind)).map(str::to_owned);
            let options = Options { kinds: named.collect(), ..Options::default() };
            scoped.insert(case.scope.clone(), Detector::new(&options)?);
        }
    }
    let every: Vec<&Case> = cases.iter().collect();
    let all = counts(&every, |_| &detector, errors);
    let named = counts(&every, |case| &scoped[&case.scope], false);
    print_kinds(&all, &named);
    print_english(&cases, &detector);
    print_harmless(&cases, &detector);
    let texts: Vec<String> = cases.into_iter().map(|case| case.text).collect();
    print_speed(&texts, |text| {
        black_box(detector.find(text));
    });
    Ok(())
}

fn counts<'d>(cases: &[&Case], detector: impl Fn(&Case) -> &'d Detector, errors: bool) -> BTreeMap<String, Counts> {
    let mut counts: BTreeMap<String, Counts> = BTreeMap::new();
    for case in cases {
        let found = detector(case).find(&case.text);
        let mut open: Vec<&Span> = case.spans.iter().collect();
        for finding in found.iter().filter(|finding| case.scope.iter().any(|kind| kind == finding.kind)) {
            let fits = |span: &&Span| span.kind == finding.kind && overlap(&span.range, &finding.range) >= 0.5;
            let count = counts.entry(finding.kind.to_owned()).or_default();
            match open.iter().position(fits) {
                Some(at) => {
                    open.remove(at);
                    count.right += 1;
                }
                None => {
                    count.wrong += 1;
                    if errors {
                        eprintln!("wrong {} {:?} in {:?}", finding.kind, &case.text[finding.range.clone()], case.text);
                    }
                }
            }
        }
        for span in open {
            counts.entry(span.kind.clone()).or_default().missed += 1;
            if errors && !NOT_SOUGHT.contains(&span.kind.as_str()) {
                eprintln!("missed {} {:?} in {:?}", span.kind, &case.text[span.range.clone()], case.text);
            }
        }
    }
    counts
}

fn print_kinds(all: &BTreeMap<String, Counts>, named: &BTreeMap<String, Counts>) {
    println!(
        "| kind | labelled | precision | recall | F1 | F1, kinds of the record alone |\n|---|---|---|---|---|---|"
    );
    let line = |name: &str, all: Counts, named: Counts| {
        println!(
            "| {name} | {} | {:.2} | {:.2} | {:.2} | {:.2} |",
            all.right + all.missed,
            all.precision(),
            all.recall(),
            all.f1(),
            named.f1()
        );
    };
    let mut groups: BTreeMap<&str, (Counts, Counts)> = BTreeMap::new();
    for (kind, counts) in all {
        let other = named.get(kind).copied().unwrap_or_default();
        line(kind, *counts, other);
        let sums = groups.entry(group(kind)).or_default();
        sums.0.add(*counts);
        sums.1.add(other);
    }
    for (name, (all, named)) in groups {
        line(&format!("**{name}**"), all, named);
    }
}

/// Names and places where they are looked for in earnest: in English.
fn print_english(cases: &[Case], detector: &Detector) {
    let english: Vec<&Case> = cases.iter().filter(|case| case.english).collect();
    let counts = counts(&english, |_| detector, false);
    let mut sum = Counts::default();
    counts.iter().filter(|(kind, _)| group(kind) == "names and places").for_each(|(_, counts)| sum.add(*counts));
    println!(
        "\nNames and places in English texts: precision {:.2}, recall {:.2}, F1 {:.2}.",
        sum.precision(),
        sum.recall(),
        sum.f1()
    );
}

/// Texts that only look like personal data: how many have anything found in them.
fn print_harmless(cases: &[Case], detector: &Detector) {
    let flagged = |case: &&Case| {
        detector
            .find(&case.text)
            .iter()
            .any(|finding| !ON_REQUEST.contains(&finding.kind) && case.scope.iter().any(|kind| kind == finding.kind))
    };
    for (name, english) in [("English", true), ("other", false)] {
        let harmless: Vec<&Case> = cases.iter().filter(|case| case.harmless && case.english == english).collect();
        if !harmless.is_empty() {
            let count = harmless.iter().copied().filter(|case| flagged(case)).count();
            let rate = 100.0 * ratio(count, harmless.len());
            println!("\nHarmless look-alikes flagged, {name}: {rate:.1} % of {}.", harmless.len());
        }
    }
}
