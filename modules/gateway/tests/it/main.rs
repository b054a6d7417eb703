//! The gateway in front of two small modules, over real sockets.

#![expect(clippy::unwrap_used, reason = "what fails in the setting of a test fails the test")]

mod containment;
mod refusals;
mod rules;
mod tokens;
mod world;
