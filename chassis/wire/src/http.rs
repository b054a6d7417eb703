//! Calls over HTTP/1.1 with keep-alive: `POST /calls/{module}/{method}` on the internal listener.
//!
//! | header | meaning |
//! |---|---|
//! | `authorization` | `Bearer` and an internal token addressed to the module |
//! | `traceparent` | the caller's span (W3C Trace Context) |
//! | `grpc-timeout` | the time left, because clocks differ (gRPC over HTTP/2) |
//! | `rialto-caller` | the module, or the edge, that asks |
//! | `rialto-kind` | `query` or `command` |
//! | `idempotency-key` | names the intention; optional |
//! | `rialto-attempt` | `2` when somebody tries again already, so that nobody behind does; optional |
//!
//! The answer to a call that was carried out is `200` with `rialto-outcome: done` or `refused`, the
//! body raw. Without that header there was no reply: `400` undecodable head, `401` no token that is
//! believed, `404` the module does not live here, `413` too large, `429` too busy, `502` broken, `503` draining,
//! `504` past the deadline, each with `{"unreachable": …}`. Anything else did not come from a process of ours.

mod answer;
mod body;
mod calls;
mod client;
mod dial;
mod neighbour;

use std::time::Duration;

pub use body::{Body, BoxError, Incoming};
pub use calls::{Calls, calls};
pub use client::{Client, ForwardError};

/// What an operator may want to change.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long a connection may take to be made.
    pub connect: Duration,
    /// How long a connection is kept without being used. Shorter than the other side's patience, so that
    /// it is not closed just when a request goes out.
    pub idle: Duration,
    /// The largest request and the largest reply, in bytes.
    pub body_limit: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { connect: Duration::from_secs(1), idle: Duration::from_secs(30), body_limit: 8 << 20 }
    }
}

/// The headers that are ours, or that the `http` crate does not name.
mod header {
    use http::HeaderName;

    pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
    pub(super) const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
    pub(super) const CALLER: HeaderName = HeaderName::from_static("rialto-caller");
    pub(super) const KIND: HeaderName = HeaderName::from_static("rialto-kind");
    pub(super) const OUTCOME: HeaderName = HeaderName::from_static("rialto-outcome");
    pub(super) const ATTEMPT: HeaderName = HeaderName::from_static("rialto-attempt");
    pub(super) const KEY: HeaderName = HeaderName::from_static("idempotency-key");
}
