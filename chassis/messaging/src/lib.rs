//! Messages between modules that are not lost, not applied twice, and not out of order.
//!
//! A transaction publishes by writing to its own database; a relay per database reads that outbox
//! in commit order and hands every message to the groups that listen to its channel, in this process
//! and in others; a subscriber applies it in one transaction of *its* database, together with a mark
//! that makes the next delivery of the same message a no-op.
//!
//! ```ignore
//! let mut tx = db.begin().await?;
//! // … write the order …
//! tx.publish(&OrderPlaced { order })?;
//! tx.commit().await?;
//! ```
//!
//! # What holds
//!
//! - A message is published if and only if its transaction committed.
//! - Per source, channel and key, a subscriber applies messages in the order of their commits, the
//!   effect of each once, however often it is delivered.
//! - A message that fails holds back its own key only: it is parked, with everything behind it.
//! - Nothing here publishes outside of a transaction, and no acknowledgement precedes the commit of
//!   what was done.
//! - A row stays in the outbox until every group that listens to it, wherever it lives, has committed
//!   it (applied or parked). The outbox is the only memory, so that a relay begins with all rows that
//!   are there and needs no cursor.
//! - A group elsewhere that is slow or dead holds back nobody else: a bounded number of its messages is
//!   on the way ([`Options::window`]), the others wait in the outbox and are read again for it alone.
//!   A group in this process that is slow holds back the relays of this process.
//!
//! # Between processes
//!
//! [`Process::open`] is told which groups live elsewhere and how they are reached: by a [`Link`], of
//! which there is one [in memory](memory) for tests, one over HTTP (feature `http`) and one over
//! RabbitMQ (feature `rabbitmq`). A link carries batches and brings back what was committed; of one
//! source, group and shard one batch is under way, and what is not acknowledged is carried again. At
//! the other end an [`Inlet`] takes the messages in.
//!
//! On Postgres a relay asks the outbox, or is told by the server's transaction log ([`Method`]); it goes over
//! from one to the other at any time.
//!
//! Processes that host the same modules on the same Postgres databases take turns: one of them holds
//! the lease to relay a database, the others tell it what they commit ([`Siblings`]).

mod because;
mod bus;
mod delivery;
mod envelope;
mod failure;
mod gathering;
mod gauges;
mod handover;
mod health;
#[cfg(feature = "http")]
pub mod http;
mod in_hand;
mod inbox;
mod inlet;
mod job;
pub mod journal;
pub mod memory;
mod options;
mod overlooked;
pub mod parked;
mod process;
mod publish;
mod pulse;
#[cfg(feature = "rabbitmq")]
pub mod rabbitmq;
mod relay;
mod retries;
mod running;
mod shard;
mod sql;
mod subscriber;
mod subscription;
mod worker;

pub use because::Because;
pub use bus::{Batch, Bus, Group, Link, Module, Siblings, Undelivered};
pub use delivery::Delivery;
pub use envelope::{Envelope, JSON, Kind, ReplyAddress, ReplyTo};
pub use failure::Failure;
pub use gathering::{Aggregator, Conclude, Gather, Gathered, Said};
pub use gauges::{Distance, Gauges, Reading, Source};
pub use in_hand::Acceptance;
pub use inlet::Inlet;
pub use options::{Method, Options};
pub use process::Process;
pub use publish::{Ask, Publish};
pub use pulse::{Ended, Pulse};
pub use relay::log_demands;
pub use running::{Running, Unfinished};
pub use shard::{SHARDS, shard};
pub use subscription::{Answer, Answered, Handle, HandleReply, Subscriptions};
