//! Documents in, passages found, answers cited.
