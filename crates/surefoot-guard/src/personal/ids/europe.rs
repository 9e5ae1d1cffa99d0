//! Western, central and southern Europe.

use super::super::{
    checks::{any, day_first, day_month, eleven, luhn, mod11_10, number, uniform, value, weighted, year_first},
    forms::{Kind, kind, row},
};

pub(super) const KINDS: &[Kind] = &[
    kind(
        "UK_NHS",
        &["nhs", "national health"],
        &[row(&["999_999_9999"], nhs, 0.65, 0.97), row(&["9999999999"], nhs, 0.4, 0.95)],
    ),
    kind(
        "UK_NINO",
        &["nino", "ni number", "ni no", "national insurance", "insurance number"],
        &[
            row(&["AA 99 99 99 A", "AA999999A"], nino, 0.75, 0.97),
            row(&["AA-99-99-99-A", "AA 999999 A", "AA 999999A"], nino, 0.75, 0.97),
        ],
    ),
    kind("UK_UTR", &["utr", "unique taxpayer"], &[row(&["9999999999", "99999 99999"], any, 0.0, 0.85)]),
    kind(
        "ES_NIF",
        &["nif", "dni", "documento nacional", "identificación fiscal"],
        &[row(&["99999999A", "99999999-A", "9999999A", "9999999-A"], nif, 0.75, 0.97)],
    ),
    kind(
        "ES_NIE",
        &["nie", "identificación de extranjero", "número de extranjero"],
        &[row(&["A9999999A", "A9999999-A", "A-9999999-A"], nie, 0.8, 0.97)],
    ),
    kind(
        "IT_FISCAL_CODE",
        &["codice fiscale", "fiscal code", "cod. fisc", "c.f."],
        &[row(&["AAAAAA**A**A***A"], fiscal_code, 0.8, 0.97)],
    ),
    kind(
        "IT_VAT_CODE",
        &["partita iva", "p.iva", "p. iva", "vat code", "p.i."],
        &[row(&["99999999999"], luhn, 0.4, 0.9)],
    ),
    kind(
        "FR_NIR",
        &["nir", "sécurité sociale", "securite sociale", "numéro de sécu", "insee", "carte vitale"],
        &[
            row(&["999999999999999", "9_99_99_99_999_999_99", "9999999999999 99"], nir, 0.85, 0.97),
            row(&["99999**99999999", "9_99_99_**_999_999_99"], nir, 0.85, 0.97),
        ],
    ),
    kind(
        "DE_TAX_ID",
        &["steuer-id", "steuerid", "steuer id", "identifikationsnummer", "idnr", "steuerliche identifikation", "tin"],
        &[row(&["99 999 999 999"], de_tax_id, 0.7, 0.97), row(&["99999999999"], de_tax_id, 0.4, 0.95)],
    ),
    kind(
        "DE_TAX_NUMBER",
        &["steuernummer", "steuer-nr", "st.-nr", "stnr", "finanzamt"],
        &[
            row(&["999/999/99999", "99/999/99999", "999/9999/9999", "99/9999/9999", "99/999/9999"], any, 0.6, 0.95),
            row(&["9999999999999"], any, 0.0, 0.9),
        ],
    ),
    kind(
        "DE_SOCIAL_SECURITY",
        &["rvnr", "sozialversicherung", "rentenversicherung", "sv-nummer", "versicherungsnummer"],
        &[row(&["99999999A999", "99 999999 A 999", "99 999999 A999"], de_social, 0.85, 0.97)],
    ),
    kind(
        "DE_HEALTH_INSURANCE",
        &["kvnr", "krankenkasse", "krankenversicher", "egk", "versichertennummer", "gesundheitskarte"],
        &[row(&["A999999999"], kvnr, 0.55, 0.95)],
    ),
    kind(
        "DE_VAT_ID",
        &["ust-id", "ustid", "umsatzsteuer", "vat id", "vat"],
        &[row(
            &["AA999999999", "AA-999-999-999", "AA 999999999", "AA 999 999 999"],
            |id| id.starts_with(b"DE"),
            0.6,
            0.95,
        )],
    ),
    kind("DE_LANR", &["lanr", "arztnummer"], &[row(&["999999999"], lanr, 0.4, 0.95)]),
    kind("DE_BSNR", &["bsnr", "betriebsstätte"], &[row(&["999999999"], any, 0.0, 0.9)]),
    kind(
        "DE_HANDELSREGISTER",
        &["handelsregister", "amtsgericht", "registergericht"],
        &[row(
            &["AAA999999", "AAA 999999", "AAA99999", "AAA 99999", "AAA9999", "AAA 9999", "AAA 999"],
            |id| id.starts_with(b"HRA") || id.starts_with(b"HRB"),
            0.7,
            0.95,
        )],
    ),
    kind(
        "NL_BSN",
        &["bsn", "burgerservice", "sofinummer"],
        &[row(&["999999999", "9999.99.999", "999 999 999"], bsn, 0.4, 0.95)],
    ),
    kind(
        "BE_NATIONAL_ID",
        &["rijksregister", "registre national", "insz", "niss", "rrn"],
        &[row(&["99.99.99-999.99"], be_national, 0.9, 0.97), row(&["99999999999"], be_national, 0.4, 0.95)],
    ),
    kind(
        "CH_AHV",
        &["ahv", "avs", "sozialversicherungsnummer"],
        &[row(&["999.9999.9999.99", "9999999999999"], ahv, 0.85, 0.97)],
    ),
    kind(
        "AT_SVNR",
        &["svnr", "sozialversicherungsnummer", "versicherungsnummer", "sv-nummer"],
        &[row(&["9999 999999", "9999999999"], at_social, 0.4, 0.95)],
    ),
    kind("IE_PPS", &["pps", "ppsn", "personal public service"], &[row(&["9999999A", "9999999AA"], pps, 0.55, 0.95)]),
    kind("PT_NIF", &["nif", "contribuinte", "número fiscal"], &[row(&["999999999", "999 999 999"], pt_nif, 0.4, 0.93)]),
    kind("GR_AMKA", &["amka", "αμκα"], &[row(&["99999999999"], |id| day_first(id) && luhn(id), 0.4, 0.95)]),
    kind(
        "TR_NATIONAL_ID",
        &["tckn", "t.c.", "tc kimlik", "kimlik", "turkish id"],
        &[row(&["99999999999"], tr_national, 0.6, 0.96)],
    ),
];

