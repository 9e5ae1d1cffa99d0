//! Texts and numbers into what they mean: durations, money, ranges.

use std::{fmt::Display, ops::RangeInclusive, time::Duration};

use surefoot_types::Money;

use super::Ground;
use crate::settings::source::At;

impl Ground<'_> {
    /// `500ms`, `30s`, `2m`, `1h`.
    pub(super) fn duration(&self, written: &At<String>) -> Option<Duration> {
        let read = duration(&written.value);
        match read {
            Some(Duration::ZERO) => {
                let message = format!("'{}' is no time at all", written.value);
                self.mistakes.add(&written.place, message, "Write a duration above zero, like `30s`.".to_owned());
                None
            }
            Some(duration) => Some(duration),
            None => {
                let message = format!("'{}' is not a duration", written.value);
                let hint = "Write a whole number and a unit: `500ms`, `30s`, `2m` or `1h`.";
                self.mistakes.add(&written.place, message, hint.to_owned());
                None
            }
        }
    }

    /// Dollars.
    pub(super) fn money(&self, written: &At<String>) -> Option<Money> {
        let read = written.value.parse().ok();
        if read.is_none() {
            let message = format!("'{}' is not an amount of dollars", written.value);
            let hint = "Write it as a plain decimal of zero or more, like `12.50`, with at most nine decimals.";
            self.mistakes.add(&written.place, message, hint.to_owned());
        }
        read
    }

    /// A number within limits.
    pub(super) fn within<T: PartialOrd + Display + Copy>(
        &self,
        what: &str,
        written: Option<&At<T>>,
        limits: RangeInclusive<T>,
    ) -> Option<T> {
        let written = written?;
        if limits.contains(&written.value) {
            return Some(written.value);
        }
        let message = format!("'{what}' cannot be {}", written.value);
        let hint = format!("It goes from {} to {}.", limits.start(), limits.end());
        self.mistakes.add(&written.place, message, hint);
        None
    }
}

fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..digits].parse().ok()?;
    let millis = match &text[digits..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    // A day is longer than anything here may last, and far from overflowing a clock.
    number.checked_mul(millis).filter(|millis| *millis <= 24 * 3_600_000).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        for (text, expected) in [
            ("500ms", Some(500)),
            ("30s", Some(30_000)),
            ("2m", Some(120_000)),
            ("1h", Some(3_600_000)),
            ("0s", Some(0)),
            ("24h", Some(86_400_000)),
            ("25h", None),
            ("30", None),
            ("s", None),
            ("-1s", None),
            ("1.5s", None),
            ("30 s", None),
            ("99999999999999999999s", None),
            ("", None),
        ] {
            assert_eq!(duration(text), expected.map(Duration::from_millis), "{text}");
        }
    }
}
