//! Sagas over real messages, on SQLite and on Postgres.

#[macro_use]
mod world;
mod cost;
mod limits;
mod plans;
mod refusals;
mod restarts;
mod trip;
