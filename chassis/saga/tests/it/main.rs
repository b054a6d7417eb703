//! Sagas over real messages, on SQLite and on Postgres.

#![expect(clippy::unwrap_used, reason = "a test ends by its first surprise")]

#[macro_use]
mod world;
mod cost;
mod crash;
mod limits;
mod plans;
mod refusals;
mod restarts;
mod trip;
