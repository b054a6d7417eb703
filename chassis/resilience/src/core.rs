//! What decides, without a clock, without randomness and without a lock: time and dice come in as
//! arguments, state is in atomics.
//!
//! `tests/loom.rs` compiles the files that several calls change at once a second time, over loom's atomics,
//! and tries every order of their steps. So nothing in them names anything but `crate::atomic`.

pub(crate) mod bench;
pub(crate) mod budget;
pub(crate) mod circuit;
pub(crate) mod cost;
pub(crate) mod gradient;
pub(crate) mod permits;
pub(crate) mod window;
