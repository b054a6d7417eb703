//! Calls over RabbitMQ: a request queue for each module, and the broker's direct reply-to.
//!
//! A call to `orders` is a transient message to the queue `{prefix}.calls.orders`, from which all processes
//! that host the module compete. It is published `mandatory`, so that a module nobody hosts is reported
//! at once, and expires when its caller stops listening. The reply goes to the caller's channel alone
//! (`amq.rabbitmq.reply-to`) and is matched by correlation id; ids are never used twice, so a late or a
//! second reply finds nobody.
//!
//! | property or header of a call | meaning |
//! |---|---|
//! | `type` | `query` or `command`, and the method behind a space |
//! | `app_id` | the module, or the edge, that asks |
//! | `expiration` | the time left, in milliseconds |
//! | `correlation_id`, `reply_to` | as AMQP has them |
//! | `authorization` | an internal token addressed to the module |
//! | `traceparent`, `idempotency-key` | as over HTTP |
//!
//! A reply's `type` is `done` or `refused`, with the raw body, or `unreachable`, with the reason as JSON.
//!
//! **Invariants:** a command that the broker delivers for the second time is not carried out: it may have
//! been before, and its caller is told. (A query is asked again by that.) All publishes of a process go
//! through one channel, all its replies come through one consumer. Nothing is requeued by us.

mod acks;
mod client;
mod message;
mod server;
mod slots;

use lapin::types::ShortString;

pub use client::Client;
pub use server::Server;

/// The largest request and the largest reply, in bytes.
const BODY_LIMIT: usize = 8 << 20;

/// The queue from which the processes that host `module` take its calls.
fn queue(prefix: &str, module: &str) -> ShortString {
    let name = ShortString::try_new(format!("{prefix}.calls.{module}"));
    name.expect("prefix and module together are shorter than 240 bytes")
}
