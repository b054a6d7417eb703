//! Schema steps, applied in order and remembered in a table of the module's own.
//!
//! A step is an SQL script. All pending steps and their entries in the history table run in one
//! transaction, so that a process killed half-way leaves nothing behind. A step that was applied
//! is never edited; what comes later is a new step.

mod history;
mod runner;

pub use history::{History, Step};
pub use runner::{Error, Report, State, Status};
pub(crate) use runner::{apply, status};
