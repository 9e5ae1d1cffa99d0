//! Feedback tokens: leave to say something about one trace, for who has no key. Signed with a secret of the store, so
//! that every process over it knows them, and good for a while.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use surefoot_types::{
    Chance, Code, Fault, Timestamp,
    ids::TraceId,
    ports::{SecretBytes, Store},
};
use tokio::{sync::OnceCell, time::timeout};

/// What a token begins with, so that people and scanners see what it is.
const PREFIX: &str = "sft_";
/// The secret's name in the store.
const SECRET: &str = "feedback-token";
/// How long an answer waits for the secret, and for how many seconds none waits after that was in vain.
const PATIENCE: Duration = Duration::from_millis(500);
const PAUSE: i64 = 5;
/// Bytes of what is signed: the trace's id and the second in which it ends.
const SIGNED: usize = 16 + 8;
/// Sets this use of the secret apart from any other.
const PURPOSE: &[u8] = b"surefoot feedback token 1";

/// Makes tokens and reads them.
pub(crate) struct Tokens {
    /// How long one is good; absent: there are none.
    life: Option<Duration>,
    store: Arc<dyn Store>,
    chance: Arc<dyn Chance>,
    secret: OnceCell<SecretBytes>,
    /// The second in which the store last failed to tell it.
    failed: AtomicI64,
}

impl Tokens {
    pub(crate) fn new(life: Option<Duration>, store: Arc<dyn Store>, chance: Arc<dyn Chance>) -> Self {
        Self { life, store, chance, secret: OnceCell::new(), failed: AtomicI64::new(i64::MIN) }
    }

    /// A token for a trace; none while tokens are off, or the store has not told its secret yet.
    pub(crate) async fn issue(&self, trace: TraceId, now: Timestamp) -> Option<String> {
        let ends = now.checked_add(self.life?).ok()?;
        let secret = self.secret_soon(now).await?;
        let mut bytes = [0u8; SIGNED];
        bytes[..16].copy_from_slice(&trace.to_bits().to_be_bytes());
        bytes[16..].copy_from_slice(&ends.as_second().to_be_bytes());
        let signed = [bytes.as_slice(), sign(&secret, &bytes).as_bytes()].concat();
        Some(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(signed)))
    }

    /// The trace that a token is for.
    ///
    /// # Errors
    /// `Unauthenticated` for one that is not ours or no longer good.
    pub(crate) async fn read(&self, token: &str, now: Timestamp) -> Result<TraceId, Fault> {
        if self.life.is_none() {
            return Err(refused("this Surefoot takes no feedback tokens").hint("`[feedback] tokens` turns them on."));
        }
        let no_token = || refused("that is not a feedback token of this Surefoot");
        let bytes = token.strip_prefix(PREFIX).and_then(|rest| URL_SAFE_NO_PAD.decode(rest).ok());
        let bytes = bytes.ok_or_else(no_token)?;
        let (signed, signature) = bytes.split_at_checked(SIGNED).ok_or_else(no_token)?;
        let signature: [u8; 32] = signature.try_into().map_err(|_| no_token())?;
        // BLAKE3's hashes compare in constant time.
        if sign(&self.secret().await?, signed) != signature {
            return Err(no_token());
        }
        let (trace, ends) = signed.split_at(16);
        let trace = TraceId::from_bits(u128::from_be_bytes(trace.try_into().map_err(|_| no_token())?));
        let ends = i64::from_be_bytes(ends.try_into().map_err(|_| no_token())?);
        if ends < now.as_second() {
            return Err(
                refused("the feedback token has ended").hint("It is good for as long as `[feedback] tokens` says.")
            );
        }
        Ok(trace)
    }

    /// The secret, unless the store is away: no answer waits for that.
    async fn secret_soon(&self, now: Timestamp) -> Option<SecretBytes> {
        if let Some(secret) = self.secret.get() {
            return Some(*secret);
        }
        if now.as_second().saturating_sub(self.failed.load(Ordering::Relaxed)) < PAUSE {
            return None;
        }
        let told = timeout(PATIENCE, self.secret()).await.ok().and_then(Result::ok);
        if told.is_none() {
            self.failed.store(now.as_second(), Ordering::Relaxed);
        }
        told
    }

    async fn secret(&self) -> Result<SecretBytes, Fault> {
        let keep = async {
            let halves = [self.chance.bits().to_be_bytes(), self.chance.bits().to_be_bytes()].concat();
            let fresh: SecretBytes = halves.try_into().map_err(|_| Fault::internal("a secret has 32 bytes"))?;
            Ok::<_, Fault>(self.store.secret_keep(SECRET, fresh).await?)
        };
        self.secret.get_or_try_init(|| keep).await.copied()
    }
}

fn sign(secret: &SecretBytes, bytes: &[u8]) -> blake3::Hash {
    blake3::Hasher::new_keyed(secret).update(PURPOSE).update(bytes).finalize()
}

fn refused(told: &str) -> Fault {
    Fault::new(Code::Unauthenticated, told)
}

#[cfg(test)]
mod tests {
    use surefoot_testkit::MemoryStore;
    use surefoot_types::SystemChance;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn tokens(store: &Arc<MemoryStore>, seconds: Option<u64>) -> Tokens {
        Tokens::new(seconds.map(Duration::from_secs), Arc::clone(store) as _, Arc::new(SystemChance))
    }

    #[tokio::test]
    async fn a_token_is_for_its_trace_and_for_a_while() {
        let store = Arc::new(MemoryStore::default());
        let made = tokens(&store, Some(60));
        let trace = TraceId::from_bits(7 << 80 | 5);
        let token = made.issue(trace, at(100)).await.unwrap();
        assert_eq!(made.read(&token, at(160)).await, Ok(trace));
        assert_eq!(
            tokens(&store, Some(5)).read(&token, at(160)).await,
            Ok(trace),
            "every process over the store knows it"
        );
        assert!(made.read(&token, at(161)).await.is_err());
        assert!(tokens(&Arc::default(), Some(60)).read(&token, at(100)).await.is_err(), "another store does not");
        assert!(tokens(&store, None).read(&token, at(100)).await.is_err());
        assert_eq!(tokens(&store, None).issue(trace, at(100)).await, None);
        assert_ne!(made.issue(TraceId::from_bits(8), at(100)).await.unwrap(), token);
    }

    #[tokio::test]
    async fn no_byte_of_a_token_can_be_changed() {
        let made = tokens(&Arc::default(), Some(60));
        let token = made.issue(TraceId::from_bits(7), at(100)).await.unwrap();
        let body = URL_SAFE_NO_PAD.decode(&token[PREFIX.len()..]).unwrap();
        for place in 0..body.len() {
            let mut other = body.clone();
            other[place] ^= 1;
            let forged = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(other));
            assert_eq!(made.read(&forged, at(100)).await.unwrap_err().code, Code::Unauthenticated, "{place}");
        }
        for noise in ["", "sft_", "sft_AAAA", "sft_!", &token[1..], &format!("{token}AA")] {
            assert_eq!(made.read(noise, at(100)).await.unwrap_err().code, Code::Unauthenticated, "{noise}");
        }
    }
}
