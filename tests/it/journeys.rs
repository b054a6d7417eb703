//! What people do in the shop, and what they see when it goes wrong.

mod cards;
mod documents;
mod idempotency;
mod lifetime;
mod problems;
mod purchase;
mod stock;
mod strangers;
