//! What was said, encrypted where it lies: traces, responses, and what waits in a spool. A text is encrypted as a whole,
//! by AES-256-GCM-SIV, and stands where it stood: what is read tells by its beginning whether it is encrypted, and by
//! which key, so that texts from before, and from before a change of the key, are read beside new ones.

use std::{borrow::Cow, fmt, sync::Arc};

use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest::{SHA256, digest},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Serialize, de::DeserializeOwned};
use surefoot_types::{
    Chance,
    ports::{Found, Journal, Search, StoreError, Stored},
};

use crate::rows::{from_json, to_json};

/// How an encrypted text begins. JSON, which stands there otherwise, does not.
const MARK: &str = "sealed:";
/// Bytes of a key.
pub const KEY: usize = 32;
/// Most traces that a search looks at where each has to be decrypted.
const LOOKED_AT: usize = 2_000;

/// The keys by which texts are encrypted: the first encrypts, each decrypts. Without any nothing is. Clones share it.
#[derive(Clone, Default)]
pub struct Cipher(Option<Arc<Keys>>);

struct Keys {
    first: Named,
    older: Vec<Named>,
    chance: Arc<dyn Chance>,
}

/// A key, and the name by which texts tell of it, which tells nothing of it.
struct Named {
    name: String,
    key: LessSafeKey,
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cipher").field("is_on", &self.is_on()).finish_non_exhaustive()
    }
}

impl Cipher {
    /// Encrypts by the first key, and decrypts what any of them encrypted. With no key it does neither.
    pub fn new(keys: &[[u8; KEY]], chance: Arc<dyn Chance>) -> Self {
        let mut keys = keys.iter().filter_map(Named::of);
        let Some(first) = keys.next() else { return Self::default() };
        Self(Some(Arc::new(Keys { first, older: keys.collect(), chance })))
    }

    /// Whether new texts are encrypted.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// A value as JSON, encrypted.
    pub(crate) fn write(&self, value: &impl Serialize) -> Stored<String> {
        self.seal(to_json(value)?)
    }

    /// A text, encrypted.
    pub(crate) fn seal(&self, text: String) -> Stored<String> {
        let Some(keys) = &self.0 else { return Ok(text) };
        let Named { name, key } = &keys.first;
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&keys.chance.bits().to_be_bytes()[..NONCE_LEN]);
        let mut bytes = text.into_bytes();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut bytes)
            .map_err(|_| StoreError::Corrupt("it cannot be encrypted".into()))?;
        Ok(format!("{MARK}{name}:{}", BASE64_STANDARD.encode([&nonce[..], &bytes].concat())))
    }

    /// A text as it was before it was encrypted, if it was.
    pub(crate) fn open<'a>(&self, text: &'a str) -> Stored<Cow<'a, str>> {
        let Some(sealed) = text.strip_prefix(MARK) else { return Ok(text.into()) };
        let spoiled = || StoreError::Corrupt("what is encrypted was changed or cut".into());
        let (name, sealed) = sealed.split_once(':').ok_or_else(spoiled)?;
        let key = self.key(name).ok_or_else(|| {
            StoreError::Corrupt(format!("it is encrypted with the key {name}, which `encryption_key` does not name"))
        })?;
        let mut bytes = BASE64_STANDARD.decode(sealed).map_err(|_| spoiled())?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN).ok_or_else(spoiled)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| spoiled())?;
        let text = key.open_in_place(nonce, Aad::empty(), sealed).map_err(|_| spoiled())?;
        String::from_utf8(text.to_vec()).map(Cow::Owned).map_err(|_| spoiled())
    }

    /// A value out of JSON that may be encrypted.
    pub(crate) fn read<T: DeserializeOwned>(&self, text: &str) -> Stored<T> {
        from_json(&self.open(text)?)
    }

    /// Values out of JSON that may be encrypted.
    pub(crate) fn read_all<T: DeserializeOwned>(&self, texts: &[String]) -> Stored<Vec<T>> {
        texts.iter().map(|text| self.read(text)).collect()
    }

    /// A text encrypted by the first key, where it was not.
    pub(crate) fn resealed(&self, text: &str) -> Stored<Option<String>> {
        let Some(keys) = &self.0 else { return Ok(None) };
        let named = text.strip_prefix(MARK).and_then(|sealed| sealed.split_once(':'));
        if named.is_some_and(|(name, _)| name == keys.first.name) {
            return Ok(None);
        }
        self.seal(self.open(text)?.into_owned()).map(Some)
    }

    /// A question as its column holds it, to be searched: not at all where it is encrypted.
    pub(crate) fn question<'a>(&self, question: &'a str) -> &'a str {
        if self.is_on() { "" } else { question }
    }

    fn key(&self, name: &str) -> Option<&LessSafeKey> {
        let keys = self.0.as_deref()?;
        let named = std::iter::once(&keys.first).chain(&keys.older).find(|named| named.name == name);
        named.map(|named| &named.key)
    }
}

