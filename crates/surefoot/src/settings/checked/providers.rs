//! Providers and what opens them: addresses, keys, headers.

use std::{collections::BTreeMap, fs};

use surefoot_gateway::{
    api::{Api, Aws, Credential, Opens},
    attempt::presets::{self, Auth, PRESETS, Paths, Preset},
    project::{Provider, Reach},
};
use surefoot_types::Secret;

use super::Ground;
use crate::settings::{mistake::suggest, source::At, written::provider::Provider as Written};

/// Headers that carry credentials, so that their values may not stand in clear.
const CREDENTIALS: [&str; 6] =
    ["authorization", "proxy-authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie"];
/// Where Google's only address without a location in its name is.
const GLOBAL: &str = "global";
/// A key of Amazon Bedrock, where its own tools look for it.
const BEDROCK_KEY: &str = "AWS_BEARER_TOKEN_BEDROCK";

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
        let preset = self.preset(written)?;
        let region = self.filled(written.region.as_ref(), &["AWS_REGION", "AWS_DEFAULT_REGION"], "region");
        let base_url = self.base_url(written, preset, region.as_deref())?;
        self.unneeded(written, preset);
        let version = written.api_version.as_ref().filter(|_| preset.paths == Paths::Azure);
        let api = Api {
            keys: self.credentials(written, preset, wanted),
            headers: self.headers(&written.headers, wanted),
            region: region.filter(|_| preset.auth == Auth::Signed),
            version: version.and_then(|version| self.plain(version, "api_version")),
            ..Api::new(preset, base_url)
        };
        if preset.auth == Auth::Signed
            && api.region.is_none()
            && api.keys.iter().any(|key| matches!(key.opens, Opens::Aws(_)))
        {
            let hint = "Add `region = \"us-east-1\"`, or set AWS_REGION.";
            self.mistakes.add(&written.name.place, "'region' is missing", hint.to_owned());
        }
        Some(Provider { name: written.name.value.clone(), reach: Reach::Http(Box::new(api)) })
    }

    /// The row of a provider's kind.
    fn preset(&self, written: &Written) -> Option<&'static Preset> {
        let kind = written.kind.as_ref()?;
        if presets::find(&kind.value, None).is_none() {
            let message = format!("there is no kind of provider '{}'", kind.value);
            let kinds = PRESETS.iter().map(|preset| preset.kind);
            self.mistakes.add(&kind.place, message, suggest(&kind.value, kinds, "The kinds are"));
            return None;
        }
        let found = presets::find(&kind.value, written.api.as_ref().map(|api| api.value.as_str()));
        if let (None, Some(api)) = (found, &written.api) {
            let message = format!("the kind '{}' has no API '{}'", kind.value, api.value);
            let apis = PRESETS.iter().filter(|preset| preset.kind == kind.value).map(|preset| preset.api);
            self.mistakes.add(&api.place, message, suggest(&api.value, apis, "Its APIs are"));
        }
        found
    }

    /// What is written, or a variable of the environment that a vendor's own tools read too.
    fn filled(&self, written: Option<&At<String>>, variables: &[&str], name: &str) -> Option<String> {
        match written {
            Some(written) => self.plain(written, name),
            None => variables.iter().find_map(|name| (self.environment)(name)).filter(|text| is_plain(text)),
        }
    }

    /// A text that stands in an address.
    fn plain(&self, written: &At<String>, name: &str) -> Option<String> {
        if is_plain(&written.value) {
            return Some(written.value.clone());
        }
        let message = format!("'{name}' cannot be '{}'", written.value);
        self.mistakes.add(&written.place, message, "It holds letters, digits, '-', '_', '.' and ':'.".to_owned());
        None
    }

    /// A provider's address: as written, or the vendor's own with what it needs filled in.
    fn base_url(&self, written: &Written, preset: &Preset, region: Option<&str>) -> Option<String> {
        if let Some(url) = &written.base_url {
            let url = self.url(url)?;
            return Some(if preset.paths == Paths::Azure { azure(&url, written.api_version.is_some()) } else { url });
        }
        let lacking = |name: &str, example: &str| {
            let message = format!("'{name}' is missing");
            self.mistakes.add(&written.name.place, message, format!("Add `{example}`."));
        };
        if preset.base_url.is_empty() {
            lacking("base_url", "base_url = \"https://NAME.openai.azure.com\"");
            return None;
        }
        let mut url = preset.base_url.to_owned();
        if url.contains("{region}") {
            let Some(region) = region else {
                lacking("region", "region = \"us-east-1\"");
                return None;
            };
            url = url.replace("{region}", region);
        }
        if url.contains("{project}") {
            let Some(project) = self.filled(written.project.as_ref(), &["GOOGLE_CLOUD_PROJECT"], "project") else {
                lacking("project", "project = \"my-project\"");
                return None;
            };
            let location = self.filled(written.location.as_ref(), &["GOOGLE_CLOUD_LOCATION"], "location");
            let location = location.unwrap_or_else(|| GLOBAL.to_owned());
            let host = if location == GLOBAL { String::new() } else { format!("{location}-") };
            url = url.replace("{location}-", &host).replace("{location}", &location).replace("{project}", &project);
        }
        Some(url)
    }

    /// What is written and of no use for this kind is a slip.
    fn unneeded(&self, written: &Written, preset: &Preset) {
        let template = |name: &str| preset.base_url.contains(name);
        for (field, name, of_use) in [
            (&written.region, "region", preset.auth == Auth::Signed),
            (&written.project, "project", template("{project}") && written.base_url.is_none()),
            (&written.location, "location", template("{location}") && written.base_url.is_none()),
            (&written.api_version, "api_version", preset.paths == Paths::Azure),
        ] {
            if let (Some(field), false) = (field, of_use) {
                let message = format!("'{name}' is of no use here");
                self.mistakes.add(&field.place, message, "Leave it out, or name another `kind`.".to_owned());
            }
        }
    }

    /// The keys of a provider, in order.
    fn credentials(&self, written: &Written, preset: &Preset, wanted: Wanted) -> Vec<Credential> {
        if let (Some(key), Some(_)) = (&written.key, &written.keys) {
            let hint = "Put them all into `keys`.";
            self.mistakes.add(&key.place, "'key' and 'keys' stand side by side", hint.to_owned());
        }
        let all: Vec<&At<String>> = written.key.iter().chain(written.keys.iter().flatten()).collect();
        for (at, one) in all.iter().enumerate() {
            if all[..at].iter().any(|other| other.value == one.value) {
                self.mistakes.add(&one.place, "the same key stands here twice", "Take one of them out.".to_owned());
            }
        }
        if all.is_empty() && preset.auth == Auth::Signed {
            return self.bedrock_of_environment().into_iter().collect();
        }
        all.into_iter().filter_map(|key| self.credential(key, preset, wanted)).collect()
    }

    /// What AWS's own tools would take: a key, or an account.
    fn bedrock_of_environment(&self) -> Option<Credential> {
        let id = format!("env:{BEDROCK_KEY}");
        match (self.environment)(BEDROCK_KEY).filter(|key| !key.trim().is_empty()) {
            Some(key) => Some(Credential { id, opens: Opens::Key(Secret::new(key.trim())) }),
            None => Some(Credential { id: "aws:AWS".into(), opens: Opens::Aws(self.aws("AWS")?) }),
        }
    }

    /// The account of AWS that three variables name.
    fn aws(&self, prefix: &str) -> Option<Aws> {
        let variable = |name: &str| (self.environment)(&format!("{prefix}_{name}")).filter(|text| !text.is_empty());
        Some(Aws {
            id: variable("ACCESS_KEY_ID")?,
            secret: Secret::new(variable("SECRET_ACCESS_KEY")?),
            session: variable("SESSION_TOKEN").map(Secret::new),
        })
    }

    fn credential(&self, written: &At<String>, preset: &Preset, wanted: Wanted) -> Option<Credential> {
        let id = written.value.clone();
        match written.value.split_once(':') {
            Some(("command", line)) if !line.trim().is_empty() => {
                let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
                // The words may hold what nobody should see: the program's name has to do, and a sign of the rest.
                let sign = &blake3::hash(line.as_bytes()).to_hex()[..6];
                let id = format!("command:{}#{sign}", words.first().map_or("", String::as_str));
                Some(Credential { id, opens: Opens::Command(words) })
            }
            Some(("aws", prefix)) if preset.auth == Auth::Signed && is_plain(prefix) => match self.aws(prefix) {
                Some(account) => Some(Credential { id, opens: Opens::Aws(account) }),
                None => {
                    let told = format!("{prefix}_ACCESS_KEY_ID and {prefix}_SECRET_ACCESS_KEY are not both set");
                    self.absent(written, wanted, told, "Set them before you start.".to_owned());
                    None
                }
            },
            Some(("file", path)) if preset.auth == Auth::Token => {
                let path = self.folder.join(path);
                self.secret(written, wanted).map(|_| Credential { id, opens: Opens::File(path) })
            }
            _ => self.secret(written, wanted).map(|secret| Credential { id, opens: Opens::Key(secret) }),
        }
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
            Err((message, hint)) => {
                self.absent(written, wanted, message, hint);
                None
            }
        }
    }

    /// A secret that is not there: a mistake where something needs it.
    fn absent(&self, written: &At<String>, wanted: Wanted, message: String, hint: String) {
        match wanted {
            Wanted::Needed => self.mistakes.add(&written.place, message, hint),
            Wanted::Unused => {
                let message = format!("{message}; nothing in the project uses it yet");
                self.mistakes.warn(&written.place, message, hint);
            }
        }
    }
}

/// Whether a text can stand in an address or the name of a variable as it is.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c))
}

/// Azure's address in the form that is asked for, whichever part of it was copied from its pages.
fn azure(url: &str, versioned: bool) -> String {
    let bare = url.strip_suffix("/v1").unwrap_or(url);
    let bare = bare.strip_suffix("/openai").unwrap_or(bare).trim_end_matches('/');
    if versioned { bare.to_owned() } else { format!("{bare}/openai/v1") }
}

/// Where a secret is taken from, and what it is called there.
fn source(text: &str) -> Option<(&str, &str)> {
    text.split_once(':').filter(|(scheme, name)| matches!(*scheme, "env" | "file") && !name.is_empty())
}

/// The vendor at whose own address a provider is, so that its prices are known.
pub(super) fn vendor(written: &Written) -> Option<&'static str> {
    let preset = presets::find(&written.kind.as_ref()?.value, written.api.as_ref().map(|api| api.value.as_str()))?;
    let address = written.base_url.as_ref().map(|url| url.value.trim_end_matches('/'));
    let own = address.is_none_or(|address| preset.base_url.is_empty() || address == preset.base_url);
    preset.vendor.filter(|_| own)
}
