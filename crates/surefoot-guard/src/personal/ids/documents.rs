//! Documents, vehicles, accounts and records whose forms say little: mostly by announcing words.

use super::super::{
    checks::{any, day_month, number, uniform, value},
    forms::{Kind, kind, row},
};

pub(super) const KINDS: &[Kind] = &[
    kind(
        "PASSPORT",
        &[
            "passport",
            "travel document",
            "reisepass",
            "pass-nr",
            "passnummer",
            "passeport",
            "pasaporte",
            "passaporto",
            "passaporte",
            "paszport",
            "paszportu",
            "paspoort",
            "pasaporto",
            "여권",
            "パスポート",
            "旅券",
            "护照",
            "護照",
            "паспорт",
        ],
        &[
            row(
                &["AA9999999", "A99999999", "AAA999999", "A9999999", "*********", "A999A9999", "99AA99999"],
                |id| id.iter().any(u8::is_ascii_digit),
                0.0,
                0.88,
            ),
            row(&["999999999", "99 99 999999", "9999 999999"], any, 0.0, 0.75),
            row(&["A999A9999"], |id| b"MSRODG".contains(&id[0]), 0.5, 0.93),
        ],
    ),
    kind(
        "DRIVING_LICENCE",
        &[
            "driver license",
            "driver's license",
            "drivers license",
            "driver licence",
            "driving licence",
            "driving license",
            "driver's licence",
            "dl number",
            "license no",
            "licence",
            "my license",
            "führerschein",
            "fuehrerschein",
            "permis de conduire",
            "licencia de conducir",
            "permiso de conducir",
            "patente di guida",
            "rijbewijs",
            "prawo jazdy",
            "prawa jazdy",
            "körkort",
            "운전면허",
            "免許証",
            "cnh",
        ],
        &[
            row(&["*****999999***AA"], uk_driver, 0.75, 0.96),
            row(&["99-99-999999-99", "99 99 999999 99"], any, 0.6, 0.93),
            row(
                &[
                    "A9999999",
                    "A99999999",
                    "A999999999999",
                    "99999999",
                    "9999999",
                    "999999999",
                    "AA999999",
                    "AA99999999*",
                    "AA9999999A",
                    "A-999-999-999-999",
                    "A999-9999-9999",
                    "A*A999999A",
                    "A**99999*A",
                    "99999/99/9999",
                    "999999999999",
                    "9999-99-9999",
                ],
                any,
                0.0,
                0.85,
            ),
        ],
    ),
    kind(
        "LICENSE_PLATE",
        &[
            "license plate",
            "licence plate",
            "number plate",
            "plate",
            "vehicle registration",
            "registration number",
            "car reg",
            "vehicle",
            "kennzeichen",
            "plaque d'immatriculation",
            "immatriculation",
            "matrícula",
            "targa",
            "kenteken",
            "rejestracyjny",
            "rejestracyjnym",
            "tablica",
            "plaka",
            "plakası",
            "registreringsnummer",
        ],
        &[
            row(&["AA99 AAA", "AA99AAA", "AA99-AAA"], uk_plate, 0.55, 0.93),
            row(&["A999 AAA", "AAA 999A", "AA-999-AA", "99 AAA 9999", "99 AA 999"], any, 0.4, 0.9),
            row(&["AAA-999AA", "AA-AA-9999", "AA-AA-999", "A-AA-9999", "A-AA-999", "AAA-AA-999"], any, 0.5, 0.93),
            row(&["AA99AA9999", "AA9AA9999", "AA 99 AA 9999"], any, 0.5, 0.93),
            row(
                &[
                    "AAA 9999",
                    "AAA-9999",
                    "AA 99999",
                    "AAA 99999",
                    "AA 9999A",
                    "AAA9999",
                    "AA99999",
                    "AAA 999",
                    "AA-AA 9999",
                    "A-AA 9999",
                    "A999AAA",
                    "AAA999A",
                    "A9 AAA",
                    "A99 AAA",
                    "AAA 9A",
                    "AAA 99A",
                    "9AAA999",
                    "99AAA9999",
                    "99AA999",
                    "99 A 9999",
                    "99 AA 99",
                    "99 A 999",
                    "9999 AAA",
                    "9999AAA",
                    "99-AA-99",
                    "AA-99-99",
                    "**-999-*",
                ],
                any,
                0.0,
                0.85,
            ),
        ],
    ),
    kind(
        "POSTAL_CODE",
        &[
            "zip",
            "zipcode",
            "zip code",
            "postal",
            "postcode",
            "post code",
            "plz",
            "postleitzahl",
            "code postal",
            "código postal",
            "cap",
            "cep",
            "postnummer",
            "postcode",
            "kod pocztowy",
            "psč",
            "irányítószám",
            "郵便番号",
            "우편번호",
            "邮编",
            "邮政编码",
            "индекс",
            "pin code",
            "pincode",
        ],
        &[
            row(&["A9 9AA", "A99 9AA", "AA9 9AA", "AA99 9AA", "A9A 9AA", "AA9A 9AA"], uk_postcode, 0.6, 0.93),
            row(&["A99AA", "A999AA", "AA99AA", "AA999AA", "A9A9AA", "AA9A9AA"], uk_postcode, 0.4, 0.9),
            row(&["A9A 9A9"], canadian_postcode, 0.55, 0.93),
            row(
                &[
                    "99999-9999",
                    "99999-999",
                    "99999",
                    "9999",
                    "999 99",
                    "99-999",
                    "999-9999",
                    "999999",
                    "9999 AA",
                    "9999AA",
                    "9999-999",
                ],
                |id| !id.starts_with(b"00000"),
                0.0,
                0.85,
            ),
        ],
    ),
    kind(
        "VIN",
        &["vin", "vehicle identification", "chassis", "fahrgestellnummer", "fin"],
        &[row(&["*****************"], vin, 0.7, 0.97), row(&["*****************"], vin_form, 0.0, 0.9)],
    ),
    kind(
        "BANK_ACCOUNT",
        &[
            "bank account",
            "account number",
            "account no",
            "acct",
            "checking account",
            "savings account",
            "kontonummer",
            "konto-nr",
            "compte bancaire",
            "cuenta bancaria",
            "número de cuenta",
            "conto corrente",
            "rekeningnummer",
            "numer konta",
            "numer rachunku",
            "konto bankowe",
            "口座番号",
            "계좌번호",
            "银行账号",
        ],
        &[row(
            &[
                "99999999",
                "999999999",
                "9999999999",
                "99999999999",
                "999999999999",
                "9999999999999",
                "9999-999999-9",
                "99-99-99 99999999",
                "9999999",
                "99999999999999",
                "999-999999-999",
            ],
            |id| !uniform(id),
            0.0,
            0.8,
        )],
    ),
    kind(
        "MEDICAL_RECORD",
        &[
            "mrn",
            "medical record",
            "patient id",
            "patient number",
            "patient no",
            "chart number",
            "hospital number",
            "patientennummer",
            "patienten-id",
            "numéro de patient",
            "dossier médical",
            "historia clínica",
            "numer pacjenta",
            "health record",
        ],
        &[row(
            &[
                "999999",
                "9999999",
                "99999999",
                "999999999",
                "9999999999",
                "99999",
                "A999999",
                "AA999999",
                "AAA999999",
                "AAA-999999",
                "AAA-99999",
                "AAA-9999999",
                "AA-999999",
                "AAA-99999999",
                "A9999999",
                "A99999999",
                "99-99-99",
                "999-99-99",
                "999-999-999",
                "A-999999",
                "AAA99999",
                "AAA9999999",
                "AAA99999999",
                "A-99999999",
                "AA99999999",
            ],
            any,
            0.0,
            0.85,
        )],
    ),
    kind(
        "HEALTH_INSURANCE",
        &[
            "health plan",
            "member id",
            "insurance id",
            "policy number",
            "subscriber id",
            "beneficiary number",
            "insurance policy",
            "police d'assurance",
            "versichertennummer",
            "número de póliza",
            "numer polisy",
        ],
        &[row(
            &[
                "AAA999999999",
                "AAA99999999",
                "AA99999999",
                "A99999999",
                "999999999",
                "9999999999",
                "AAA999999",
                "AA999999",
                "AA9999999",
                "AAA-999999999",
                "AAA-999-999999",
                "A99999999999",
                "99999999",
                "999999999999",
                "AA-999999",
                "AAA-999999",
            ],
            any,
            0.0,
            0.8,
        )],
    ),
    kind(
        "DE_ID_CARD",
        &["personalausweis", "ausweisnummer", "ausweis-nr", "ausweis"],
        &[row(
            &["*********", "**********"],
            |id| b"LMNPRTVWXY".contains(&id[0]) && id[1..].iter().filter(|b| b.is_ascii_digit()).count() > 3,
            0.0,
            0.9,
        )],
    ),
    kind(
        "IT_IDENTITY_CARD",
        &["carta d'identità", "carta di identità", "identity card", "cie"],
        &[row(&["AA9999999", "AA 9999999", "9999999AA", "AA99999AA"], any, 0.4, 0.9)],
    ),
];

