//! Calls between processes.
