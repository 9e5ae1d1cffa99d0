//! Northern and eastern Europe.

use super::super::{
    checks::{any, day_first, day_month, eleven, luhn, mod11_10, number, uniform, value, weighted, year_first},
    forms::{Kind, kind, row},
};

pub(super) const KINDS: &[Kind] = &[
    kind("PL_PESEL", &["pesel"], &[row(&["99999999999"], pesel, 0.6, 0.97)]),
    kind(
        "PL_NIP",
        &["nip", "numer identyfikacji podatkowej"],
        &[
            row(&["999-999-99-99", "999-99-99-999"], nip, 0.75, 0.97),
            row(&["9999999999", "AA9999999999"], pl_nip, 0.4, 0.95),
        ],
    ),
    kind("PL_REGON", &["regon"], &[row(&["999999999", "99999999999999"], regon, 0.4, 0.95)]),
    kind(
        "PL_ID_CARD",
        &["dowód", "dowod", "dowodu", "dowodem", "id card", "identity card"],
        &[row(&["AAA999999", "AAA 999999"], pl_id_card, 0.6, 0.96)],
    ),
    kind(
        "SE_PERSONNUMMER",
        &["personnummer", "pnr", "samordningsnummer", "swedish id", "personal identity"],
        &[
            row(&["99999999-9999"], |id| se_personal(&id[2..]), 0.85, 0.97),
            row(&["999999-9999", "999999+9999"], se_personal, 0.75, 0.97),
            row(&["999999999999"], |id| matches!(number(&id[..2]), 18..=20) && se_personal(&id[2..]), 0.65, 0.95),
            row(&["9999999999"], se_personal, 0.4, 0.95),
        ],
    ),
    kind(
        "SE_ORGANISATIONSNUMMER",
        &["organisationsnummer", "orgnummer", "org.nr", "orgnr", "org nr"],
        &[row(&["999999-9999"], se_company, 0.6, 0.95), row(&["9999999999"], se_company, 0.4, 0.93)],
    ),
    kind(
        "FI_HETU",
        &["hetu", "henkilötunnus", "finnish id", "personal identity"],
        &[row(&["999999-999*", "999999*999*"], hetu, 0.9, 0.97)],
    ),
    kind(
        "NO_FNR",
        &["fødselsnummer", "personnummer", "fnr", "d-nummer"],
        &[row(&["99999999999", "999999 99999"], no_fnr, 0.65, 0.97)],
    ),
    kind(
        "DK_CPR",
        &["cpr", "personnummer"],
        &[row(&["999999-9999"], day_first, 0.45, 0.9), row(&["9999999999"], day_first, 0.0, 0.9)],
    ),
    kind("IS_KENNITALA", &["kennitala"], &[row(&["999999-9999", "9999999999"], day_first, 0.0, 0.95)]),
    kind(
        "CZ_RODNE_CISLO",
        &["rodné číslo", "rodne cislo", "r.č."],
        &[row(&["999999/9999"], rodne_cislo, 0.85, 0.97), row(&["9999999999"], rodne_cislo, 0.4, 0.93)],
    ),
    kind("RO_CNP", &["cnp", "cod numeric personal"], &[row(&["9999999999999"], cnp, 0.6, 0.96)]),
    kind("BG_EGN", &["егн", "egn"], &[row(&["9999999999"], egn, 0.4, 0.95)]),
    kind("EE_ISIKUKOOD", &["isikukood", "asmens kodas"], &[row(&["99999999999"], isikukood, 0.55, 0.96)]),
    kind("HR_OIB", &["oib"], &[row(&["99999999999"], mod11_10, 0.4, 0.95)]),
    kind("SI_EMSO", &["emšo", "emso", "jmbg"], &[row(&["9999999999999"], emso, 0.55, 0.96)]),
    kind("HU_TAJ", &["taj"], &[row(&["999999999", "999 999 999", "999-999-999"], taj, 0.0, 0.95)]),
    kind("UA_RNOKPP", &["рнокпп", "ідентифікаційний код", "іпн"], &[row(&["9999999999"], any, 0.0, 0.9)]),
    kind("RU_INN", &["инн", "inn"], &[row(&["999999999999"], inn, 0.4, 0.95)]),
    kind(
        "RU_SNILS",
        &["снилс", "snils"],
        &[row(&["999-999-999 99"], snils, 0.85, 0.97), row(&["99999999999"], snils, 0.4, 0.95)],
    ),
];

