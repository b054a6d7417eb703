//! What modules are given to work with.

#![expect(clippy::unwrap_used, reason = "what fails in the setting of a test fails the test")]

mod health;
mod idempotency;
mod interior;
mod replies;
mod represent;
mod route_table;
mod routes;
