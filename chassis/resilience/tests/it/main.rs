//! The stack as a caller sees it: through its transport, to neighbours that do as they are told.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod fallbacks;
mod limits;
mod neighbours;
mod stack;
