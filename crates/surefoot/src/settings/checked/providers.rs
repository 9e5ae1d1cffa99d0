//! Providers and what opens them: addresses, keys, headers.

use std::{collections::BTreeMap, fs};

use surefoot_gateway::project::{Provider, Reach};
use surefoot_types::{Secret, conversation::Dialect};

use super::Ground;
use crate::settings::{
    mistake::suggest,
    source::At,
    written::root::{self, Provider as Written},
};

/// The kinds of provider, with the address of the vendor that gave each its name.
pub(super) const KINDS: [(&str, Dialect, &str); 2] = [
    ("openai", Dialect::OpenaiChat, "https://api.openai.com/v1"),
    ("anthropic", Dialect::Anthropic, "https://api.anthropic.com/v1"),
];

/// Headers that carry credentials, so that their values may not stand in clear.
const CREDENTIALS: [&str; 5] = ["authorization", "proxy-authorization", "x-api-key", "api-key", "cookie"];

/// Whether a secret that is not there is a mistake.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Something cannot work without it.
    Needed,
    /// Nothing uses it.
    Unused,
}

impl Ground<'_> {
    /// A provider; its key is needed if a target of the project is one of its models.
    pub(super) fn provider(&self, written: &Written, wanted: Wanted) -> Option<Provider> {
        let kind = written.kind.as_ref()?;
        let Some((_, dialect, base_url)) = KINDS.into_iter().find(|(name, ..)| *name == kind.value) else {
            let message = format!("there is no kind of provider '{}'", kind.value);
            let hint = suggest(&kind.value, KINDS.map(|(name, ..)| name), "The kinds are");
            self.mistakes.add(&kind.place, message, hint);
            return None;
        };
        let base_url = match &written.base_url {
            Some(url) => self.url(url)?,
            None => base_url.to_owned(),
        };
        let key = written.key.as_ref().and_then(|key| self.secret(key, wanted));
        let headers = self.headers(&written.headers, wanted);
        let name = written.name.value.clone();
        Some(Provider { name, reach: Reach::Http { dialect, base_url, key, headers } })
    }

    /// The address of an API, without a slash at its end.
    pub(super) fn url(&self, written: &At<String>) -> Option<String> {
        let url = reqwest::Url::parse(&written.value).ok();
        let fits = |url: &reqwest::Url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.query().is_none()
                && url.fragment().is_none()
        };
        match url {
            Some(url) if !url.username().is_empty() || url.password().is_some() => {
                written.place.hide();
                let hint = "Take the credentials out of the address, and give them as `key = \"env:NAME\"`.";
                self.mistakes.add(&written.place, "a secret stands in clear in this address", hint.to_owned());
                None
            }
            Some(url) if fits(&url) => Some(written.value.trim_end_matches('/').to_owned()),
            _ => {
                let message = format!("'{}' is not an http or https address", written.value);
                let hint = "Write it like `https://api.openai.com/v1`, without a query.";
                self.mistakes.add(&written.place, message, hint.to_owned());
                None
            }
        }
    }

    /// Headers to send, with the secrets among them read.
    pub(super) fn headers(&self, written: &[(At<String>, At<String>)], wanted: Wanted) -> BTreeMap<String, String> {
        let mut headers = BTreeMap::new();
        for (name, value) in written {
            let lower = name.value.to_ascii_lowercase();
            if reqwest::header::HeaderName::from_bytes(lower.as_bytes()).is_err() {
                let message = format!("'{}' is not the name of a header", name.value);
                self.mistakes.add(&name.place, message, "Write it like `x-team`.".to_owned());
                continue;
            }
            let secret = CREDENTIALS.contains(&lower.as_str()) || source(&value.value).is_some();
            let text = if secret {
                self.secret(value, wanted).map(|secret| secret.reveal().to_owned())
            } else {
                Some(value.value.clone())
            };
            let Some(text) = text else { continue };
            if reqwest::header::HeaderValue::from_str(&text).is_err() {
                self.mistakes.add(&value.place, "this cannot be the value of a header", None);
            }
            headers.insert(lower, text);
        }
        headers
    }

    /// The secret behind `env:NAME` or `file:PATH`.
    pub(super) fn secret(&self, written: &At<String>, wanted: Wanted) -> Option<Secret> {
        let read = match source(&written.value) {
            Some(("env", name)) => (self.environment)(name).ok_or_else(|| {
                (
                    format!("the environment variable {name} is not set"),
                    format!("Set it before you start: `export {name}=…`."),
                )
            }),
            Some((_, path)) => fs::read_to_string(self.folder.join(path)).map_err(|error| {
                (
                    format!("the secret in {path} cannot be read: {error}"),
                    "The path is looked for from the project's folder.".into(),
                )
            }),
            None => {
                written.place.hide();
                let hint = "Write `env:NAME` to take it from the environment, or `file:PATH` to take it from a file.";
                self.mistakes.add(&written.place, "a secret stands here in clear", hint.to_owned());
                return None;
            }
        };
        let named = written.value.as_str();
        let read = read.and_then(|text| match text.trim() {
            "" => Err((format!("the secret that {named} names is empty"), "Put the key there.".into())),
            text => Ok(Secret::new(text)),
        });
        match read {
            Ok(secret) => Some(secret),
            Err((message, hint)) if wanted == Wanted::Unused => {
                self.mistakes.warn(&written.place, format!("{message}; nothing in the project uses it yet"), hint);
                None
            }
            Err((message, hint)) => {
                self.mistakes.add(&written.place, message, hint);
                None
            }
        }
    }
}

/// Where a secret is taken from, and what it is called there.
fn source(text: &str) -> Option<(&str, &str)> {
    text.split_once(':').filter(|(scheme, name)| matches!(*scheme, "env" | "file") && !name.is_empty())
}

/// True where a provider is the vendor that its kind is named after, so that its prices are known.
pub(super) fn is_vendor(written: &root::Provider, kind: &str) -> bool {
    let address = written.base_url.as_ref().map(|url| url.value.trim_end_matches('/'));
    let own = KINDS.iter().find(|(name, ..)| *name == kind).map(|(_, _, url)| *url);
    written.kind.as_ref().is_some_and(|written| written.value == kind) && (address.is_none() || address == own)
}
