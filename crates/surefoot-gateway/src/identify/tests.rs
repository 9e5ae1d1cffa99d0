//! Who may come in, and where to.

use surefoot_types::{ids::KeyId, key::KeySecret};

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn key(name: &str, secrets: &[(&str, Option<i64>)]) -> Key {
    let secret = |&(secret, expires): &(&str, Option<i64>)| KeySecret {
        hash: secret_hash(&Secret::new(secret)),
        expires: expires.map(at),
    };
    Key {
        id: KeyId::from_bits(1),
        name: name.into(),
        secrets: secrets.iter().map(secret).collect(),
        tenant: None,
        created: at(0),
        expires: None,
        revoked: None,
        scope: Scope::default(),
        tags: BTreeMap::new(),
        limits: Rates::default(),
        budget: None,
        keep: None,
    }
}

#[test]
fn who_may_come_in() {
    let expired = Key { expires: Some(at(50)), ..key("temporary", &[("expired", None)]) };
    let revoked = Key { revoked: Some(at(99)), ..key("gone", &[("revoked", None)]) };
    let project = Project { keys: vec![key("app", &[("right", None), ("before", Some(100))])], ..Project::default() };
    let minted = Minted::from(vec![key("admin", &[("minted", None)]), expired, revoked]);
    for (secret, trusted, now, expected) in [
        (None, true, 100, Ok(None)),
        (None, false, 100, Err(())),
        (Some("right"), true, 100, Ok(Some("app"))),
        (Some("right"), false, 100, Ok(Some("app"))),
        (Some("before"), false, 99, Ok(Some("app"))),
        (Some("before"), false, 100, Err(())),
        (Some("before"), true, 100, Err(())),
        (Some("minted"), false, 100, Ok(Some("admin"))),
        (Some("expired"), false, 49, Ok(Some("temporary"))),
        (Some("expired"), false, 50, Err(())),
        (Some("revoked"), false, 98, Ok(Some("gone"))),
        (Some("revoked"), false, 99, Err(())),
        (Some("revoked"), true, 99, Err(())),
        (Some("wrong"), true, 100, Ok(None)),
        (Some("wrong"), false, 100, Err(())),
        (Some(""), false, 100, Err(())),
    ] {
        let caller = Caller { secret: secret.map(Secret::new), trusted };
        let found = identify(&project, &minted, &caller, at(now)).map(|found| found.map(|admitted| admitted.key));
        assert_eq!(
            found.map_err(|fault| assert_eq!(fault.code, Code::Unauthenticated)),
            expected.map(|name| name.map(str::to_owned)),
            "{secret:?} {trusted} {now}"
        );
    }
}

#[test]
fn which_doors_a_key_opens() {
    for (admin, needed, opens) in [
        (Admin::None, Admin::None, true),
        (Admin::None, Admin::Read, false),
        (Admin::Read, Admin::Read, true),
        (Admin::Read, Admin::All, false),
        (Admin::All, Admin::All, true),
    ] {
        let key = Key { scope: Scope { admin, ..Scope::default() }, ..key("k", &[]) };
        let entered = may_enter(Some(&Admitted::from(&key)), needed);
        assert_eq!(entered.map_err(|fault| assert_eq!(fault.code, Code::Forbidden)).is_ok(), opens, "{admin:?}");
    }
    assert_eq!(may_enter(None, Admin::All), Ok(()));
}

#[test]
fn a_key_that_cannot_be_looked_up_is_not_called_unknown() {
    let project = Project { keys: vec![key("app", &[("right", None)])], ..Project::default() };
    let recalled = Minted::recalled(vec![key("old", &[("recalled", None)])]);
    for (secret, expected) in [
        (Some("right"), Ok("app")),
        (Some("recalled"), Ok("old")),
        (Some("new"), Err(Code::Unavailable)),
        (None, Err(Code::Unauthenticated)),
    ] {
        let caller = Caller { secret: secret.map(Secret::new), trusted: false };
        let found = identify(&project, &recalled, &caller, at(1));
        let told = found.as_ref().map(|found| found.as_ref().map_or("", |admitted| &admitted.key));
        assert_eq!(told.map_err(|fault| fault.code), expected, "{secret:?}");
        assert!(found.is_ok() || secret.is_none() || found.unwrap_err().retry == Retry::Later(Some(SOON)));
    }
}
