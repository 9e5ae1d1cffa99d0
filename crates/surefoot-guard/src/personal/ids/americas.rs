//! The United States, Canada and Latin America.

use super::super::{
    checks::{any, eleven, luhn, luhn_sum, number, uniform, value, weighted, year_first},
    forms::{Kind, kind, row},
};

pub(super) const KINDS: &[Kind] = &[
    kind(
        "US_SSN",
        &["ssn", "social security", "social sec", "socsec", "seguro social"],
        &[
            row(&["999-99-9999"], ssn, 0.75, 0.95),
            row(&["999 99 9999"], ssn, 0.55, 0.95),
            row(&["999999999", "999-999999", "99999-9999"], ssn, 0.4, 0.9),
        ],
    ),
    kind(
        "US_ITIN",
        &["itin", "individual taxpayer", "taxpayer", "tax id"],
        &[
            row(&["999-99-9999", "999 99 9999"], itin, 0.8, 0.97),
            row(&["999999999", "999-999999", "99999-9999"], itin, 0.4, 0.9),
        ],
    ),
    kind(
        "US_NPI",
        &["npi", "national provider", "provider identifier", "provider id", "provider number"],
        &[row(&["9999999999", "9999-999-999", "9999 999 999"], npi, 0.4, 0.95)],
    ),
    kind(
        "US_MBI",
        &["mbi", "medicare", "beneficiary"],
        &[row(&["****-***-****"], mbi, 0.8, 0.95), row(&["***********"], mbi, 0.7, 0.95)],
    ),
    kind(
        "US_ABA",
        &["aba", "routing", "rtn", "transit number", "bank transfer"],
        &[row(&["999999999", "9999-9999-9"], aba, 0.4, 0.9)],
    ),
    kind(
        "MEDICAL_LICENSE",
        &["dea", "medical license", "medical licence", "certificate number", "prescriber", "license number"],
        &[row(&["AA9999999", "A99999999"], dea, 0.6, 0.95)],
    ),
    kind(
        "CA_SIN",
        &["sin", "social insurance", "assurance sociale", "nas"],
        &[row(&["999_999_999"], sin, 0.6, 0.95), row(&["999999999"], sin, 0.4, 0.95)],
    ),
    kind(
        "BR_CPF",
        &["cpf", "cadastro de pessoa"],
        &[row(&["999.999.999-99"], cpf, 0.9, 0.97), row(&["99999999999"], cpf, 0.5, 0.95)],
    ),
    kind(
        "BR_CNPJ",
        &["cnpj"],
        &[row(&["99.999.999/9999-99"], cnpj, 0.9, 0.97), row(&["99999999999999"], cnpj, 0.5, 0.95)],
    ),
    kind("MX_CURP", &["curp"], &[row(&["AAAA999999AAAAAA*9"], curp, 0.85, 0.97)]),
    kind(
        "MX_RFC",
        &["rfc", "registro federal"],
        &[
            row(&["AAAA999999***"], |id| year_first(&id[4..]), 0.6, 0.95),
            row(&["AAA999999***"], |id| year_first(&id[3..]), 0.4, 0.9),
        ],
    ),
    kind(
        "AR_CUIT",
        &["cuit", "cuil"],
        &[row(&["99-99999999-9"], cuit, 0.85, 0.97), row(&["99999999999"], cuit, 0.4, 0.95)],
    ),
    kind("AR_DNI", &["dni", "documento nacional"], &[row(&["99.999.999", "99999999"], any, 0.0, 0.8)]),
    kind(
        "CL_RUT",
        &["rut", "rol único", "run"],
        &[row(&["99.999.999-*", "9.999.999-*"], rut, 0.85, 0.97), row(&["99999999-*", "9999999-*"], rut, 0.6, 0.95)],
    ),
    kind(
        "CO_CEDULA",
        &["cédula", "cedula", "c.c."],
        &[row(&["9.999.999.999", "99.999.999", "9999999999", "99999999"], any, 0.0, 0.8)],
    ),
];

fn ssn(id: &[u8]) -> bool {
    let (area, group, serial) = (number(&id[..3]), number(&id[3..5]), number(&id[5..]));
    // The last two were printed in advertisements and belong to nobody.
    !matches!(area, 0 | 666 | 900..)
        && group != 0
        && serial != 0
        && !matches!(id, b"078051120" | b"219099999")
        && !uniform(id)
        && id != b"123456789"
}

fn itin(id: &[u8]) -> bool {
    id[0] == b'9' && matches!(number(&id[3..5]), 50..=65 | 70..=88 | 90..=92 | 94..=99)
}

/// Luhn with the prefix 80840, whose digits add 24.
fn npi(id: &[u8]) -> bool {
    matches!(id[0], b'1' | b'2') && (luhn_sum(id) + 24).is_multiple_of(10) && !uniform(&id[..9])
}

/// Medicare: a fixed order of digits and letters, without the letters that look like digits.
fn mbi(id: &[u8]) -> bool {
    let letter = |byte: u8| byte.is_ascii_uppercase() && !b"SLOIBZ".contains(&byte);
    id[0] != b'0'
        && id.iter().zip(b"9A*9A*9AA99").all(|(&byte, form)| match form {
            b'9' => byte.is_ascii_digit(),
            b'A' => letter(byte),
            _ => letter(byte) || byte.is_ascii_digit(),
        })
}

fn aba(id: &[u8]) -> bool {
    matches!(number(&id[..2]), 0..=12 | 21..=32 | 61..=72 | 80)
        && weighted(id, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
        && !uniform(id)
}

fn dea(id: &[u8]) -> bool {
    let digits = &id[2..];
    let sum = weighted(digits, &[1, 0, 1, 0, 1]) + 2 * weighted(digits, &[0, 1, 0, 1, 0, 1]);
    b"ABCDEFGHJKLMPRSTUX".contains(&id[0])
        && (id[1].is_ascii_uppercase() || id[1] == b'9')
        && sum % 10 == value(digits[6])
}

fn sin(id: &[u8]) -> bool {
    !matches!(id[0], b'0' | b'8') && luhn(id)
}

fn cpf(id: &[u8]) -> bool {
    const WEIGHTS: [u32; 10] = [11, 10, 9, 8, 7, 6, 5, 4, 3, 2];
    !uniform(id) && eleven(id, &WEIGHTS[1..], Some(0), Some(0)) && eleven(id, &WEIGHTS, Some(0), Some(0))
}

fn cnpj(id: &[u8]) -> bool {
    const WEIGHTS: [u32; 13] = [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2];
    !uniform(id) && eleven(id, &WEIGHTS[1..], Some(0), Some(0)) && eleven(id, &WEIGHTS, Some(0), Some(0))
}

fn curp(id: &[u8]) -> bool {
    year_first(&id[4..]) && matches!(id[10], b'H' | b'M' | b'X')
}

fn cuit(id: &[u8]) -> bool {
    matches!(number(&id[..2]), 20 | 23 | 24 | 25 | 26 | 27 | 30 | 33 | 34)
        && eleven(id, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2], Some(9), Some(0))
}

fn rut(id: &[u8]) -> bool {
    let Some((&last, digits)) = id.split_last() else { return false };
    let sum: u32 = digits.iter().rev().zip((2..=7).cycle()).map(|(&digit, weight)| value(digit) * weight).sum();
    let check = match 11 - sum % 11 {
        10 => b'K',
        11 => b'0',
        other => b'0' + u8::try_from(other).unwrap_or(0),
    };
    digits.iter().all(u8::is_ascii_digit) && last == check && !uniform(digits)
}
