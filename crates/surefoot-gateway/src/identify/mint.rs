//! New keys, and new secrets for old ones. A secret is shown by whoever made it, once; only its hash is kept.

use std::{collections::BTreeMap, time::Duration};

use surefoot_types::{
    Chance, Clock, Secret, Timestamp,
    budget::Rates,
    ids::KeyId,
    key::{Key, KeySecret, Scope},
};

use super::secret_hash;

/// A new key that may use everything but the doors of administration, and its secret.
pub fn mint(clock: &dyn Clock, chance: &dyn Chance, name: impl Into<String>) -> (Key, Secret) {
    let secret = secret(chance);
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

/// Gives a key a new secret. Those that it had open it for `overlap` longer, unless they end before.
pub fn rotate(key: &mut Key, now: Timestamp, overlap: Duration, chance: &dyn Chance) -> Secret {
    let secret = secret(chance);
    let end = now.checked_add(overlap).unwrap_or(Timestamp::MAX);
    for old in &mut key.secrets {
        old.expires = Some(old.expires.map_or(end, |expires| expires.min(end)));
    }
    key.secrets.retain(|old| old.expires.is_none_or(|expires| now < expires));
    key.secrets.insert(0, KeySecret { hash: secret_hash(&secret), expires: None });
    secret
}

/// 128 random bits, told so that secret scanners know them.
fn secret(chance: &dyn Chance) -> Secret {
    Secret::new(format!("sf-{:032x}", chance.bits()))
}

#[cfg(test)]
mod tests {
    use surefoot_types::{SystemChance, SystemClock};

    use super::*;

    #[test]
    fn an_old_secret_opens_as_long_as_the_overlap() {
        let (mut key, first) = mint(&SystemClock, &SystemChance, "app");
        let at = |second| Timestamp::from_second(second).unwrap();
        let second = rotate(&mut key, at(100), Duration::from_secs(50), &SystemChance);
        let third = rotate(&mut key, at(120), Duration::from_secs(50), &SystemChance);
        assert!(first.reveal().len() == 35 && first.reveal() != second.reveal());
        let same = |a: &[u8], b: &[u8]| a == b;
        for (secret, now, expected) in [
            (&first, 149, true),
            (&first, 150, false),
            (&second, 169, true),
            (&second, 170, false),
            (&third, 10_000, true),
        ] {
            assert_eq!(key.opens(&secret_hash(secret), at(now), same), expected, "{now}");
        }
        let only = rotate(&mut key, at(200), Duration::ZERO, &SystemChance);
        assert_eq!(key.secrets.len(), 1);
        assert!(key.opens(&secret_hash(&only), at(200), same));
    }
}
