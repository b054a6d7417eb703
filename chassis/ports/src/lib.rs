//! The narrow waist between modules: one call in, one reply out.
//!
//! A port is wide (many typed methods); a wire is narrow (bytes). [`remote!`] joins the two, so that
//! time-outs, retries and breakers are written once, around a [`Transport`], and never around a port.
//! From one list of methods it derives three things:
//!
//! - the **stub**, a port over a transport;
//! - the **skeleton**, a transport over a port;
//! - the **local** wrapper, the port itself with span, metrics, deadline and panic containment, and
//!   nothing serialised.
//!
//! Because a skeleton is a transport, a stub laid directly over it is a loopback: the whole wire format
//! and no network. Stories are told over both.
//!
//! **Invariants:** a call always has a deadline. [`Unreachable`] says that no reply came, and
//! that nothing happened only where it says so. Nothing here knows a protocol.

mod call;
mod context;
mod local;
mod meter;
mod origin;
mod remote;
pub mod stale;
mod trace;

pub use async_trait::async_trait;
pub use call::{Call, Headers, Kind, Outcome, Reply, Transport, Unreachable};
pub use context::Context;
pub use meter::{Meter, Meters, Snapshot};
pub use origin::Origin;
pub use trace::Trace;

/// What the code derived by [`remote!`] calls; not for people.
#[doc(hidden)]
pub mod derived {
    pub use crate::{
        local::guarded,
        remote::{answer, invoke},
    };
}
