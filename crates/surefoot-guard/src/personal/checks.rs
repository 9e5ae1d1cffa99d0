//! Check digits and dates inside identifiers: what makes a row of digits more than a row of digits.
//!
//! Every function takes the identifier without its separators, in upper case.

/// The value of a digit, or of a letter as 10 to 35.
pub(super) fn value(byte: u8) -> u32 {
    match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'Z' => u32::from(byte - b'A') + 10,
        _ => 0,
    }
}

/// The number that a few digits make.
pub(super) fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |sum, &digit| sum * 10 + u64::from(value(digit)))
}

/// Whether all characters are the same, as in examples and blanks.
pub(super) fn uniform(id: &[u8]) -> bool {
    id.windows(2).all(|pair| pair[0] == pair[1])
}

/// The sum of digits times weights, over the shorter of the two.
pub(super) fn weighted(id: &[u8], weights: &[u32]) -> u32 {
    id.iter().zip(weights).map(|(&digit, weight)| value(digit) * weight).sum()
}

/// The digit at `at` is the check digit `11 - sum % 11`; `ten` and `eleven` stand for 10 and 11.
pub(super) fn eleven(id: &[u8], weights: &[u32], ten: Option<u32>, eleven: Option<u32>) -> bool {
    let check = match 11 - weighted(id, weights) % 11 {
        10 => ten,
        11 => eleven,
        other => Some(other),
    };
    check.is_some_and(|check| id.get(weights.len()).is_some_and(|&last| value(last) == check))
}

/// Luhn: cards and a dozen national numbers.
pub(super) fn luhn(id: &[u8]) -> bool {
    luhn_sum(id).is_multiple_of(10) && !uniform(id)
}

/// The sum of Luhn's algorithm over digits of which the last is the check digit.
pub(super) fn luhn_sum(id: &[u8]) -> u32 {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    id.iter().rev().enumerate().map(|(at, &d)| if at % 2 == 1 { doubled(value(d)) } else { value(d) }).sum()
}

/// ISO 7064 mod 97-10, with letters as two digits: IBAN. The first four characters go to the end.
pub(super) fn mod97(iban: &[u8]) -> bool {
    let (head, rest) = iban.split_at(4.min(iban.len()));
    let shifted = rest.iter().chain(head);
    shifted.fold(0, |sum, &byte| match value(byte) {
        digit @ 0..=9 => (sum * 10 + digit) % 97,
        letter => (sum * 100 + letter) % 97,
    }) == 1
}

/// ISO 7064 mod 11,10: German tax ids and VAT ids, Croatian OIB.
pub(super) fn mod11_10(id: &[u8]) -> bool {
    let Some((&last, digits)) = id.split_last() else { return false };
    let product = digits.iter().fold(10, |product, &digit| {
        let sum = match (value(digit) + product) % 10 {
            0 => 10,
            sum => sum,
        };
        sum * 2 % 11
    });
    value(last) == (11 - product) % 10
}

/// Verhoeff's scheme over the dihedral group of ten: Aadhaar.
pub(super) fn verhoeff(id: &[u8]) -> bool {
    /// The group's product: rotations are 0 to 4, reflections 5 to 9.
    fn times(a: u32, b: u32) -> u32 {
        match (a < 5, b < 5) {
            (true, true) => (a + b) % 5,
            (true, false) => 5 + (a + b - 5) % 5,
            (false, true) => 5 + (a - 5 + 5 - b) % 5,
            (false, false) => (a + 5 - b) % 5,
        }
    }
    const TURN: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let turned = |digit: u32, times: usize| (0..times % 8).fold(digit, |digit, _| TURN[digit as usize]);
    id.iter().rev().enumerate().fold(0, |sum, (at, &digit)| times(sum, turned(value(digit), at))) == 0
}

/// A day and a month that exist. The year is not looked at.
pub(super) fn day_month(day: u64, month: u64) -> bool {
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// `yymmdd`, as many national numbers begin.
pub(super) fn year_first(id: &[u8]) -> bool {
    id.len() >= 6 && day_month(number(&id[4..6]), number(&id[2..4]))
}

/// `ddmmyy`.
pub(super) fn day_first(id: &[u8]) -> bool {
    id.len() >= 6 && day_month(number(&id[..2]), number(&id[2..4]))
}

/// Nothing to check beside the form.
pub(super) fn any(_: &[u8]) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_pass_and_their_neighbours_do_not() {
        type Check = fn(&[u8]) -> bool;
        let examples: [(Check, &str); 5] = [
            (luhn, "4111111111111111"),
            (mod97, "GB82WEST12345698765432"),
            (mod11_10, "136695976"),
            (verhoeff, "2363"),
            (|id| eleven(id, &[10, 9, 8, 7, 6, 5, 4, 3, 2], None, Some(0)), "9434765919"),
        ];
        for (check, id) in examples {
            assert!(check(id.as_bytes()), "{id}");
            let mut wrong = id.as_bytes().to_vec();
            let last = wrong.len() - 1;
            wrong[last] = if wrong[last] == b'9' { b'0' } else { wrong[last] + 1 };
            assert!(!check(&wrong), "{id} with another last digit");
        }
    }
}
