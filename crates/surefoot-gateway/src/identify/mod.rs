//! Whose key is this, and may it call at all.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use surefoot_types::{Code, Fault, Secret, key::Key};

use crate::{call::Caller, project::Project};

/// A caller with a known key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// The key's name.
    pub key: String,
    /// Its tenant.
    pub tenant: Option<String>,
}

/// The hash under which a secret is kept: SHA-256, in hex.
pub fn secret_hash(secret: &Secret) -> String {
    Sha256::digest(secret.reveal().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Who the caller is. A trusted caller (loopback, or this process) may come without a key, and with
/// whatever placeholder its SDK insists on sending; a known key counts everywhere.
pub(crate) fn identify(project: &Project, minted: &[Key], caller: &Caller) -> Result<Option<Admitted>, Fault> {
    let Some(secret) = caller.secret.as_ref() else {
        return if caller.trusted { Ok(None) } else { Err(unauthenticated("no API key came with the request")) };
    };
    if caller.trusted && project.keys.is_empty() && minted.is_empty() {
        return Ok(None);
    }
    let hash = secret_hash(secret);
    let known = project.keys.iter().chain(minted).find(|key| key.hash.as_bytes().ct_eq(hash.as_bytes()).into());
    match known {
        Some(key) => Ok(Some(Admitted { key: key.name.clone(), tenant: key.tenant.clone() })),
        None if caller.trusted => Ok(None),
        None => Err(unauthenticated("the API key is not known")),
    }
}

fn unauthenticated(message: &str) -> Fault {
    Fault::new(Code::Unauthenticated, message)
        .hint("Send a key of this Surefoot as `Authorization: Bearer …` or `x-api-key: …`.")
}

#[cfg(test)]
mod tests {
    use surefoot_types::{SystemChance, SystemClock, Timestamp, ids::KeyId};

    use super::*;

    fn key(name: &str, secret: &str) -> Key {
        Key {
            id: KeyId::mint(&SystemClock, &SystemChance),
            name: name.into(),
            hash: secret_hash(&Secret::new(secret)),
            tenant: None,
            created: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn who_may_come_in() {
        let project = Project { keys: vec![key("app", "right")], ..Project::default() };
        let minted = [key("admin", "minted")];
        for (secret, trusted, expected) in [
            (None, true, Ok(None)),
            (None, false, Err(())),
            (Some("right"), true, Ok(Some("app"))),
            (Some("right"), false, Ok(Some("app"))),
            (Some("minted"), false, Ok(Some("admin"))),
            (Some("wrong"), true, Ok(None)),
            (Some("wrong"), false, Err(())),
            (Some(""), false, Err(())),
        ] {
            let caller = Caller { secret: secret.map(Secret::new), trusted };
            let found = identify(&project, &minted, &caller).map(|found| found.map(|admitted| admitted.key));
            assert_eq!(
                found.map_err(|fault| assert_eq!(fault.code, Code::Unauthenticated)),
                expected.map(|name| name.map(str::to_owned)),
                "{secret:?} {trusted}"
            );
        }
    }
}
