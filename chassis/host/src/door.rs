//! What every door of a process has in common, be it the gateway or the [`Interior`](crate::Interior):
//! which operation a request asks for, who may use it, and how what goes wrong becomes a problem.
//!
//! **Invariants:** the operation that was authorised is the only one that can answer. What a handler does
//! to itself (a panic, never answering) it does to its own request only.

mod admission;
mod containment;
mod failure;
mod head;
mod table;

pub use admission::{admit, wrong_method};
pub use containment::{caught, contained};
pub use failure::{instead, problem_of};
pub use head::{
    GUEST_TOKEN, TIMEOUT, TRACEPARENT, bearer, context, guest, timeout, timeout_text, trace, value,
};
pub(crate) use table::is_plain;
pub use table::{Choice, Row, Table};

use actix_web::http::header::HeaderName;

/// The header by which an internal door says that an answer is from behind it: [`ANSWERED`], or that it was
/// the door that refused, and no handler: [`REFUSED`]. What has no such header is from somebody else.
pub const DOOR: HeaderName = HeaderName::from_static("rialto-door");
/// A handler was asked, or would have been if the request had been right.
pub const ANSWERED: &str = "answered";
/// The token proves nothing there, or what was asked for is not there.
pub const REFUSED: &str = "refused";
