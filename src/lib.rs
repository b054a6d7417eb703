//! The shop, assembled.
