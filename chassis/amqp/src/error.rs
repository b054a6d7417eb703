//! What can go wrong.

use std::time::Duration;

/// The URL names no broker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the URL of RabbitMQ cannot be read: {0}; write amqp://user:password@host:5672/%2f")]
pub struct InvalidUrl(pub(crate) String);

/// The supervisor was stopped: there will be no further incarnation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection to RabbitMQ was closed for good")]
pub struct Closed;

/// A step did not succeed. Unless it was refused, it may have been carried out all the same.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The connection ended meanwhile.
    #[error("the connection to RabbitMQ was lost")]
    Ended,
    /// The broker did not answer in time.
    #[error("RabbitMQ did not answer within {0:?}")]
    TimedOut(Duration),
    /// The broker refused, or the channel is closed.
    #[error("RabbitMQ refused: {0}")]
    Refused(#[source] lapin::Error),
}
