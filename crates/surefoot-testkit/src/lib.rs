//! Dev only: clock, ids and ports in memory, the storage suite.
