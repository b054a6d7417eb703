//! What a module hands to the process that hosts it.

mod background;
mod extract;
mod problem;
mod problem_schema;
mod represent;
mod route;
mod routes;

use std::sync::Arc;

use ports::Transport;

pub use background::Background;
pub use extract::{
    Body, Cursors, Fingerprint, IdempotencyKey, Intent, Keyed, Param, Paging, Query, RawBody, Who,
};
pub use problem::{PROBLEM_JSON, Problem};
pub use represent::{Answer, IfMatch, Link, Links, Listing, etag};
pub use route::{Chosen, Operation, Policy, Route};
pub use routes::{Routes, Unfit};

/// A module that lives in this process.
pub struct Hosted<P: ?Sized> {
    /// How its neighbours call it.
    pub port: Arc<P>,
    /// How other processes call it.
    pub wire: Arc<dyn Transport>,
    /// How the world calls it.
    pub routes: Routes,
    /// What it does when others announce something.
    pub subscriptions: messaging::Subscriptions,
    /// What it does unasked; started by the process, awaited at drain.
    pub background: Vec<Background>,
}
