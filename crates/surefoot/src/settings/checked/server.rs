//! The server: its address, its callers' keys.

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use ipnet::IpNet;
use surefoot_gateway::identify::secret_hash;
use surefoot_types::{
    Timestamp,
    budget::Every,
    ids::KeyId,
    key::{Admin, Key, KeyBudget, KeySecret, Scope},
};

use super::{Ground, providers::Wanted};
use crate::settings::{
    source::At,
    written::{Written, server},
};

/// Bytes of a megabyte, as limits count it.
const MEGABYTE: usize = 1024 * 1024;
/// Largest body unless the project says otherwise, in megabytes.
const BODY: i64 = 32;
/// Most requests a minute of an address without a known key unless the project says otherwise.
const STRANGERS: i64 = 60;
/// How long requests under way may go on unless the project says otherwise.
const DRAIN: Duration = Duration::from_secs(30);

/// The doors that a key may open beside those of the models, with their names in settings.
pub(crate) const ADMINS: [(&str, Admin); 3] = [("none", Admin::None), ("read", Admin::Read), ("all", Admin::All)];

impl Ground<'_> {
    /// The address to serve on.
    pub(super) fn bind(&self, written: Option<&At<String>>) -> Option<SocketAddr> {
        let written = written?;
        let read = written.value.parse().ok();
        if read.is_none() {
            let message = format!("'{}' is not an address to serve on", written.value);
            self.mistakes.add(
                &written.place,
                message,
                "Write an IP address and a port, like `127.0.0.1:4141`.".to_owned(),
            );
        }
        read
    }

    /// The largest body, in bytes.
    pub(super) fn body_limit(&self, written: Option<&At<i64>>) -> usize {
        let megabytes = self.within("body_limit_mb", written, 1..=1024).unwrap_or(BODY);
        usize::try_from(megabytes).unwrap_or(1) * MEGABYTE
    }

    /// How long requests under way may go on after the end was asked for.
    pub(super) fn drain(&self, written: Option<&At<String>>) -> Duration {
        written.and_then(|written| self.duration(written)).unwrap_or(DRAIN)
    }

    /// Most requests a minute of an address without a known key; absent: no limit.
    pub(super) fn strangers(&self, written: Option<&At<i64>>) -> Option<u32> {
        let strangers = self.within("strangers", written, 0..=1_000_000).unwrap_or(STRANGERS);
        u32::try_from(strangers).ok().filter(|strangers| *strangers > 0)
    }

    /// The networks of the proxies in front.
    pub(super) fn proxies(&self, written: Option<&[At<String>]>) -> Vec<IpNet> {
        let network = |one: &At<String>| {
            let address = || one.value.parse().ok().map(|address: IpAddr| address.into());
            let read = one.value.parse::<IpNet>().ok().or_else(address);
            if read.is_none() {
                let message = format!("'{}' is not a network", one.value);
                let hint = "Write an IP address, or a network like `10.0.0.0/8`.";
                self.mistakes.add(&one.place, message, hint.to_owned());
            }
            read
        };
        written.unwrap_or_default().iter().filter_map(network).collect()
    }

    /// The keys that callers may use.
    pub(super) fn keys(&self, all: &Written) -> Vec<Key> {
        let mut names = BTreeSet::new();
        let mut keys = Vec::new();
        for one in &all.root.server.keys {
            let scope = self.scope(all, one);
            let (Some(name), Some(key)) = (&one.name, &one.key) else { continue };
            if !names.insert(name.value.as_str()) {
                let message = format!("two keys are named '{}'", name.value);
                self.mistakes.add(&name.place, message, "Give one of them another name.".to_owned());
            }
            let details = self.key(one, name, scope);
            let Some(secret) = self.secret(key, Wanted::Needed) else { continue };
            let hash = secret_hash(&secret);
            // The same key has the same id in every start: it is made of its hash.
            let bits = blake3::hash(hash.as_bytes()).as_bytes()[..16]
                .iter()
                .fold(0u128, |bits, byte| (bits << 8) | u128::from(*byte));
            keys.push(Key { id: KeyId::from_bits(bits), secrets: vec![KeySecret { hash, expires: None }], ..details });
        }
        keys
    }

    /// A key but for its secret.
    fn key(&self, written: &server::Key, name: &At<String>, scope: Scope) -> Key {
        Key {
            id: KeyId::from_bits(0),
            name: name.value.clone(),
            secrets: Vec::new(),
            tenant: written.tenant.as_ref().map(|tenant| tenant.value.clone()),
            created: Timestamp::UNIX_EPOCH,
            expires: written.expires.as_ref().and_then(|expires| self.moment(expires)),
            revoked: None,
            scope,
            tags: written.tags.iter().map(|(tag, value)| (tag.value.clone(), value.value.clone())).collect(),
            limits: self.rates(&written.limits),
            budget: written.budget.as_ref().and_then(|budget| self.key_budget(budget)),
            keep: self.keep(written.keep.as_ref()),
        }
    }

    fn key_budget(&self, written: &server::KeyBudget) -> Option<KeyBudget> {
        let every = self.choice("every", written.every.as_ref(), &Every::NAMES);
        let limit = written.usd.as_ref().and_then(|digits| self.money(digits));
        Some(KeyBudget { every: every?, limit: limit? })
    }

    /// What a key may use; a plain name that leads nowhere is a mistake.
    fn scope(&self, all: &Written, written: &server::Key) -> Scope {
        let functions: Vec<&str> = all.functions.iter().map(|one| one.name.value.as_str()).collect();
        let knowledge: Vec<&str> = all.root.knowledge.iter().map(|one| one.name.value.as_str()).collect();
        let aliases: Vec<&str> = all.root.models.iter().map(|one| one.name.value.as_str()).collect();
        let list = |what: &str, written: &Option<Vec<At<String>>>, known: &[&str]| {
            let list = written.as_ref()?;
            for name in list.iter().filter(|name| !name.value.ends_with('*') && !name.value.contains('/')) {
                if !known.contains(&name.value.as_str()) {
                    self.unknown(what, name, known.iter().copied(), "There are");
                }
            }
            Some(list.iter().map(|name| name.value.clone()).collect())
        };
        Scope {
            functions: list("function", &written.functions, &functions),
            models: list("model", &written.models, &aliases),
            knowledge: list("knowledge", &written.knowledge, &knowledge),
            admin: self.choice("admin", written.admin.as_ref(), &ADMINS).unwrap_or_default(),
        }
    }
}
