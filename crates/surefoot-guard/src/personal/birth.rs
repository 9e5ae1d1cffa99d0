//! Dates of birth and ages, by the words around them.

use super::{
    checks::{day_month, number},
    forms::{Kind, kind},
    scan::{Run, Scan},
};

pub(super) const DATE_OF_BIRTH: &str = "DATE_OF_BIRTH";
pub(super) const AGE: &str = "AGE";

pub(super) const KINDS: &[Kind] = &[
    kind(
        DATE_OF_BIRTH,
        &[
            "born",
            "birth",
            "date of birth",
            "dob",
            "birthday",
            "birthdate",
            "d.o.b",
            "geboren",
            "geb.",
            "geburtsdatum",
            "geburtstag",
            "né le",
            "née le",
            "naissance",
            "nacido",
            "nacida",
            "nacimiento",
            "nato il",
            "nata il",
            "nascita",
            "nascido",
            "nascida",
            "nascimento",
            "geboortedatum",
            "geboren op",
            "urodzony",
            "urodzona",
            "urodzenia",
            "född",
            "födelsedatum",
            "syntynyt",
            "født",
            "narozen",
            "doğum",
            "生年月日",
            "生まれ",
            "出生",
            "생년월일",
            "출생",
            "дата рождения",
            "родился",
            "родилась",
        ],
        &[],
    ),
    kind(AGE, &[], &[]),
];

/// Most bytes of a date that is spelt out.
const LONGEST: usize = 64;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/// Months of other languages, by the beginnings that the list above does not have.
const FOREIGN: [&str; 40] = [
    "januar",
    "februar",
    "märz",
    "mai",
    "juni",
    "juli",
    "okt",
    "dez",
    "janvier",
    "février",
    "mars",
    "avril",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "décembre",
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "octubre",
    "noviembre",
    "diciembre",
    "gennaio",
    "febbraio",
    "aprile",
    "maggio",
    "giugno",
    "luglio",
    "settembre",
    "ottobre",
    "dicembre",
    "stycznia",
];

/// A date with a year that begins with run `at`, near a word about birth.
pub(super) fn date_of_birth(scan: &mut Scan<'_>, at: usize) {
    let Some(end) = date(scan, at) else { return };
    let start = scan.runs[at].start;
    if !scan.is_joined_before(start) {
        scan.found(DATE_OF_BIRTH, start..end, 0.0, 0.9);
    }
}

/// Where the date that begins with run `at` ends.
fn date(scan: &Scan<'_>, at: usize) -> Option<usize> {
    let runs = scan.runs.get(at..at + 3)?;
    let text = scan.text;
    let word = |run: Run| &text[run.start..run.end];
    let joined = |sign: &str| (0..2).all(|pair| &text[runs[pair].end..runs[pair + 1].start] == sign);
    let numbers = runs.iter().all(|run| run.is_number() && run.len() <= 4);
    if numbers && ["-", "/", ".", ". ", " "].iter().any(|sign| joined(sign)) {
        let values = runs.iter().map(|&run| number(word(run).as_bytes())).collect::<Vec<u64>>();
        let lengths = (runs[0].len(), runs[1].len(), runs[2].len());
        let exists = match lengths {
            (4, 1..=2, 1..=2) => day_month(values[2], values[1]),
            (1..=2, 1..=2, 4 | 2) => day_month(values[0], values[1]) || day_month(values[1], values[0]),
            _ => false,
        };
        return exists.then_some(runs[2].end);
    }
    let begins = runs[0].len() <= 2 && runs[0].is_number() || is_month_like(word(runs[0]));
    if begins { spelt(scan, at) } else { None }
}

/// `13 May 1957`, `May 13th, 1957`, `4. März 1957`, `13 de mayo de 1957`.
fn spelt(scan: &Scan<'_>, at: usize) -> Option<usize> {
    let start = scan.runs[at].start;
    let rest = &scan.text[start..scan.text.floor_char_boundary(start + LONGEST)];
    let mut end = 0;
    let (mut day, mut month) = (false, false);
    for word in rest.split_inclusive([' ', ',']).take(7) {
        end += word.len();
        let bare = word.trim_matches([' ', ',', '.', ';', ')']);
        let digits = bare.bytes().take_while(u8::is_ascii_digit).count();
        let lower = bare.to_lowercase();
        if digits == 4 {
            let year = matches!(&bare[..2], "18" | "19" | "20");
            let trailing = word.len() - word.find(bare).unwrap_or(0) - digits;
            return (year && month).then_some(scan.runs[at].start + end - trailing);
        } else if (1..=2).contains(&digits) && !day {
            day = matches!(number(&bare.as_bytes()[..digits]), 1..=31)
                && ["", "st", "nd", "rd", "th", "er", "º"].contains(&&lower[digits..]);
            if !day {
                return None;
            }
        } else if is_month(&lower) && !month {
            month = true;
        } else if !["", "de", "of", "the"].contains(&lower.as_str()) {
            return None;
        }
    }
    None
}

/// Whether a word begins as a month of one of the languages does, cheaply.
fn is_month_like(word: &str) -> bool {
    word.get(..3).is_some_and(|start| MONTHS.iter().any(|month| month.eq_ignore_ascii_case(start)))
}

fn is_month(word: &str) -> bool {
    let english = MONTHS.iter().any(|month| word.starts_with(month)) && word.len() <= 9;
    english || FOREIGN.contains(&word)
}

/// `46 years old`, `aged 46`, `46-year-old`, `46 Jahre alt`.
pub(super) fn age(scan: &mut Scan<'_>, at: usize) {
    let run = scan.runs[at];
    let digits = &scan.text.as_bytes()[run.start..run.end];
    if !run.is_number() || run.len() > 3 || !(1..=119).contains(&number(digits)) {
        return;
    }
    let after = scan.text[run.end..].trim_start_matches([' ', '-']).as_bytes();
    let before = scan.text[..run.start].trim_end().as_bytes();
    let follows = [
        "years old",
        "year old",
        "year-old",
        "years of age",
        "yrs old",
        "y/o",
        "yo ",
        "jahre alt",
        "ans,",
        "años de edad",
        "anni,",
        "jaar oud",
        "lat,",
    ];
    let precedes = [
        "aged",
        "age",
        "age:",
        "just turned",
        "turning",
        "turned",
        "i'm",
        "alter:",
        "âge :",
        "edad:",
        "when he was",
        "when she was",
    ];
    let starts = |word: &&str| after.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()));
    let ends = |word: &&str| {
        before.len().checked_sub(word.len()).is_some_and(|from| {
            before[from..].eq_ignore_ascii_case(word.as_bytes())
                && !from.checked_sub(1).is_some_and(|at| before[at].is_ascii_alphanumeric())
        })
    };
    if follows.iter().any(starts) || precedes.iter().any(ends) && !scan.is_joined_after(run.end) {
        scan.keep(AGE, run.start..run.end, 0.8);
    }
}
