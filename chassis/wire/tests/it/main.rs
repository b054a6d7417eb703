//! Calls between processes: through real sockets, to neighbours of every kind.

#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that fails")]
#![allow(unreachable_pub, reason = "the modules of one test binary")]

mod exchange;
mod http;
mod neighbours;
#[cfg(feature = "rabbitmq")]
mod rabbitmq;
mod support;
