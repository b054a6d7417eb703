//! What messaging promises, on SQLite and on Postgres.

#![expect(clippy::unwrap_used, reason = "all of it is a test, helpers too")]

#[macro_use]
mod world;
mod bus;
mod commands;
mod cost;
mod deaths;
mod delivery;
mod disasters;
mod guards;
mod journal;
mod order;
mod parking;
mod processes;
mod relay;
mod replicas;
mod snapshots;
mod space;
