//! Money, in integer nano-dollars: a sum of a million small prices has no rounding error.

use std::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Sub},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

/// An amount in nano-dollars (10⁻⁹ USD).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(i64);

/// Nano-dollars in a dollar.
const NANOS: i64 = 1_000_000_000;

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount in nano-dollars.
    pub const fn nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// The amount in nano-dollars.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// The amount in dollars, for display and charts; never for arithmetic that is kept.
    pub fn as_dollars(self) -> f64 {
        self.0 as f64 / NANOS as f64
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Money {
    /// `$1.25`, `$0.000123`: at least two decimals, no more than needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        let decimals = format!("{:09}", nanos % NANOS as u64);
        let kept = decimals.trim_end_matches('0').len().max(2);
        write!(f, "{sign}${}.{}", nanos / NANOS as u64, &decimals[..kept])
    }
}

/// A text that is not an amount of dollars.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an amount of dollars like 12.50")]
pub struct NotMoney(String);

impl FromStr for Money {
    type Err = NotMoney;

    /// Reads `12.50`, `$12.50` or `0.000000001` exactly, without going through a float.
    fn from_str(text: &str) -> Result<Self, NotMoney> {
        let refuse = || NotMoney(text.to_owned());
        let digits = text.trim().trim_start_matches('$');
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if part.len() > 9 || !plain(whole) || !plain(part) || (whole.is_empty() && part.is_empty()) {
            return Err(refuse());
        }
        let number = |s: &str| if s.is_empty() { Ok(0) } else { s.parse::<i64>() };
        let whole = number(whole).map_err(|_| refuse())?;
        let part = number(&format!("{part:0<9}")).map_err(|_| refuse())?;
        whole.checked_mul(NANOS).and_then(|n| n.checked_add(part)).map(Self).ok_or_else(refuse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_exactly() {
        for (text, nanos, shown) in [
            ("12.50", 12_500_000_000, "$12.50"),
            ("$0.000000001", 1, "$0.000000001"),
            ("3", 3_000_000_000, "$3.00"),
            (".5", 500_000_000, "$0.50"),
        ] {
            let money: Money = text.parse().unwrap();
            assert_eq!(money.as_nanos(), nanos);
            assert_eq!(money.to_string(), shown);
        }
        for text in ["", ".", "-1", "1e3", "0.0000000001", "99999999999", "ten"] {
            assert!(text.parse::<Money>().is_err(), "{text}");
        }
    }
}
