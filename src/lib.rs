//! The shop, assembled.

pub mod config;
