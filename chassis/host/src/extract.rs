//! What handlers take from a request. Each refusal is a [`Problem`](crate::Problem).

mod body;
mod intake;
mod key;
mod paging;
mod path;
mod peer;
mod who;

pub(crate) use body::too_large;
pub use body::{Body, RawBody};
pub use intake::Intake;
pub use key::{Fingerprint, IdempotencyKey, Intent, KeyOnly, Keyed};
pub use paging::{Cursors, Paging};
pub use path::{Param, Query};
pub use peer::Peer;
pub use who::Who;
