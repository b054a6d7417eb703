//! The registry as its clients see it: through HTTP only.

#![expect(clippy::unwrap_used, reason = "what fails in the setting of a test fails the test")]

mod changes;
mod clients;
mod formats;
mod keeping;
mod membership;
mod operations;
mod refusals;
mod watching;
mod world;
