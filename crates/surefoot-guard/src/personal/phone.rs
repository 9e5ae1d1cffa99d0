//! Telephone numbers: international ones by their calling code, national ones by the habits of their countries.

use super::{
    forms::{Kind, kind},
    scan::{Run, Scan},
};

pub(super) const PHONE: &str = "PHONE";

pub(super) const KINDS: &[Kind] = &[kind(
    PHONE,
    &[
        "phone",
        "telephone",
        "tel",
        "mobile",
        "cell",
        "cellphone",
        "call",
        "callback",
        "fax",
        "whatsapp",
        "sms",
        "text me",
        "dial",
        "reach",
        "contact",
        "my number",
        "home number",
        "phone number",
        "answering",
        "messages to",
        "mi número",
        "meine nummer",
        "landline",
        "hotline",
        "extension",
        "phonenumber",
        "msisdn",
        "telefon",
        "telefonnummer",
        "handy",
        "mobilnummer",
        "rufen",
        "rückruf",
        "festnetz",
        "téléphone",
        "telephone",
        "portable",
        "mon numéro",
        "appelez",
        "joindre",
        "teléfono",
        "telefono",
        "móvil",
        "movil",
        "celular",
        "llame",
        "llamar",
        "cellulare",
        "chiama",
        "telefone",
        "telemóvel",
        "ligue",
        "telefoon",
        "telefoonnummer",
        "mobiel",
        "bel mij",
        "komórka",
        "komórkowy",
        "zadzwoń",
        "numer telefonu",
        "mobil",
        "mobilnr",
        "ring",
        "puhelin",
        "puhelinnumero",
        "telefonu",
        "cep",
        "gsm",
        "電話",
        "携帯",
        "电话",
        "手机",
        "전화",
        "휴대폰",
        "телефон",
        "позвоните",
        "هاتف",
        "फ़ोन",
        "mob",
        "ph",
    ],
    &[],
)];

/// Most groups of one number, and most digits.
const MOST_GROUPS: usize = 7;
const MOST_DIGITS: usize = 15;

/// Calling codes of one and two digits; all others have three.
const SHORT_CODES: [&str; 46] = [
    "1", "7", "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
    "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84",
    "86", "90", "91", "92", "93", "94", "95", "98",
];

/// A number cut into its groups.
struct Number<'a> {
    digits: String,
    groups: Vec<&'a str>,
    plus: bool,
    /// Whether the first or the second group stands in parentheses.
    parentheses: bool,
    /// The sign between groups, where it is always the same.
    separator: Option<&'a str>,
}

/// A telephone number that begins with run `at`. The longest plausible reading is taken.
pub(super) fn phone(scan: &mut Scan<'_>, at: usize) {
    let first = scan.runs[at];
    let text = scan.text;
    let start = text[..first.start].trim_end_matches('(').trim_end_matches('+').len();
    let start = start.max(first.start.saturating_sub(2));
    if !first.is_number() || scan.is_joined_before(start) || first.len() > MOST_DIGITS {
        return;
    }
    let mut last = at;
    while last + 1 < scan.runs.len().min(at + MOST_GROUPS) {
        let next = scan.runs[last + 1];
        let number = digits_of(text, next);
        if number == 0 || !is_joint(&text[scan.runs[last].end..next.start]) {
            break;
        }
        last += 1;
        if !next.is_number() {
            break;
        }
    }
    for last in (at..=last).rev() {
        let end = scan.runs[last].start + digits_of(text, scan.runs[last]);
        // A piece of a longer row of groups is read as a number only if the whole row is none.
        if goes_on(&text[end..]) {
            continue;
        }
        let Some(number) = cut(scan, start, at, last) else { continue };
        let (alone, near) = strength(&number);
        if near > 0.0 {
            let end = end + extension(&text[end..]);
            scan.found(PHONE, start..end, alone, near);
            return;
        }
    }
}

fn is_joint(between: &str) -> bool {
    matches!(
        between,
        " " | "-"
            | "."
            | "/"
            | ") "
            | ")"
            | ")-"
            | " ("
            | "("
            | "-("
            | " - "
            | ". "
            | ".("
            | "\u{a0}"
            | ") - "
            | "\u{2011}"
            | "\u{2013}"
    )
}

/// How many digits a run begins with, if it is a number or one with its extension: `3560x4587`.
fn digits_of(text: &str, run: Run) -> usize {
    let bytes = &text.as_bytes()[run.start..run.end];
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match bytes[digits..].split_first() {
        None => digits,
        Some((b'x', rest)) if digits > 0 && !rest.is_empty() && rest.iter().all(u8::is_ascii_digit) => digits,
        Some(_) => 0,
    }
}

/// Whether digits follow as part of the same thing.
fn goes_on(after: &str) -> bool {
    let bytes = after.as_bytes();
    matches!(bytes, [b'-' | b'/' | b'.' | b',' | b':', b'0'..=b'9', ..] | [b'_' | b'@', ..])
        || bytes.first().is_some_and(|&byte| byte.is_ascii_alphabetic() && byte != b'x')
}

/// `x123`, `ext. 123` after a number.
fn extension(after: &str) -> usize {
    let rest = after.trim_start_matches([' ', ',']);
    let Some(rest) = ["ext. ", "ext.", "ext ", "x ", "x"].iter().find_map(|mark| rest.strip_prefix(mark)) else {
        return 0;
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if (1..=6).contains(&digits) { after.len() - rest.len() + digits } else { 0 }
}

fn cut<'a>(scan: &Scan<'a>, start: usize, at: usize, last: usize) -> Option<Number<'a>> {
    let text: &'a str = scan.text;
    let runs = &scan.runs[at..=last];
    let groups: Vec<&str> = runs.iter().map(|&run| &text[run.start..run.start + digits_of(text, run)]).collect();
    let between: Vec<&str> = runs.windows(2).map(|pair| &text[pair[0].end..pair[1].start]).collect();
    let shown = &text[start..runs.last()?.start + groups.last()?.len()];
    let (open, closed) = (shown.matches('(').count(), shown.matches(')').count());
    let digits = groups.concat();
    let same = between.windows(2).all(|pair| pair[0] == pair[1]);
    (open == closed && open <= 1 && digits.len() <= MOST_DIGITS + 2).then(|| Number {
        digits,
        groups,
        plus: shown.trim_start_matches('(').starts_with('+'),
        parentheses: open == 1,
        separator: if same { between.first().copied() } else { None },
    })
}

