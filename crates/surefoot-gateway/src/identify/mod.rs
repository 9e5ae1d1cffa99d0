//! Whose key is this, and what may it use.

mod limits;
mod mint;
mod scope;

use std::{collections::BTreeMap, ops::Deref, time::Duration};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use surefoot_types::{
    Code, Fault, Retry, Secret,
    budget::Rates,
    key::{Admin, Key, KeyBudget, Scope},
    trace::Keep,
};

pub(crate) use self::{limits::limit, scope::may_use};
pub use self::{
    mint::{mint, mint_secret},
    scope::{may_search, owner_mark},
};
use crate::{call::Caller, project::Project};

/// A caller with a known key, and what that key says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// The key's name.
    pub key: String,
    /// Its tenant.
    pub tenant: Option<String>,
    /// What it may use.
    pub scope: Scope,
    /// Its tags, under the caller's own.
    pub tags: BTreeMap<String, String>,
    /// Its own limits.
    pub limits: Rates,
    /// Its own budget.
    pub budget: Option<KeyBudget>,
    /// What is kept of its requests, where it differs from the project.
    pub keep: Option<Keep>,
}

impl From<&Key> for Admitted {
    fn from(key: &Key) -> Self {
        Self {
            key: key.name.clone(),
            tenant: key.tenant.clone(),
            scope: key.scope.clone(),
            tags: key.tags.clone(),
            limits: key.limits,
            budget: key.budget,
            keep: key.keep,
        }
    }
}

/// When it is worth asking again while the keys cannot be looked up.
const SOON: Duration = Duration::from_secs(5);

/// The keys of the ledger, as this process knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minted {
    keys: Vec<Key>,
    /// Whether that is all of them: while the ledger could not be read yet, one that is not among them may be known
    /// there.
    complete: bool,
}

impl Minted {
    /// Keys as they were once: the ledger itself could not be read yet.
    pub fn recalled(keys: Vec<Key>) -> Self {
        Self { keys, complete: false }
    }

    /// Whether these are all.
    pub fn is_complete(&self) -> bool {
        self.complete
    }
}

impl Default for Minted {
    /// None, and that is all of them.
    fn default() -> Self {
        Vec::new().into()
    }
}

impl From<Vec<Key>> for Minted {
    fn from(keys: Vec<Key>) -> Self {
        Self { keys, complete: true }
    }
}

impl Deref for Minted {
    type Target = [Key];

    fn deref(&self) -> &[Key] {
        &self.keys
    }
}

/// The hash under which a secret is kept: SHA-256, in hex.
pub fn secret_hash(secret: &Secret) -> String {
    Sha256::digest(secret.reveal().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Who the caller is. A trusted caller (loopback, or this process) may come without a key, and with
/// whatever placeholder its SDK insists on sending; a known key counts everywhere.
pub(crate) fn identify(
    project: &Project,
    minted: &Minted,
    caller: &Caller,
    now: Timestamp,
) -> Result<Option<Admitted>, Fault> {
    let Some(secret) = caller.secret.as_ref() else {
        return if caller.trusted { Ok(None) } else { Err(unauthenticated("no API key came with the request")) };
    };
    if caller.trusted && project.keys.is_empty() && minted.is_empty() {
        return Ok(None);
    }
    let hash = secret_hash(secret);
    let known = project.keys.iter().chain(&**minted).find(|key| key.opens(&hash, now, same));
    match known {
        Some(key) => Ok(Some(key.into())),
        // A key that was revoked is refused on loopback too: it is no placeholder.
        None if caller.trusted && !was_known(project, minted, &hash) => Ok(None),
        None if !minted.complete => Err(Fault::new(Code::Unavailable, "the API key cannot be looked up now")
            .hint("The store is away: ask again in a moment.")
            .retry(Retry::Later(Some(SOON)))),
        None => Err(unauthenticated("the API key is not known, or no longer valid")),
    }
}

/// Whether a caller may come in by a door beside the path. Without a key only a trusted one comes this far,
/// and it may do everything.
pub(crate) fn may_enter(admitted: Option<&Admitted>, needed: Admin) -> Result<(), Fault> {
    let Some(admitted) = admitted else { return Ok(()) };
    if admitted.scope.admin >= needed {
        return Ok(());
    }
    let wanted = if needed == Admin::All { "\"all\"" } else { "\"read\" or \"all\"" };
    Err(Fault::new(Code::Forbidden, format!("the key '{}' does not open this door", admitted.key))
        .hint(format!("It takes a key whose `admin` is {wanted}.")))
}

fn was_known(project: &Project, minted: &[Key], hash: &str) -> bool {
    let mut secrets = project.keys.iter().chain(minted).flat_map(|key| &key.secrets);
    secrets.any(|secret| same(secret.hash.as_bytes(), hash.as_bytes()))
}

/// Takes the same time whatever it finds.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

fn unauthenticated(message: &str) -> Fault {
    Fault::new(Code::Unauthenticated, message)
        .hint("Send a key of this Surefoot as `Authorization: Bearer …` or `x-api-key: …`.")
}

#[cfg(test)]
mod tests;
