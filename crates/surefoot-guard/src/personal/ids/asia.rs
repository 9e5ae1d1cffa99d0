//! Asia, Oceania, Africa and the Middle East.

use super::super::{
    checks::{any, day_month, eleven, luhn, number, uniform, value, verhoeff, weighted, year_first},
    forms::{Kind, kind, row},
};

pub(super) const KINDS: &[Kind] = &[
    kind(
        "IN_AADHAAR",
        &["aadhaar", "aadhar", "uidai", "आधार"],
        &[row(&["9999_9999_9999"], aadhaar, 0.75, 0.97), row(&["999999999999"], aadhaar, 0.5, 0.95)],
    ),
    kind(
        "IN_PAN",
        &["pan", "permanent account"],
        &[row(&["AAAAA9999A"], |id| b"ABCFGHJLPT".contains(&id[3]), 0.7, 0.96), row(&["AAAAA9999A"], any, 0.5, 0.85)],
    ),
    kind(
        "IN_GSTIN",
        &["gstin", "gst"],
        &[row(&["99AAAAA9999A*A*"], |id| matches!(number(&id[..2]), 1..=37 | 97) && id[13] == b'Z', 0.85, 0.97)],
    ),
    kind("IN_VOTER", &["voter", "epic", "elector"], &[row(&["AAA9999999"], any, 0.4, 0.93)]),
    kind(
        "KR_RRN",
        &["rrn", "주민등록", "주민번호", "resident registration"],
        &[row(&["999999-9999999"], kr_resident, 0.8, 0.97), row(&["9999999999999"], kr_resident, 0.4, 0.93)],
    ),
    kind(
        "KR_FRN",
        &["frn", "외국인등록", "foreigner registration"],
        &[row(&["999999-9999999"], kr_foreigner, 0.8, 0.97), row(&["9999999999999"], kr_foreigner, 0.4, 0.93)],
    ),
    kind(
        "KR_BRN",
        &["brn", "사업자등록", "business registration"],
        &[row(&["999-99-99999"], kr_business, 0.75, 0.95), row(&["9999999999"], kr_business, 0.4, 0.93)],
    ),
    kind(
        "JP_MY_NUMBER",
        &["マイナンバー", "個人番号", "my number"],
        &[row(&["9999_9999_9999", "999999999999"], my_number, 0.4, 0.95)],
    ),
    kind(
        "CN_RESIDENT_ID",
        &["身份证", "居民身份", "resident id", "id card"],
        &[row(&["99999999999999999*"], cn_resident, 0.85, 0.98)],
    ),
    kind("TW_NATIONAL_ID", &["身分證", "national id"], &[row(&["A999999999"], tw_national, 0.6, 0.96)]),
    kind("HK_ID", &["hkid", "身份證", "hong kong id"], &[row(&["A999999*", "AA999999*"], any, 0.0, 0.85)]),
    kind(
        "SG_NRIC",
        &["nric", "fin", "singapore id"],
        &[row(&["A9999999A"], sg_nric, 0.75, 0.97), row(&["A9999999A"], |id| b"STFGM".contains(&id[0]), 0.0, 0.8)],
    ),
    kind(
        "SG_UEN",
        &["uen"],
        &[
            row(&["99999999A", "999999999A"], any, 0.4, 0.93),
            row(&["A99AA9999A"], |id| b"TSR".contains(&id[0]), 0.6, 0.95),
        ],
    ),
    kind(
        "TH_TNIN",
        &["tnin", "thai id", "เลขประจำตัวประชาชน", "บัตรประชาชน"],
        &[row(&["9-9999-99999-99-9"], tnin, 0.9, 0.97), row(&["9999999999999"], tnin, 0.5, 0.95)],
    ),
    kind(
        "MY_NRIC",
        &["mykad", "nric", "kad pengenalan"],
        &[row(&["999999-99-9999"], year_first, 0.65, 0.95), row(&["999999999999"], year_first, 0.0, 0.85)],
    ),
    kind(
        "ID_NIK",
        &["nik", "ktp", "induk kependudukan"],
        &[row(&["9999999999999999"], |id| day_month(number(&id[6..8]) % 40, number(&id[8..10])), 0.0, 0.93)],
    ),
    kind("VN_CCCD", &["cccd", "căn cước", "cmnd"], &[row(&["999999999999", "999999999"], any, 0.0, 0.9)]),
    kind(
        "PH_TIN",
        &["tin", "tax id", "bir"],
        &[row(&["999-999-999-999", "999-999-999", "999999999", "999999999999"], ph_tin, 0.0, 0.85)],
    ),
    kind(
        "PK_CNIC",
        &["cnic", "nadra"],
        &[row(&["99999-9999999-9"], any, 0.6, 0.95), row(&["9999999999999"], any, 0.0, 0.9)],
    ),
    kind("LK_NIC", &["nic", "national identity"], &[row(&["999999999A"], |id| matches!(id[9], b'V' | b'X'), 0.0, 0.9)]),
    kind("AU_TFN", &["tfn", "tax file"], &[row(&["999_999_999"], tfn, 0.6, 0.96), row(&["999999999"], tfn, 0.4, 0.95)]),
    kind(
        "AU_ABN",
        &["abn", "australian business"],
        &[row(&["99 999 999 999"], abn, 0.75, 0.96), row(&["99999999999"], abn, 0.4, 0.95)],
    ),
    kind(
        "AU_ACN",
        &["acn", "australian company"],
        &[row(&["999 999 999"], acn, 0.5, 0.95), row(&["999999999"], acn, 0.4, 0.93)],
    ),
    kind("AU_MEDICARE", &["medicare"], &[row(&["9999 99999 9", "9999999999"], au_medicare, 0.4, 0.95)]),
    kind("NZ_IRD", &["ird"], &[row(&["999-999-999", "99-999-999", "999999999", "99999999"], any, 0.0, 0.85)]),
    kind("NZ_NHI", &["nhi"], &[row(&["AAA9999"], any, 0.0, 0.9)]),
    kind(
        "ZA_ID",
        &["south african id", "rsa id", "sa id", "id number", "permanent resident", "refugee id"],
        &[row(&["9999999999999", "999999 9999 999"], za_id, 0.55, 0.96)],
    ),
    kind("NG_NIN", &["nin", "national identification"], &[row(&["99999999999"], verhoeff, 0.0, 0.95)]),
    kind("IL_ID", &["teudat", "תעודת זהות", "ת.ז", "israeli id"], &[row(&["999999999"], luhn, 0.0, 0.95)]),
    kind(
        "AE_EMIRATES_ID",
        &["emirates id", "الهوية"],
        &[
            row(&["999-9999-9999999-9"], |id| id.starts_with(b"784"), 0.9, 0.97),
            row(&["999999999999999"], |id| id.starts_with(b"784"), 0.4, 0.93),
        ],
    ),
];

