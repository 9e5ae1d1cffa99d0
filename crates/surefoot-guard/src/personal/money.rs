//! Accounts that pay: cards, IBAN, wallets.

use sha2::{Digest, Sha256};

use super::{
    checks::{luhn, mod97, number},
    forms::{Kind, kind},
    scan::{Run, Scan},
};

pub(super) const IBAN: &str = "IBAN";
pub(super) const CREDIT_CARD: &str = "CREDIT_CARD";
pub(super) const CRYPTO: &str = "CRYPTO";

pub(super) const KINDS: &[Kind] = &[
    kind(IBAN, &["iban"], &[]),
    kind(
        CREDIT_CARD,
        &[
            "card",
            "credit",
            "debit",
            "visa",
            "mastercard",
            "amex",
            "american express",
            "cc",
            "kreditkarte",
            "karte",
            "carte",
            "tarjeta",
            "carta di credito",
            "cartão",
            "karta",
            "kartą",
            "creditcard",
            "クレジットカード",
            "신용카드",
            "信用卡",
        ],
        &[],
    ),
    kind(CRYPTO, &["wallet", "bitcoin", "btc", "ethereum", "eth", "address", "crypto"], &[]),
];

/// Countries with an IBAN, and its length.
const IBAN_LENGTHS: [(&[u8; 2], usize); 86] = [
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
];

/// An IBAN that begins with run `at`.
pub(super) fn iban(scan: &mut Scan<'_>, at: usize) {
    let run = scan.runs[at];
    let bytes = scan.text.as_bytes();
    let head = &bytes[run.start..run.end];
    if head.len() < 4 || !head[0].is_ascii_alphabetic() || !head[2..4].iter().all(u8::is_ascii_digit) {
        return;
    }
    let country = [head[0].to_ascii_uppercase(), head[1].to_ascii_uppercase()];
    let Ok(place) = IBAN_LENGTHS.binary_search_by(|(known, _)| (*known).cmp(&country)) else { return };
    let length = IBAN_LENGTHS[place].1;
    let mut compact = Vec::with_capacity(length);
    let mut end = run.start;
    while compact.len() < length && end < bytes.len() {
        let byte = bytes[end];
        let separator = matches!(byte, b' ' | b'-') && bytes[end - 1].is_ascii_alphanumeric();
        if byte.is_ascii_alphanumeric() {
            compact.push(byte.to_ascii_uppercase());
        } else if !separator {
            return;
        }
        end += 1;
    }
    let closed = !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
    if compact.len() == length && closed && !scan.is_joined_before(run.start) && mod97(&compact) {
        scan.keep(IBAN, run.start..end, 0.98);
    }
}

/// A card number that begins with run `at`: an issuer's range, its length, and Luhn.
pub(super) fn card(scan: &mut Scan<'_>, at: usize) {
    let first = scan.runs[at];
    if !first.is_number() || scan.is_joined_before(first.start) {
        return;
    }
    let mut digits = [0; 19];
    let mut length = 0;
    let mut separator = None;
    for last in at..scan.runs.len().min(at + 5) {
        let run = scan.runs[last];
        let between = if last > at { &scan.text.as_bytes()[scan.runs[last - 1].end..run.start] } else { b"" };
        let joined = last == at || matches!(between, [b' ' | b'-']) && *separator.get_or_insert(between) == between;
        if !joined || !run.is_number() || length + run.len() > digits.len() {
            return;
        }
        digits[length..length + run.len()].copy_from_slice(&scan.text.as_bytes()[run.start..run.end]);
        length += run.len();
        let grouped = last > at;
        let even = scan.runs[at..=last].iter().all(|run| run.len() >= 4) && (!grouped || first.len() == 4);
        if length >= 12 && even && is_card(&digits[..length]) && !goes_on(scan, run, separator) {
            scan.found(CREDIT_CARD, first.start..run.end, 0.8, 0.97);
            return;
        }
    }
}