impl Named {
    fn of(key: &[u8; KEY]) -> Option<Self> {
        let told = digest(&SHA256, &[b"surefoot encryption key: ", &key[..]].concat());
        let name = told.as_ref()[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        let key = UnboundKey::new(&AES_256_GCM_SIV, key).ok()?;
        Some(Self { name, key: LessSafeKey::new(key) })
    }
}

/// Searches questions that no database can read: the newest traces that fit the filter are decrypted and looked at.
pub(crate) async fn looked_through(journal: &dyn Journal, search: &Search, limit: usize) -> Stored<Found> {
    let most = search.most.min(LOOKED_AT);
    let looked_at = journal.trace_list(&search.filter, most).await?;
    let last = looked_at.last().filter(|_| looked_at.len() == most).map(|last| last.id);
    let text = search.text.to_ascii_lowercase();
    let has_it = |question: &str| question.to_ascii_lowercase().contains(&text);
    let traces = looked_at.into_iter().filter(|trace| has_it(&trace.question)).take(limit).collect();
    Ok(Found::new(traces, limit, last))
}

#[cfg(test)]
mod tests {
    use surefoot_types::SystemChance;

    use super::*;

    fn cipher(keys: &[u8]) -> Cipher {
        let keys: Vec<[u8; KEY]> = keys.iter().map(|byte| [*byte; KEY]).collect();
        Cipher::new(&keys, Arc::new(SystemChance))
    }

    #[test]
    fn texts_are_read_by_whoever_has_their_key() {
        let text = r#"{"a":"é\u0000"}"#;
        let sealed = cipher(&[1]).seal(text.into()).unwrap();
        assert!(!sealed.contains("é") && sealed.starts_with("sealed:"), "{sealed}");
        assert_ne!(cipher(&[1]).seal(text.into()).unwrap(), sealed, "the same text is never encrypted alike");
        for (keys, reads) in [(&[1][..], true), (&[2, 1], true), (&[2], false), (&[], false)] {
            let told = cipher(keys).open(&sealed).map(Cow::into_owned);
            assert_eq!(told.as_deref().ok(), reads.then_some(text), "{keys:?}");
            assert_eq!(cipher(keys).open(text).unwrap(), text, "what is not encrypted is read by everybody");
        }
        let told = cipher(&[2]).open(&sealed).unwrap_err().to_string();
        assert!(told.contains("which `encryption_key` does not name"), "{told}");
    }

    #[test]
    fn a_text_that_was_changed_is_refused() {
        let sealed = cipher(&[1]).seal("{}".into()).unwrap();
        let (head, tail) = sealed.rsplit_once(':').unwrap();
        let mut bytes = BASE64_STANDARD.decode(tail).unwrap();
        for at in 0..bytes.len() {
            bytes[at] ^= 1;
            let changed = format!("{head}:{}", BASE64_STANDARD.encode(&bytes));
            assert!(matches!(cipher(&[1]).open(&changed), Err(StoreError::Corrupt(_))), "{at}");
            bytes[at] ^= 1;
        }
        for odd in ["sealed:", "sealed:x", "sealed:x:!", &format!("{head}:AAAA"), &sealed[..sealed.len() - 4]] {
            assert!(matches!(cipher(&[1]).open(odd), Err(StoreError::Corrupt(_))), "{odd}");
        }
    }

    #[test]
    fn what_another_key_encrypted_is_encrypted_anew() {
        let old = cipher(&[1]).seal("{}".into()).unwrap();
        let both = cipher(&[2, 1]);
        for text in [old.as_str(), "{}"] {
            let new = both.resealed(text).unwrap().unwrap();
            assert_eq!(cipher(&[2]).open(&new).unwrap(), "{}");
            assert_eq!(both.resealed(&new), Ok(None), "once is enough");
        }
        assert_eq!(cipher(&[]).resealed("{}"), Ok(None));
        assert!(cipher(&[2]).resealed(&old).is_err());
    }
}
