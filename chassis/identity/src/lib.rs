//! Who is asking: principals, their permissions, and the access tokens that prove them.

mod permission;
mod principal;

pub use permission::{Permission, Role, UnknownRole};
pub use principal::Principal;
