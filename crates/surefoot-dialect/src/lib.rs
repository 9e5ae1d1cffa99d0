//! Wire formats as pure functions: bytes in, types out, and back.
