//! Private servers for tests: PostgreSQL and RabbitMQ as child processes with data of their own.
//!
//! Each one is new, listens on ports of the loopback address that nobody else uses, and runs as a user
//! without rights when we are root. Nothing here skips: what is missing is an error that says what to
//! install. `cargo xtask test` starts one of each for all tests; a test that kills a server starts its own.
//!
//! Knows no other crate of ours, so that the task runner can use it before anything of ours compiles.

mod account;
mod daemon;
mod files;
mod port;
mod postgres;
mod rabbitmq;
mod signal;

pub use account::is_root;
pub use files::folder;
pub use port::Port;
pub use postgres::Postgres;
pub use rabbitmq::RabbitMq;
pub use signal::{Signal, is_alive, send, send_group};
