//! Virtual API keys. A secret is shown once and never kept: the store holds its hash.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    budget::{Every, Rates},
    ids::KeyId,
    money::Money,
    trace::Keep,
};

/// A key as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// Its id, safe to show.
    pub id: KeyId,
    /// What its owner calls it; unique.
    pub name: String,
    /// The secrets that open it: the newest first. During a rotation with overlap there are two.
    pub secrets: Vec<KeySecret>,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends; absent for one that does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
    /// What it may use.
    #[serde(default)]
    pub scope: Scope,
    /// Put on every trace of its requests, under the caller's own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Its own limits a minute, beside those of the project.
    #[serde(default, skip_serializing_if = "Rates::is_none")]
    pub limits: Rates,
    /// Its own budget, beside those of the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<KeyBudget>,
    /// What is kept of its requests, where it differs from the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
}

/// One secret of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySecret {
    /// SHA-256 of the secret, in hex. The secret has 128 random bits, so it needs no slow hash.
    pub hash: String,
    /// When it stops opening the key; absent for the current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// A hard budget of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyBudget {
    /// The most that it may cost.
    pub limit: Money,
    /// In which time.
    pub every: Every,
}

/// What a key may use. An absent list allows everything; a name may end in `*`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scope {
    /// Functions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub functions: Option<Vec<String>>,
    /// Aliases and `provider/model-id`s, as the caller names them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<Vec<String>>,
    /// Knowledge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub knowledge: Option<Vec<String>>,
    /// The doors beside those of the models.
    pub admin: Admin,
}

/// Which doors a key opens beside those of the models, from least to most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Admin {
    /// None: an application's key. It may give feedback.
    #[default]
    None,
    /// What only shows: traces, evals, spending, the console.
    Read,
    /// Everything: keys, erasure, audit.
    All,
}

impl Key {
    /// Whether a secret of this hash opens it at `now`. The comparison takes the same time whatever it finds
    /// only if `same` does.
    pub fn opens(&self, hash: &str, now: Timestamp, same: impl Fn(&[u8], &[u8]) -> bool) -> bool {
        let valid = |until: Option<Timestamp>| until.is_none_or(|until| now < until);
        let mut opens = false;
        for secret in &self.secrets {
            opens |= same(secret.hash.as_bytes(), hash.as_bytes()) && valid(secret.expires);
        }
        opens && self.is_live(now)
    }

    /// Puts a new secret in front. Those before it open the key until `until` at the longest, and those that
    /// do not open it any more after `now` go.
    pub fn rotate(&mut self, hash: String, until: Timestamp, now: Timestamp) {
        for secret in &mut self.secrets {
            secret.expires = Some(secret.expires.map_or(until, |earlier| earlier.min(until)));
        }
        self.secrets.retain(|secret| secret.expires.is_none_or(|end| now < end));
        self.secrets.insert(0, KeySecret { hash, expires: None });
    }

    /// Whether it is neither revoked nor expired.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked.is_none_or(|at| now < at) && self.expires.is_none_or(|until| now < until)
    }
}

impl Scope {
    /// Everything, all doors included.
    pub fn all() -> Self {
        Self { admin: Admin::All, ..Self::default() }
    }

    /// Whether `list` allows `name`.
    pub fn allows(list: Option<&[String]>, name: &str) -> bool {
        let fits = |pattern: &String| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => pattern == name,
        };
        list.is_none_or(|list| list.iter().any(fits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_scope_allows() {
        let list = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        for (names, name, expected) in [
            (None, "answer", true),
            (Some(list(&[])), "answer", false),
            (Some(list(&["answer"])), "answer", true),
            (Some(list(&["answer"])), "answers", false),
            (Some(list(&["openai/*"])), "openai/gpt-4o", true),
            (Some(list(&["openai/*"])), "anthropic/claude", false),
            (Some(list(&["*"])), "", true),
        ] {
            assert_eq!(Scope::allows(names.as_deref(), name), expected, "{names:?} {name}");
        }
    }

    #[test]
    fn a_key_opens_while_it_lives() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let secret = |hash: &str, expires| KeySecret { hash: hash.into(), expires };
        let key = Key {
            id: KeyId::from_bits(1),
            name: "app".into(),
            secrets: vec![secret("new", None), secret("old", Some(at(10)))],
            tenant: None,
            created: at(0),
            expires: Some(at(20)),
            revoked: None,
            scope: Scope::default(),
            tags: BTreeMap::new(),
            limits: Rates::default(),
            budget: None,
            keep: None,
        };
        let same = |a: &[u8], b: &[u8]| a == b;
        for (hash, now, expected) in [
            ("new", 9, true),
            ("old", 9, true),
            ("old", 10, false),
            ("new", 19, true),
            ("new", 20, false),
            ("no", 1, false),
        ] {
            assert_eq!(key.opens(hash, at(now), same), expected, "{hash} {now}");
        }
        let mut rotated = key.clone();
        rotated.rotate("newest".into(), at(12), at(9));
        let told = |key: &Key| -> Vec<_> {
            key.secrets.iter().map(|one| (one.hash.clone(), one.expires.map(Timestamp::as_second))).collect()
        };
        let secret = |hash: &str, expires| (hash.to_owned(), expires);
        assert_eq!(told(&rotated), [secret("newest", None), secret("new", Some(12)), secret("old", Some(10))]);
        rotated.rotate("last".into(), at(11), at(11));
        assert_eq!(told(&rotated), [secret("last", None)], "without an overlap the others end at once");
        let revoked = Key { revoked: Some(at(5)), ..key };
        assert!(revoked.opens("new", at(4), same) && !revoked.opens("new", at(5), same));
    }
}
