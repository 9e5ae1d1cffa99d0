use crate::personal::{Detector, Options, kinds};

/// An identifier with its right check digits, and the same with one wrong.
const EXAMPLES: [(&str, &str, &str); 38] = [
    ("US_SSN", "219-57-4232", "000-57-4232"),
    ("US_ITIN", "900-96-8989", "900-49-8989"),
    ("US_NPI", "NPI 1245319599", "NPI 1245319598"),
    ("US_MBI", "1EG4-TE5-MK73", "1SG4-TE5-MK73"),
    ("US_ABA", "routing 121042882", "routing 121042883"),
    ("MEDICAL_LICENSE", "GL0285191", "GL0285192"),
    ("CA_SIN", "130 692 544", "130 692 545"),
    ("BR_CPF", "619.848.151-48", "619.848.151-49"),
    ("BR_CNPJ", "11.222.333/0001-81", "11.222.333/0001-82"),
    ("AR_CUIT", "20-12345678-6", "20-12345678-5"),
    ("CL_RUT", "12.345.678-5", "12.345.678-6"),
    ("UK_NHS", "NHS 401-023-2137", "NHS 401-023-2138"),
    ("UK_NINO", "JR 23 09 06 C", "FQ 00 00 00 C"),
    ("ES_NIF", "12345678Z", "12345678A"),
    ("ES_NIE", "X9613851N", "X9613851Q"),
    ("IT_FISCAL_CODE", "RSSMRA85T10A562S", "RSSMRA85X10A562S"),
    ("FR_NIR", "2 80 06 07 557 211 15", "2 80 06 07 557 211 16"),
    ("DE_TAX_ID", "19 657 018 340", "19 657 018 341"),
    ("DE_SOCIAL_SECURITY", "15070649C103", "15070649C100"),
    ("DE_HEALTH_INSURANCE", "A123456780", "A123456787"),
    ("NL_BSN", "BSN 205696399", "BSN 205696398"),
    ("BE_NATIONAL_ID", "85.07.30-033.28", "85.07.30-033.29"),
    ("CH_AHV", "756.9217.0769.85", "756.9217.0769.86"),
    ("TR_NATIONAL_ID", "10000000146", "10000000145"),
    ("PL_PESEL", "44051401458", "44051401459"),
    ("PL_NIP", "123-456-32-18", "123-456-32-17"),
    ("SE_PERSONNUMMER", "871220-2384", "871220-2383"),
    ("FI_HETU", "131052-308T", "131052-308S"),
    ("NO_FNR", "fnr 01010750160", "fnr 01010750161"),
    ("RO_CNP", "1800101221144", "1800101221145"),
    ("IN_AADHAAR", "3123 4567 8909", "1234 5678 9012"),
    ("KR_RRN", "960121-1234567", "960141-1234567"),
    ("CN_RESIDENT_ID", "11010519491231002X", "110105194912310021"),
    ("SG_NRIC", "S2740116C", "S2740116D"),
    ("TH_TNIN", "TNIN 1234567890121", "TNIN 1234567890123"),
    ("AU_TFN", "TFN 876 543 210", "TFN 876 543 211"),
    ("ZA_ID", "RSA ID 8001015009087", "RSA ID 8001015009086"),
    ("VIN", "1M8GDM9AXKP042788", "1M8GDM9A1KP042788"),
];

#[test]
fn check_digits_decide() {
    let detector = Detector::new(&Options::default()).unwrap();
    for (kind, right, wrong) in EXAMPLES {
        let found = |text: &str| detector.find(text).iter().any(|finding| finding.kind == kind);
        assert!(found(right), "{kind}: {right}");
        assert!(!found(wrong), "{kind}: {wrong}");
    }
}

#[test]
fn a_word_decides_between_numbers_of_the_same_form() {
    let detector = Detector::new(&Options::default()).unwrap();
    let kind = |text: &str| detector.find(text).first().map(|finding| finding.kind);
    assert_eq!(kind("BSN 205696399"), Some("NL_BSN"));
    assert_eq!(kind("{\"customerNhsNumber\": \"4107147908\"}"), Some("UK_NHS"));
    assert_eq!(kind("4107147908 items in a queue"), None);
}

#[test]
fn every_kind_has_its_own_name_and_every_form_can_be_found() {
    let mut names: Vec<&str> = kinds().collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
    for kind in super::kinds() {
        assert!(!kind.rows.is_empty(), "{}", kind.name);
    }
}
