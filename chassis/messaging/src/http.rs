//! Messages between processes over HTTP/1.1, with no broker: a relay posts them to a process of the
//! group, whose answer is the acknowledgement.
//!
//! | route of the internal listener | body | answer |
//! |---|---|---|
//! | `POST /messages/{group}` | a JSON array of envelopes of one source and shard, in order | `{"group": …, "applied": […]}`: of each whether it is applied or parked, durably |
//! | `POST /nudges/{module}` | none | `204`: the relay of that module looks into its outbox |
//!
//! Both want `authorization: Bearer` with an internal token addressed to the group or the module. What
//! was not taken is told by `{"undelivered": …}` with `401` no token that is believed, `404` the group
//! does not live there, `413` too large, `429` its lane is full, `503` the process is stopping.
//!
//! The messages of one shard go to one instance for as long as it answers, so that the instances of a
//! group share its keys. Nothing is kept here: what is not acknowledged is still in the window of its
//! relay, and behind that in its outbox.

mod inbound;
mod push;
mod siblings;

use std::{sync::Arc, time::Duration};

use discovery::Instances;
pub use inbound::Inbound;
use serde::{Deserialize, Serialize};
pub use siblings::siblings;
use wire::http::Client;

use crate::{Link, Undelivered};

/// The way to `group`, which lives in `instances`.
pub fn link(client: Client, group: &'static str, instances: Instances) -> Arc<dyn Link> {
    Arc::new(push::Push::new(client, group, instances))
}

/// How long a receiver waits for the commits of a batch before it tells how far it came.
const RECEIVER_WAITS: Duration = Duration::from_secs(10);
/// How long a sender waits for that answer.
const SENDER_WAITS: Duration = Duration::from_secs(15);
/// The largest body that is taken. A batch is smaller, unless a single message is larger.
const BODY_LIMIT: usize = 32 << 20;

/// The body of an answer that acknowledges. It names the group, so that nothing else that answers in
/// JSON is taken for it.
#[derive(Serialize, Deserialize)]
struct Acknowledgement {
    group: String,
    applied: Vec<bool>,
}

/// The body of an answer by which nothing was acknowledged.
#[derive(Serialize, Deserialize)]
struct Refusal {
    undelivered: Undelivered,
}
