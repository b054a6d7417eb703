//! What becomes of everything that modules say about one thing.

#![expect(clippy::unwrap_used, reason = "all of it is a test, helpers too")]

mod asking;
mod circles;
mod shop;
mod telling;
