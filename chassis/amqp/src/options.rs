//! How patient a connection is.

use std::time::Duration;

/// Time limits of one connection.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long connecting may take, and the handshake behind it.
    pub connect: Duration,
    /// How often both sides show that they live; whole seconds. Silence of twice as long ends it.
    pub heartbeat: Duration,
    /// How long the broker may take to answer one step.
    pub answer: Duration,
    /// The longest pause between two attempts to connect.
    pub longest_pause: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            heartbeat: Duration::from_secs(5),
            answer: Duration::from_secs(10),
            longest_pause: Duration::from_secs(5),
        }
    }
}