/// Surname (filled with 9s), decade, month (50 more for women), day, year, initials, check characters.
fn uk_driver(id: &[u8]) -> bool {
    let surname = &id[..5];
    let filled = surname.iter().skip_while(|byte| byte.is_ascii_uppercase()).all(|&byte| byte == b'9');
    let month = number(&id[7..9]) % 50;
    id[0].is_ascii_uppercase()
        && filled
        && month != 0
        && day_month(number(&id[9..11]), month)
        && id[11].is_ascii_digit()
}

/// An outward and an inward code, each with the letters that the Royal Mail uses in that place.
fn uk_postcode(id: &[u8]) -> bool {
    let (outward, inward) = id.split_at(id.len() - 3);
    let second = outward[1];
    id == b"GIR0AA"
        || !b"QVX".contains(&outward[0])
            && (second.is_ascii_digit() || !b"IJZ".contains(&second))
            && !inward[1..].iter().any(|letter| b"CIKMOV".contains(letter))
}

/// Letters that are read as others are not used.
fn canadian_postcode(id: &[u8]) -> bool {
    !id.iter().any(|byte| b"DFIOQU".contains(byte)) && !b"WZ".contains(&id[0])
}

/// Since 2001: an area, the half-year, three letters.
fn uk_plate(id: &[u8]) -> bool {
    !b"IJQTUXZ".contains(&id[0])
        && !b"IQZ".contains(&id[1])
        && matches!(number(&id[2..4]), 2..=29 | 51..=79)
        && !id[4..].iter().any(|byte| b"IQ".contains(byte))
}

fn vin_form(id: &[u8]) -> bool {
    !id.iter().any(|byte| b"IOQ".contains(byte))
        && id[13..].iter().all(u8::is_ascii_digit)
        && id.iter().filter(|byte| byte.is_ascii_uppercase()).count() >= 3
}

/// With the check digit that North America and China require.
fn vin(id: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let worth = |byte: u8| match byte {
        b'A'..=b'I' => u32::from(byte - b'A') + 1,
        b'J'..=b'R' => u32::from(byte - b'J') + 1,
        b'S'..=b'Z' => u32::from(byte - b'S') + 2,
        digit => value(digit),
    };
    let sum: u32 = id.iter().zip(WEIGHTS).map(|(&byte, weight)| worth(byte) * weight).sum();
    let check = match sum % 11 {
        10 => b'X',
        digit => b'0' + u8::try_from(digit).unwrap_or(0),
    };
    id[8] == check && vin_form(id)
}
