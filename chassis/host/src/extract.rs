//! What handlers take from a request. Each refusal is a [`Problem`](crate::Problem).

mod body;
mod key;
mod paging;
mod path;
mod who;

pub use body::{Body, RawBody};
pub use key::{Fingerprint, IdempotencyKey, Intent, Keyed};
pub use paging::{Cursors, Paging};
pub use path::{Param, Query};
pub use who::Who;