/// Whether another group of digits follows after the same sign.
fn goes_on(scan: &Scan<'_>, run: Run, separator: Option<&[u8]>) -> bool {
    let after = &scan.text.as_bytes()[run.end..];
    scan.is_joined_after(run.end)
        || separator.is_some_and(|sign| {
            after.starts_with(sign) && after[1..].iter().take(4).all(u8::is_ascii_digit) && after.len() > 4
        })
}

fn is_card(digits: &[u8]) -> bool {
    let (two, three, four) = (number(&digits[..2]), number(&digits[..3]), number(&digits[..4]));
    let issued = match digits.len() {
        12 | 17 | 18 => matches!(two, 50 | 56..=69),
        13 => digits[0] == b'4' || matches!(two, 50 | 56..=69),
        14 => matches!(three, 300..=305 | 309) || matches!(two, 36 | 38 | 39),
        // The last three are older: JCB and enRoute.
        15 => matches!(two, 34 | 37) || matches!(four, 1800 | 2131 | 2014 | 2149 | 1220),
        16 => {
            digits[0] == b'4'
                || matches!(two, 50..=69 | 81)
                || matches!(four, 2200..=2204 | 2221..=2720 | 3528..=3589 | 9792)
                || matches!(two, 36 | 38 | 39 | 30)
        }
        19 => digits[0] == b'4' || matches!(two, 50 | 56..=69),
        _ => false,
    };
    issued && luhn(digits)
}

/// Wallets: Bitcoin and its kin by their check sums, Ethereum by its form.
pub(super) fn wallet(scan: &mut Scan<'_>, at: usize) {
    let run = scan.runs[at];
    let word = &scan.text[run.start..run.end];
    if !(26..=90).contains(&run.len()) || scan.is_joined_before(run.start) || scan.is_joined_after(run.end) {
        return;
    }
    let ethereum = run.len() == 42 && word.starts_with("0x") && word[2..].bytes().all(|byte| byte.is_ascii_hexdigit());
    let prefixed = ["bc1", "tb1", "ltc1"].iter().any(|prefix| word.to_ascii_lowercase().starts_with(prefix));
    if ethereum || prefixed && is_bech32(word) || run.len() <= 36 && is_base58check(word) {
        scan.keep(CRYPTO, run.start..run.end, 0.95);
    }
}

/// Base 58 whose last four bytes are the head of the double SHA-256 of the rest.
fn is_base58check(word: &str) -> bool {
    const ALPHABET: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    let mut bytes = [0u8; 25];
    for char in word.bytes() {
        let Some(digit) = ALPHABET.iter().position(|&known| known == char) else { return false };
        let mut carry = digit;
        for byte in bytes.iter_mut().rev() {
            carry += usize::from(*byte) * 58;
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        if carry > 0 {
            return false;
        }
    }
    let (payload, check) = bytes.split_at(21);
    Sha256::digest(Sha256::digest(payload)).starts_with(check)
}

/// Bech32 and Bech32m, as segregated-witness addresses use them.
fn is_bech32(word: &str) -> bool {
    const ALPHABET: &[u8] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let lower = word.to_ascii_lowercase();
    let Some((prefix, data)) = lower.rsplit_once('1') else { return false };
    let mut sum = 1u32;
    let mut add = |value: u32| {
        let top = sum >> 25;
        sum = (sum & 0x01ff_ffff) << 5 ^ value;
        for (bit, generator) in GENERATOR.iter().enumerate() {
            sum ^= if top >> bit & 1 == 1 { *generator } else { 0 };
        }
    };
    prefix.bytes().for_each(|byte| add(u32::from(byte >> 5)));
    add(0);
    prefix.bytes().for_each(|byte| add(u32::from(byte & 31)));
    for byte in data.bytes() {
        let Some(value) = ALPHABET.iter().position(|&known| known == byte) else { return false };
        add(u32::try_from(value).unwrap_or(0));
    }
    sum == 1 || sum == 0x2bc8_30a3
}
