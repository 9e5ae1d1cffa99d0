//! For tests only: a clock wound by hand, chance that repeats, the storage ports in memory, and the
//! one suite that every storage backend passes.

pub mod chance;
pub mod clock;
pub mod memory;
pub mod postgres;
pub mod samples;
pub mod suite;

pub use chance::CountingChance;
pub use clock::HandClock;
pub use memory::MemoryStore;
pub use postgres::PostgresServer;
