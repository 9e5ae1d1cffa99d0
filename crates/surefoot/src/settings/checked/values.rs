//! Texts and numbers into what they mean: durations, money, ranges.

use std::{fmt::Display, ops::RangeInclusive, time::Duration};

use surefoot_types::{Money, Timestamp};

use super::Ground;
use crate::settings::{mistake::suggest, source::At};

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

    /// `30d`.
    pub(super) fn days(&self, written: &At<String>) -> Option<Duration> {
        let read = days(&written.value);
        if read.is_none() {
            let message = format!("'{}' is not a number of days", written.value);
            self.mistakes.add(&written.place, message, "Write it like `30d`, from 1d to 36500d.".to_owned());
        }
        read
    }

    /// `2026-03-01` for its first moment (UTC), or a moment like `2026-03-01T12:00:00Z`.
    pub(super) fn moment(&self, written: &At<String>) -> Option<Timestamp> {
        let read = moment(&written.value);
        if read.is_none() {
            let message = format!("'{}' is neither a day nor a moment", written.value);
            let hint = "Write it like `2026-03-01` or `2026-03-01T12:00:00Z`.";
            self.mistakes.add(&written.place, message, hint.to_owned());
        }
        read
    }

    /// One of several words.
    pub(super) fn choice<T: Copy>(
        &self,
        what: &str,
        written: Option<&At<String>>,
        choices: &[(&'static str, T)],
    ) -> Option<T> {
        let written = written?;
        let found = choices.iter().find(|(name, _)| *name == written.value);
        if found.is_none() {
            let message = format!("'{what}' cannot be '{}'", written.value);
            let hint = suggest(&written.value, choices.iter().map(|(name, _)| *name), "It may be");
            self.mistakes.add(&written.place, message, hint);
        }
        found.map(|(_, choice)| *choice)
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

/// `500ms`, `30s`, `2m`, `1h`; a day at the most.
pub(crate) fn duration(text: &str) -> Option<Duration> {
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

/// `30d` as a time of at most a hundred years.
pub(crate) fn days(text: &str) -> Option<Duration> {
    let digits = text.strip_suffix('d').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    let days: u64 = digits.parse().ok()?;
    (1..=36_500).contains(&days).then(|| Duration::from_secs(days * 86_400))
}

/// A day's first moment (UTC), or a moment.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let day = text.len() == "2026-03-01".len();
    if day { format!("{text}T00:00:00Z").parse().ok() } else { text.parse().ok() }
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

    #[test]
    fn days_and_moments() {
        for (text, expected) in [
            ("1d", Some(86_400)),
            ("30d", Some(2_592_000)),
            ("0d", None),
            ("40000d", None),
            ("d", None),
            ("-1d", None),
            ("30", None),
            ("30h", None),
        ] {
            assert_eq!(days(text), expected.map(Duration::from_secs), "{text}");
        }
        for (text, expected) in [
            ("2026-03-01", Some("2026-03-01T00:00:00Z")),
            ("2026-03-01T12:00:00Z", Some("2026-03-01T12:00:00Z")),
            ("2026-03-01T12:00:00+02:00", Some("2026-03-01T10:00:00Z")),
            ("2026-02-30", None),
            ("tomorrow", None),
            ("", None),
        ] {
            assert_eq!(moment(text).map(|at| at.to_string()), expected.map(str::to_owned), "{text}");
        }
    }
}
