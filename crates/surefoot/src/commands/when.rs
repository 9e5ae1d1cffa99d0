//! Moments and spans on the command line: `7d`, `24h`, `2026-03-01`.

use std::{str::FromStr, time::Duration};

use surefoot_types::Timestamp;

use crate::settings::{days, duration, moment};

/// A moment, told by itself or by how far it is from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// So far from now.
    Apart(Duration),
    /// Then.
    At(Timestamp),
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        span(text).map(Self::Apart).or_else(|_| {
            moment(text).map(Self::At).ok_or_else(|| {
                format!("'{text}' is neither a time like 7d, 12h or 30m nor a day like 2026-03-01 (UTC)")
            })
        })
    }
}

impl When {
    /// The moment, looking back.
    pub(crate) fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Apart(span) => now.checked_sub(span).unwrap_or(Timestamp::UNIX_EPOCH),
            Self::At(at) => at,
        }
    }

    /// The moment, looking ahead.
    pub(crate) fn after(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Apart(span) => now.checked_add(span).unwrap_or(Timestamp::MAX),
            Self::At(at) => at,
        }
    }
}

/// `7d`, `24h`, `30m`, `45s`.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    days(text).or_else(|| duration(text)).ok_or_else(|| format!("'{text}' is not a time like 7d, 24h, 30m or 45s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_moments() {
        let now: Timestamp = "2026-03-10T12:00:00Z".parse().unwrap();
        for (text, before, after) in [
            ("7d", "2026-03-03T12:00:00Z", "2026-03-17T12:00:00Z"),
            ("90m", "2026-03-10T10:30:00Z", "2026-03-10T13:30:00Z"),
            ("2026-03-01", "2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"),
        ] {
            let when: When = text.parse().unwrap();
            assert_eq!((when.before(now).to_string(), when.after(now).to_string()), (before.into(), after.into()));
        }
        for text in ["", "7", "d", "yesterday", "-7d"] {
            assert!(text.parse::<When>().is_err(), "{text}");
        }
    }
}
