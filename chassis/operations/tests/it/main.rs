//! What people can do to parked messages and sagas, on SQLite and on Postgres.

#![expect(clippy::unwrap_used, reason = "all of it is a test, helpers too")]

#[macro_use]
mod world;
mod messages;
mod sagas;
mod wire;
