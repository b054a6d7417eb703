//! The rules of catalogue and stock. Nothing here awaits.

pub(crate) mod catalogue;
mod check;
pub(crate) mod keeping;
pub(crate) mod stock;
pub(crate) mod words;
