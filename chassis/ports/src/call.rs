//! A call, its reply, and whoever carries them.

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Code;
use serde::{Deserialize, Serialize};

use crate::Trace;

/// Carries a call to whoever serves it.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Delivers `call` and waits for the reply, at most until its deadline.
    ///
    /// # Errors
    /// [`Unreachable`] says that no reply came, not that nothing happened.
    async fn call(&self, call: Call) -> Result<Reply, Unreachable>;
}

/// One request on its way to a module.
#[derive(Clone, Debug)]
pub struct Call {
    /// The module that serves it.
    pub module: Cow<'static, str>,
    /// The method of its port.
    pub method: Cow<'static, str>,
    /// Whether a lost reply may be answered by asking again.
    pub kind: Kind,
    /// What travels beside the request.
    pub headers: Headers,
    /// The request, self-describing (JSON), raw on every wire.
    pub body: Bytes,
}

/// What a method does to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Changes nothing: may be asked again.
    Query,
    /// Changes something: may be asked again only under the same idempotency key.
    Command,
}

/// What travels beside a request.
#[derive(Clone, Debug)]
pub struct Headers {
    /// The caller's span (W3C Trace Context).
    pub trace: Trace,
    /// When the caller stops listening. On a wire this is the time left, because clocks differ.
    pub deadline: Instant,
    /// The module, or the edge, that asks.
    pub caller: Cow<'static, str>,
    /// Names the intention: two calls with one key are one command.
    pub idempotency_key: Option<Arc<str>>,
    /// Whether somebody tries again already, here or in front of the caller: then nobody behind does.
    pub is_repeat: bool,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Whether the body holds the port's reply or its error.
    pub outcome: Outcome,
    /// Self-describing (JSON), raw on every wire.
    pub body: Bytes,
    /// How old the reply is, when it is an earlier one that its caller makes do with.
    pub age: Option<Duration>,
}

/// How the module answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The body is the method's reply.
    Done,
    /// The body is the port's typed error.
    Refused,
}

/// No reply came. The call may have been carried out all the same, where nothing else is said.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Unreachable {
    /// Nobody answered: the connection failed, or the other side was not there.
    #[error("no reply: {0}")]
    NoReply(String),
    /// Nobody took the call, so that nothing happened: there was no connection, or who was asked is stopping.
    #[error("not taken: {0}")]
    NotTaken(String),
    /// There was too much to do already, so that nothing happened.
    #[error("too busy: {0}")]
    Busy(String),
    /// The deadline passed first.
    #[error("no reply before the deadline")]
    DeadlineExceeded,
    /// The other side broke while answering, or answered something that cannot be read.
    #[error("broken: {0}")]
    Broken(String),
}

impl Unreachable {
    /// The code by which the outside world hears of it.
    pub fn code(&self) -> Code {
        match self {
            Self::NoReply(_) | Self::NotTaken(_) | Self::Busy(_) => Code::DependencyUnavailable,
            Self::DeadlineExceeded => Code::DeadlineExceeded,
            Self::Broken(_) => Code::Internal,
        }
    }
}
