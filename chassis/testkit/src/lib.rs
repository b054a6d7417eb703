//! What tests need from their surroundings: a fresh Postgres database, a RabbitMQ, a network that
//! misbehaves, and waiting for a condition.
//!
//! A dev-dependency only. Nothing here skips: a test that cannot have what it needs fails and says
//! what to do. `cargo xtask test` starts the servers that [`postgres`] and [`rabbitmq`] use.

mod broker;
mod database;
mod node;
mod proxy;
mod python;
mod wait;

pub use broker::{BROKER, prefix, rabbitmq};
pub use database::{SERVER, postgres};
pub use node::{NODE_MODULES, node_modules};
pub use proxy::{Flow, Proxy};
pub use python::{PYTHON, python};
pub use wait::eventually;
