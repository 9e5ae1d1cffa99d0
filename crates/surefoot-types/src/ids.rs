//! Typed ids, all made from one list. Each is a ULID (48 bits of milliseconds, 80 of chance), so
//! ids sort by the time they were made; its text is a prefix and 26 lower-case letters and digits:
//! `tr_01jd8n6y4vq0t2x5w9zk3m7c1f`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ulid::Ulid;

use crate::clock::{Chance, Clock};

/// A text that is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not an id like {prefix}_01jd8n6y4vq0t2x5w9zk3m7c1f")]
pub struct NotAnId {
    text: String,
    prefix: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// The prefix of this kind's text.
            pub const PREFIX: &'static str = $prefix;

            /// A new id of this moment.
            pub fn mint(clock: &dyn Clock, chance: &dyn Chance) -> Self {
                let millis = u64::try_from(clock.now().as_millisecond()).unwrap_or(0);
                Self(Ulid::from_parts(millis, chance.bits()).0)
            }

            /// The first id of a moment: all that were made before it are smaller.
            pub fn first(at: jiff::Timestamp) -> Self {
                Self(u128::try_from(at.as_millisecond()).unwrap_or(0) << 80)
            }

            /// When it was made, to the millisecond.
            pub fn made(self) -> jiff::Timestamp {
                let millis = i64::try_from(self.to_bits() >> 80).unwrap_or(i64::MAX);
                jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
            }

            /// The number behind the text.
            pub fn to_bits(self) -> u128 {
                self.0
            }

            /// The id of a number.
            pub fn from_bits(bits: u128) -> Self {
                Self(bits)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0u8; ulid::ULID_LEN];
                let text = Ulid(self.0).array_to_str(&mut text);
                text.make_ascii_lowercase();
                write!(f, "{}_{text}", Self::PREFIX)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                text.strip_prefix(Self::PREFIX)
                    .and_then(|rest| rest.strip_prefix('_'))
                    .and_then(|rest| Ulid::from_string(rest).ok())
                    .map(|ulid| Self(ulid.0))
                    .ok_or_else(|| NotAnId { text: text.into(), prefix: Self::PREFIX })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// One request and everything that happened for it.
    TraceId "tr";
    /// One call to one target.
    AttemptId "at";
    /// One version of a source file.
    DocumentId "doc";
    /// One execution of an eval.
    RunId "run";
    /// One kept answer of `/v1/responses`: the number of its trace.
    ResponseId "resp";
    /// One value, comment or correction about a trace.
    FeedbackId "fb";
    /// An uploaded file.
    FileId "file";
    /// A vector store that a caller made; the mark of its owner follows it in its name.
    StoreId "vst";
    /// Files that came into a vector store together.
    BatchId "vsfb";
    /// A virtual API key.
    KeyId "key";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{SystemChance, SystemClock};

    #[test]
    fn text_comes_back_as_the_same_id() {
        let id = TraceId::mint(&SystemClock, &SystemChance);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().len(), "tr_".len() + 26);
    }

    #[test]
    fn other_kinds_and_noise_are_refused() {
        let trace = TraceId::mint(&SystemClock, &SystemChance).to_string();
        assert!(trace.parse::<RunId>().is_err());
        for noise in ["", "tr_", "tr_0", "tr_!!!!!!!!!!!!!!!!!!!!!!!!!!", "01jd8n6y4vq0t2x5w9zk3m7c1f"] {
            assert!(noise.parse::<TraceId>().is_err(), "{noise}");
        }
    }
}