fn pesel(id: &[u8]) -> bool {
    let sum = weighted(id, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3]);
    // The month carries the century: 0, 20, 40, 60 or 80 more.
    day_month(number(&id[4..6]), number(&id[2..4]) % 20) && (10 - sum % 10) % 10 == value(id[10])
}

fn nip(id: &[u8]) -> bool {
    weighted(id, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == value(id[9]) && !uniform(id)
}

fn pl_nip(id: &[u8]) -> bool {
    id.strip_prefix(b"PL").map_or_else(|| id.len() == 10 && nip(id), nip)
}

fn regon(id: &[u8]) -> bool {
    let weights: &[u32] = match id.len() {
        9 => &[8, 9, 2, 3, 4, 5, 6, 7],
        _ => &[2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8],
    };
    weighted(id, weights) % 11 % 10 == value(id[weights.len()]) && !uniform(id)
}

fn pl_id_card(id: &[u8]) -> bool {
    weighted(id, &[7, 3, 1, 9, 7, 3, 1, 7, 3]).is_multiple_of(10)
}

/// The day may be raised by 60: a coordination number.
fn se_personal(id: &[u8]) -> bool {
    day_month(number(&id[4..6]) % 60, number(&id[2..4])) && luhn(id)
}

fn se_company(id: &[u8]) -> bool {
    value(id[2]) >= 2 && luhn(id)
}

fn hetu(id: &[u8]) -> bool {
    let (serial, check) = if id.len() == 11 { (&id[7..10], id[10]) } else { (&id[6..9], id[9]) };
    let century = id.len() == 10 || b"ABCDEFYXWVU".contains(&id[6]);
    let digits = number(&id[..6]) * 1000 + number(serial);
    century && day_first(id) && b"0123456789ABCDEFHJKLMNPRSTUVWXY"[(digits % 31) as usize] == check
}

fn no_fnr(id: &[u8]) -> bool {
    // A D number raises the day by 40.
    day_month(number(&id[..2]) % 40, number(&id[2..4]))
        && eleven(id, &[3, 7, 6, 1, 8, 9, 4, 5, 2], None, Some(0))
        && eleven(id, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2], None, Some(0))
}

/// The month is raised by 50 for women, by 20 where a serial ran out.
fn rodne_cislo(id: &[u8]) -> bool {
    day_month(number(&id[4..6]), number(&id[2..4]) % 50 % 20) && number(id).is_multiple_of(11)
}

fn cnp(id: &[u8]) -> bool {
    let check = match weighted(id, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11 {
        10 => 1,
        other => other,
    };
    id[0] != b'0' && year_first(&id[1..]) && check == value(id[12])
}

fn egn(id: &[u8]) -> bool {
    // The month carries the century: 20 more before 1900, 40 more after 1999.
    let check = weighted(id, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10;
    day_month(number(&id[4..6]), number(&id[2..4]) % 20) && check == value(id[9])
}

fn isikukood(id: &[u8]) -> bool {
    let check = match weighted(id, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11 {
        10 => weighted(id, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11 % 10,
        other => other,
    };
    matches!(id[0], b'1'..=b'8') && year_first(&id[1..]) && check == value(id[10])
}

fn emso(id: &[u8]) -> bool {
    day_first(id) && eleven(id, &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2], None, Some(0))
}

fn taj(id: &[u8]) -> bool {
    weighted(id, &[3, 7, 3, 7, 3, 7, 3, 7]) % 10 == value(id[8])
}

fn inn(id: &[u8]) -> bool {
    let check = |weights: &[u32]| weighted(id, weights) % 11 % 10 == value(id[weights.len()]);
    check(&[7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) && check(&[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) && !uniform(id)
}

fn snils(id: &[u8]) -> bool {
    u64::from(weighted(id, &[9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101 % 100) == number(&id[9..])
}
