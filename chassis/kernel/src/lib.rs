//! The words every module speaks: ids, money, time, faults, pages and messages.
//!
//! **Invariant:** no I/O, no runtime, no framework. A crate that depends only on the kernel compiles
//! in seconds and can be read in one sitting.

mod country;
pub mod fault;
#[doc(hidden)]
pub mod id;
mod message;
mod moment;
mod money;
mod openapi;
mod page;
mod patch;
mod time;
mod version;

pub use country::is_country;
pub use fault::{Code, Fault, Violation};
pub use id::{Identifier, Ids, InvalidId};
pub use message::{Command, Event, Message, Never};
pub use moment::Moment;
pub use money::{Currency, Money, MoneyError};
pub use page::{Page, PageRequest};
pub use patch::Patch;
pub use time::{Clock, ManualClock, SystemClock, Timestamp};
pub use version::Version;

#[doc(hidden)]
pub use {id as __id, serde, uuid};
