//! Messages between modules that are not lost, not applied twice, and not out of order.
//!
//! A transaction publishes by writing to its own database; a relay per database reads that outbox
//! in commit order and hands every message to the subscribers of its channel; a subscriber applies
//! it in one transaction of *its* database, together with a mark that makes the next delivery of
//! the same message a no-op.
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
//!
//! The outbox is the only memory: a row stays until every subscriber in the process has committed
//! it (applied or parked), so a relay begins with all rows that are there and needs no cursor.

mod bus;
mod delivery;
mod envelope;
mod failure;
mod gauges;
mod handover;
mod health;
#[cfg(feature = "http")]
pub mod http;
mod in_hand;
mod inbox;
mod inlet;
mod job;
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

pub use bus::{Batch, Bus, Group, Link, Module, Siblings, Undelivered};
pub use delivery::Delivery;
pub use envelope::{Envelope, JSON, Kind, ReplyAddress, ReplyTo};
pub use failure::Failure;
pub use gauges::{Distance, Gauges, Reading};
pub use in_hand::Acceptance;
pub use inlet::Inlet;
pub use options::Options;
pub use process::Process;
pub use publish::{Ask, Publish};
pub use pulse::{Ended, Pulse};
pub use running::{Running, Unfinished};
pub use shard::{SHARDS, shard};
pub use subscription::{Answer, Answered, Handle, HandleReply, Subscriptions};
