//! Calls between processes: the same bytes a loopback carries, over HTTP or over RabbitMQ.
//!
//! Each wire has two ends. A *client* gives out [`ports::Transport`]s, one for each module that lives
//! elsewhere, and a *server* takes transports, usually the skeletons of modules that live here. Whoever
//! calls a port cannot see which wire is between, and the body is raw JSON on all of them.
//!
//! **Invariants:** no call without a token: nothing here is open. No call outlives its deadline, whatever
//! the neighbour does. Nothing is sent twice: another instance is asked only when the first one cannot
//! have heard the question. No reply is not "no effect", unless it
//! says that nobody took the call.

pub mod http;
#[cfg(feature = "rabbitmq")]
pub mod rabbitmq;

mod contained;
mod text;
