//! The server: its address, its callers' keys, guards and the budget.

use std::{collections::BTreeSet, net::SocketAddr};

use surefoot_gateway::{identify::secret_hash, project::SecretAction};
use surefoot_types::{Timestamp, ids::KeyId, key::Key};

use super::{Ground, providers::Wanted};
use crate::settings::{mistake::suggest, source::At, written::root};

/// Bytes of a megabyte, as limits count it.
const MEGABYTE: usize = 1024 * 1024;
/// Largest body unless the project says otherwise, in megabytes.
const BODY: i64 = 32;

const ACTIONS: [(&str, SecretAction); 4] = [
    ("off", SecretAction::Off),
    ("flag", SecretAction::Flag),
    ("mask", SecretAction::Mask),
    ("block", SecretAction::Block),
];

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

    /// The keys that callers may use.
    pub(super) fn keys(&self, written: &[root::Key]) -> Vec<Key> {
        let mut names = BTreeSet::new();
        let mut keys = Vec::new();
        for one in written {
            let (Some(name), Some(key)) = (&one.name, &one.key) else { continue };
            if !names.insert(name.value.as_str()) {
                let message = format!("two keys are named '{}'", name.value);
                self.mistakes.add(&name.place, message, "Give one of them another name.".to_owned());
            }
            let Some(secret) = self.secret(key, Wanted::Needed) else { continue };
            let hash = secret_hash(&secret);
            // The same key has the same id in every start: it is made of its hash.
            let bits = blake3::hash(hash.as_bytes()).as_bytes()[..16]
                .iter()
                .fold(0u128, |bits, byte| (bits << 8) | u128::from(*byte));
            keys.push(Key {
                id: KeyId::from_bits(bits),
                name: name.value.clone(),
                hash,
                tenant: one.tenant.as_ref().map(|tenant| tenant.value.clone()),
                created: Timestamp::UNIX_EPOCH,
            });
        }
        keys
    }

    /// What to do about secrets in prompts.
    pub(super) fn secret_action(&self, written: Option<&At<String>>) -> SecretAction {
        let Some(written) = written else { return SecretAction::default() };
        let found = ACTIONS.into_iter().find(|(name, _)| *name == written.value);
        if found.is_none() {
            let message = format!("'{}' is nothing that can be done about secrets", written.value);
            let hint = suggest(&written.value, ACTIONS.map(|(name, _)| name), "It may be");
            self.mistakes.add(&written.place, message, hint);
        }
        found.map(|(_, action)| action).unwrap_or_default()
    }
}
