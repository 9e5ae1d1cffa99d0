//! An AI API over HTTP: where it is, what opens it, and how it differs from others.

use std::{collections::BTreeMap, path::PathBuf};

use surefoot_types::{Secret, conversation::Dialect};

use crate::attempt::presets::{self, Preset};

/// An AI API over HTTP.
#[derive(Debug, Clone)]
pub struct Api {
    /// How it differs from others of its dialect.
    pub preset: &'static Preset,
    /// The address before `/chat/completions` or `/messages`, without a trailing slash.
    pub base_url: String,
    /// What opens it; several where requests may be spread over several accounts.
    pub keys: Vec<Credential>,
    /// Headers to add.
    pub headers: BTreeMap<String, String>,
    /// The region that a request is signed for; only where it is signed.
    pub region: Option<String>,
    /// The version that stands in the address, as some deployments want it.
    pub version: Option<String>,
}

impl Api {
    /// An API of this preset without a key.
    pub fn new(preset: &'static Preset, base_url: impl Into<String>) -> Self {
        let base_url = base_url.into();
        Self { preset, base_url, keys: Vec::new(), headers: BTreeMap::new(), region: None, version: None }
    }

    /// A server that speaks OpenAI's chat and wants no key.
    pub fn compatible(base_url: impl Into<String>) -> Self {
        Self::new(presets::COMPATIBLE, base_url)
    }

    /// The wire format that it speaks.
    pub fn dialect(&self) -> Dialect {
        self.preset.dialect
    }
}

/// What opens an API.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Where it is taken from, as the settings say: it stays the same, and is no secret.
    pub id: String,
    /// The secret, or how to come by it.
    pub opens: Opens,
}

/// A secret, or how to come by it.
#[derive(Debug, Clone)]
pub enum Opens {
    /// A key that stays.
    Key(Secret),
    /// A token in a file that somebody else renews.
    File(PathBuf),
    /// A program that prints a token, with its arguments.
    Command(Vec<String>),
    /// An account of AWS, by which requests are signed.
    Aws(Aws),
}

/// An account of AWS.
#[derive(Debug, Clone)]
pub struct Aws {
    /// Its access key's id, which is no secret.
    pub id: String,
    /// Its secret access key.
    pub secret: Secret,
    /// The token of a session, where the credentials are temporary.
    pub session: Option<Secret>,
}