/// How sure a number is to be a telephone's, alone and near a word that announces one.
fn strength(number: &Number<'_>) -> (f32, f32) {
    const NOTHING: (f32, f32) = (0.0, 0.0);
    let (digits, count) = (number.digits.as_str(), number.digits.len());
    let lengths: Vec<usize> = number.groups.iter().map(|group| group.len()).collect();
    if number.plus {
        return if (8..=MOST_DIGITS).contains(&count) && has_calling_code(digits) { (0.9, 0.97) } else { NOTHING };
    }
    if is_date_like(number, &lengths) || digits.bytes().all(|digit| digit == digits.as_bytes()[0]) {
        return NOTHING;
    }
    if let Some(rest) = digits.strip_prefix("00") {
        let abroad = (9..=MOST_DIGITS).contains(&rest.len()) && has_calling_code(rest);
        return if abroad { (if lengths.len() > 1 { 0.65 } else { 0.4 }, 0.93) } else { NOTHING };
    }
    if let Some(strength) = north_american(number, &lengths) {
        return strength;
    }
    if number.parentheses {
        return if (8..=12).contains(&count) { (0.75, 0.95) } else { NOTHING };
    }
    if digits.starts_with('0') && (9..=11).contains(&count) {
        return (trunk(number, &lengths), 0.93);
    }
    let mobile = match lengths.as_slice() {
        // China, and India's way of grouping.
        [11] => digits.starts_with('1') && digits.as_bytes()[1] >= b'3' && count == 11,
        [5, 5] => digits.as_bytes()[0] >= b'6',
        _ => false,
    };
    let spain = digits.as_bytes()[0] >= b'6' && matches!(lengths.as_slice(), [3, 3, 3] | [3, 2, 2, 2] | [2, 3, 2, 2]);
    let plausible = (7..=13).contains(&count) && lengths.len() <= 5;
    match (mobile, spain && number.separator == Some(" "), plausible) {
        (true, ..) => (if lengths.len() == 1 { 0.5 } else { 0.55 }, 0.9),
        (_, true, _) => (0.4, 0.9),
        (.., true) => (0.0, if lengths.len() > 1 { 0.85 } else { 0.75 }),
        _ => NOTHING,
    }
}

/// Ten digits in three groups, of which the first two begin with 2 to 9; perhaps after a 1.
fn north_american(number: &Number<'_>, lengths: &[usize]) -> Option<(f32, f32)> {
    let ten = match (lengths, number.digits.len()) {
        ([3, 3, 4] | [10] | [3, 7] | [6, 4], 10) => number.digits.as_str(),
        ([1, 3, 3, 4], 11) if number.digits.starts_with('1') => &number.digits[1..],
        _ => return None,
    };
    let bytes = ten.as_bytes();
    if bytes[0] < b'2' || bytes[3] < b'2' {
        return None;
    }
    Some(match (number.parentheses, number.separator) {
        (true, _) | (_, Some("-")) if lengths.len() >= 3 => (0.78, 0.96),
        (_, Some(".")) if lengths.len() >= 3 => (0.7, 0.95),
        (_, Some(" ")) if lengths.len() >= 3 => (0.55, 0.93),
        _ => (0.4, 0.85),
    })
}

/// A national number with its trunk prefix 0.
fn trunk(number: &Number<'_>, lengths: &[usize]) -> f32 {
    let pairs = number.digits.len() == 10 && lengths == [2, 2, 2, 2, 2];
    match (lengths, number.separator) {
        _ if pairs => 0.75,
        // Mobile numbers written as one.
        ([_], _) => {
            if matches!(number.digits.as_bytes()[1], b'5'..=b'9') {
                0.5
            } else {
                0.4
            }
        }
        (_, Some("-")) => 0.65,
        (_, Some("/")) if lengths.len() == 2 => 0.55,
        (_, Some("/")) => 0.0,
        _ if lengths[0] >= 2 || lengths[0] == 1 && lengths.len() > 2 => 0.6,
        _ => 0.3,
    }
}

fn has_calling_code(digits: &str) -> bool {
    let zone = digits.as_bytes()[0];
    let short = SHORT_CODES.iter().any(|code| digits.starts_with(code));
    // Three digits: the zones that have codes beside the short ones.
    short || matches!(zone, b'2' | b'3' | b'4' | b'5' | b'6' | b'8' | b'9')
}

/// Dates, versions and machine addresses: `2024-01-31`, `31.01.2024`, `1.2.3`.
fn is_date_like(number: &Number<'_>, lengths: &[usize]) -> bool {
    let date = match lengths {
        [4, 1 | 2, 1 | 2, ..] => number.groups[0].starts_with("19") || number.groups[0].starts_with("20"),
        [1 | 2, 1 | 2, 4, ..] | [1 | 2, 1 | 2, 2] => number.separator.is_some_and(|sign| "-./".contains(sign)),
        _ => false,
    };
    let version = number.separator == Some(".") && lengths.iter().all(|&length| length <= 3);
    date || version && !matches!(lengths, [2, 2, 2, 2, ..] | [3, 3, 3])
}
