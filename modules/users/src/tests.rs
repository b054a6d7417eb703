//! Stories about users.
