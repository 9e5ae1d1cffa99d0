//! New keys and secrets. A secret is shown once, by whoever made it; only its hash is kept.

use std::collections::BTreeMap;

use surefoot_types::{
    Chance, Clock, Secret,
    budget::Rates,
    ids::KeyId,
    key::{Key, KeySecret, Scope},
};

use super::secret_hash;

/// A new secret: 128 random bits, told so that secret scanners know them.
pub fn mint_secret(chance: &dyn Chance) -> Secret {
    Secret::new(format!("sf-{:032x}", chance.bits()))
}

/// A new key that may use everything but the doors of administration, and its secret.
pub fn mint(clock: &dyn Clock, chance: &dyn Chance, name: impl Into<String>) -> (Key, Secret) {
    let secret = mint_secret(chance);
    let key = Key {
        id: KeyId::mint(clock, chance),
        name: name.into(),
        secrets: vec![KeySecret { hash: secret_hash(&secret), expires: None }],
        tenant: None,
        created: clock.now(),
        expires: None,
        revoked: None,
        scope: Scope::default(),
        tags: BTreeMap::new(),
        limits: Rates::default(),
        budget: None,
        keep: None,
    };
    (key, secret)
}
