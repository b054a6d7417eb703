//! What tests need from their surroundings: a fresh Postgres database, and waiting for a condition.
//!
//! A dev-dependency only. Nothing here skips: a test that cannot have what it needs fails and says
//! what to do. `cargo xtask test` starts the Postgres server that [`postgres`] uses.

mod database;
mod wait;

pub use database::{SERVER, postgres};
pub use wait::eventually;