fn aadhaar(id: &[u8]) -> bool {
    id[0] >= b'2' && verhoeff(id) && !id.iter().eq(id.iter().rev())
}

fn kr_resident(id: &[u8]) -> bool {
    year_first(id) && matches!(id[6], b'1'..=b'4')
}

fn kr_foreigner(id: &[u8]) -> bool {
    year_first(id) && matches!(id[6], b'5'..=b'8')
}

fn kr_business(id: &[u8]) -> bool {
    let sum = weighted(id, &[1, 3, 7, 1, 3, 7, 1, 3]) + value(id[8]) * 5 / 10 + value(id[8]) * 5;
    (10 - sum % 10) % 10 == value(id[9]) && !uniform(id)
}

fn my_number(id: &[u8]) -> bool {
    eleven(id, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2], Some(0), Some(0)) && !uniform(id)
}

fn cn_resident(id: &[u8]) -> bool {
    let sum = weighted(id, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    year_first(&id[8..]) && b"10X98765432"[(sum % 11) as usize] == id[17]
}

fn tw_national(id: &[u8]) -> bool {
    // The order in which the letters were given out.
    let Some(place) = b"ABCDEFGHJKLMNPQRSTUVXYWZIO".iter().position(|&letter| letter == id[0]) else { return false };
    let letter = place as u32 + 10;
    let sum = letter / 10 + letter % 10 * 9 + weighted(&id[1..], &[8, 7, 6, 5, 4, 3, 2, 1, 1]);
    matches!(id[1], b'1' | b'2' | b'8' | b'9') && sum.is_multiple_of(10)
}

fn sg_nric(id: &[u8]) -> bool {
    let sum = weighted(&id[1..8], &[2, 7, 6, 5, 4, 3, 2]);
    let (more, letters): (u32, &[u8; 11]) = match id[0] {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        b'M' => (3, b"XWUTRQPNJLK"),
        _ => return false,
    };
    let at = ((sum + more) % 11) as usize;
    // The newest series counts from the other end.
    letters[if id[0] == b'M' { 10 - at } else { at }] == id[8]
}

fn tnin(id: &[u8]) -> bool {
    let sum = weighted(id, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    matches!(id[0], b'1'..=b'8') && (11 - sum % 11) % 10 == value(id[12]) && !uniform(id)
}

fn ph_tin(id: &[u8]) -> bool {
    !uniform(id)
}

fn tfn(id: &[u8]) -> bool {
    weighted(id, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11) && !uniform(id)
}

fn abn(id: &[u8]) -> bool {
    let sum = weighted(id, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    id[0] != b'0' && (sum - 10).is_multiple_of(89) && !uniform(id)
}

fn acn(id: &[u8]) -> bool {
    let sum = weighted(id, &[8, 7, 6, 5, 4, 3, 2, 1]);
    (10 - sum % 10) % 10 == value(id[8]) && number(id) > 9
}

fn au_medicare(id: &[u8]) -> bool {
    matches!(id[0], b'2'..=b'6') && weighted(id, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == value(id[8])
}

fn za_id(id: &[u8]) -> bool {
    year_first(id) && matches!(id[10], b'0' | b'1' | b'2') && luhn(id)
}
