//! One line for each HTTP request. Never a body, a token or a query string.

use std::time::Duration;

/// What is said about a request when it has been answered.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The pattern of the route: `/v1/orders/{id}`; empty when there is none.
    pub route: &'a str,
    /// The HTTP status.
    pub status: u16,
    /// From the first byte of the head to the head of the answer.
    pub took: Duration,
    /// The logged-in user's id.
    pub user: Option<&'a str>,
}

/// Writes the line, with the trace of the running task.
pub fn log_access(access: Access<'_>) {
    let Access { method, route, status, took, user } = access;
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    tracing::info!(target: "access", method, route, status, micros, user, "request");
}