fn nhs(id: &[u8]) -> bool {
    eleven(id, &[10, 9, 8, 7, 6, 5, 4, 3, 2], None, Some(0)) && !uniform(id)
}

fn nino(id: &[u8]) -> bool {
    let (first, second) = (id[0], id[1]);
    let refused: [&[u8]; 7] = [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"];
    !b"DFIQUV".contains(&first)
        && !b"DFIQUVO".contains(&second)
        && !refused.contains(&&id[..2])
        && (b'A'..=b'D').contains(&id[8])
}

fn nif(id: &[u8]) -> bool {
    let Some((&letter, digits)) = id.split_last() else { return false };
    b"TRWAGMYFPDXBNJZSQVHLCKE"[(number(digits) % 23) as usize] == letter
}

fn nie(id: &[u8]) -> bool {
    let Some(first) = b"XYZ".iter().position(|&letter| letter == id[0]) else { return false };
    let mut digits = id.to_vec();
    digits[0] = b"012"[first];
    nif(&digits)
}

/// By form alone: six letters, a year, a letter for the month, a day (41 and more for women), a place, a check
/// letter. Letters may stand for digits, to tell namesakes apart.
fn fiscal_code(id: &[u8]) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || b"LMNPQRSTUV".contains(&byte);
    let day = number(&id[9..11]);
    [6, 7, 9, 10, 12, 13, 14].iter().all(|&at| digit(id[at]))
        && b"ABCDEHLMPRST".contains(&id[8])
        && (!id[9..11].iter().all(u8::is_ascii_digit) || (1..=31).contains(&(day % 40)))
}

