//! What modules are given to work with.

mod health;
mod idempotency;
mod routes;
