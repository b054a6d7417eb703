//! The atomics that the cores are made of. `tests/loom.rs` puts others in their place.

pub(crate) use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