fn nir(id: &[u8]) -> bool {
    let mut digits = id.to_vec();
    if id[5] == b'2' && matches!(id[6], b'A' | b'B') {
        // Corsica: 2A counts as 19, 2B as 18.
        digits[5] = b'1';
        digits[6] = if id[6] == b'A' { b'9' } else { b'8' };
    }
    digits.iter().all(u8::is_ascii_digit)
        && matches!(id[0], b'1'..=b'4' | b'7' | b'8')
        && matches!(number(&digits[3..5]), 1..=12 | 20..=42 | 50..)
        && 97 - number(&digits[..13]) % 97 == number(&digits[13..])
}

fn de_tax_id(id: &[u8]) -> bool {
    let most = (b'0'..=b'9').map(|digit| id[..10].iter().filter(|&&other| other == digit).count()).max();
    id[0] != b'0' && most <= Some(3) && mod11_10(id)
}

/// Area, birth date, first letter of the birth name, serial, check digit.
fn de_social(id: &[u8]) -> bool {
    let letter = value(id[8]) - 9;
    let mut digits: Vec<u32> = id[..8].iter().map(|&digit| value(digit)).collect();
    digits.extend([letter / 10, letter % 10, value(id[9]), value(id[10])]);
    let cross = |n: u32| n / 10 + n % 10;
    let sum: u32 = digits.iter().zip([2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]).map(|(d, weight)| cross(d * weight)).sum();
    // The day may be raised by 50 where a serial ran out.
    day_month(number(&id[2..4]) % 50, number(&id[4..6])) && sum % 10 == value(id[11])
}

fn kvnr(id: &[u8]) -> bool {
    let letter = value(id[0]) - 9;
    let digits = [letter / 10, letter % 10].into_iter().chain(id[1..9].iter().map(|&digit| value(digit)));
    let cross = |n: u32| n / 10 + n % 10;
    let sum: u32 = digits.zip([1, 2].into_iter().cycle()).map(|(digit, weight)| cross(digit * weight)).sum();
    sum % 10 == value(id[9])
}

/// A doctor's number: six digits, a check digit, two for the field of medicine.
fn lanr(id: &[u8]) -> bool {
    let sum = weighted(id, &[4, 9, 4, 9, 4, 9]);
    (10 - sum % 10) % 10 == value(id[6])
}

fn bsn(id: &[u8]) -> bool {
    let sum = weighted(id, &[9, 8, 7, 6, 5, 4, 3, 2]) + 10 * value(id[8]);
    sum.is_multiple_of(11) && !uniform(id) && number(id) > 9_999_999
}

fn be_national(id: &[u8]) -> bool {
    let (head, check) = (number(&id[..9]), number(&id[9..]));
    year_first(id) && (97 - head % 97 == check || 97 - (2_000_000_000 + head) % 97 == check)
}

/// The EAN-13 of Switzerland's country code.
fn ahv(id: &[u8]) -> bool {
    let sum = weighted(id, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]);
    id.starts_with(b"756") && (10 - sum % 10) % 10 == value(id[12])
}

fn at_social(id: &[u8]) -> bool {
    day_first(&id[4..]) && weighted(id, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 == value(id[3])
}

fn pps(id: &[u8]) -> bool {
    let sum = weighted(id, &[8, 7, 6, 5, 4, 3, 2]) + id.get(8).map_or(0, |&letter| (value(letter) - 9) * 9);
    b"WABCDEFGHIJKLMNOPQRSTUV"[(sum % 23) as usize] == id[7]
}

fn pt_nif(id: &[u8]) -> bool {
    matches!(id[0], b'1' | b'2' | b'3' | b'5' | b'6' | b'8' | b'9')
        && eleven(id, &[9, 8, 7, 6, 5, 4, 3, 2], Some(0), Some(0))
        && !uniform(id)
}

fn tr_national(id: &[u8]) -> bool {
    let sum = |from: usize| -> u32 { id[from..9].iter().step_by(2).map(|&digit| value(digit)).sum() };
    let ten: u32 = id[..10].iter().map(|&digit| value(digit)).sum();
    let ninth = (sum(0) * 7 + 90 - sum(1)) % 10;
    id[0] != b'0' && ninth == value(id[9]) && ten % 10 == value(id[10])
}
