//! The gateway in front of small modules, beside it and in other processes, over real sockets.

#![expect(clippy::unwrap_used, reason = "what fails in the setting of a test fails the test")]

mod bodies;
mod containment;
mod failures;
mod forwarding;
mod keys;
mod learning;
mod malformed;
mod neighbour;
mod refusals;
mod rules;
mod services;
mod split;
mod tls;
mod tokens;
mod toys;
mod world;
