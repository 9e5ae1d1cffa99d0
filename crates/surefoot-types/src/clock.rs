//! The only sources of the time and of chance. Everything that needs either is handed one of
//! these, so that tests wind the clock by hand and replay the same ids.

use jiff::Timestamp;

/// Tells the time of day.
pub trait Clock: Send + Sync + 'static {
    /// The present moment, UTC.
    fn now(&self) -> Timestamp;
}

/// Gives unpredictable bits: ids, jitter, fresh marks.
pub trait Chance: Send + Sync + 'static {
    /// 128 bits. The system's source is fit for secrets.
    fn bits(&self) -> u128;

    /// A number in `0.0..1.0`, evenly spread.
    fn unit(&self) -> f64 {
        // 53 bits are what an f64 holds exactly.
        (self.bits() >> 75) as f64 / (1u64 << 53) as f64
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The operating system's random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemChance;

impl Chance for SystemChance {
    fn bits(&self) -> u128 {
        let mut bytes = [0u8; 16];
        // Without randomness no id and no key can be made: there is nothing sensible to go on with.
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        u128::from_le_bytes(bytes)
    }
}
