//! One life of a connection, from its handshake to its loss.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::Error;

/// One life of the connection. Cloning shares it.
#[derive(Clone)]
pub struct Incarnation(Arc<Life>);

pub(crate) struct Life {
    pub(crate) number: u64,
    pub(crate) connection: lapin::Connection,
    pub(crate) answer: Duration,
    pub(crate) over: CancellationToken,
    pub(crate) blocked: watch::Receiver<Option<Arc<str>>>,
}

impl Incarnation {
    pub(crate) fn new(life: Life) -> Self {
        Self(Arc::new(life))
    }

    pub(crate) fn connection(&self) -> &lapin::Connection {
        &self.0.connection
    }

    /// Which life it is; they are counted from 1.
    pub fn number(&self) -> u64 {
        self.0.number
    }

    /// A new channel.
    ///
    /// # Errors
    /// When the connection is lost, the broker is silent, or it allows no further channel.
    pub async fn channel(&self) -> Result<lapin::Channel, Error> {
        self.within(self.0.connection.create_channel()).await
    }

    /// Takes one step with the broker: waits for `step` until its answer is overdue or this life is over.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn within<T>(
        &self,
        step: impl Future<Output = lapin::Result<T>>,
    ) -> Result<T, Error> {
        let limited = tokio::time::timeout(self.0.answer, step);
        match self.0.over.run_until_cancelled(limited).await {
            Some(Ok(answer)) => answer
                .map_err(|cause| if self.is_over() { Error::Ended } else { Error::Refused(cause) }),
            Some(Err(_)) => Err(Error::TimedOut(self.0.answer)),
            None => Err(Error::Ended),
        }
    }

    /// Waits until this life is over: the connection was lost, or is being closed.
    pub async fn ended(&self) {
        self.0.over.cancelled().await;
    }

    /// Whether this life is over.
    pub fn is_over(&self) -> bool {
        self.0.over.is_cancelled() || !self.0.connection.status().connected()
    }

    /// Why the broker takes nothing from this connection, when it does not (memory or disk alarm). What
    /// is published then is sent when the alarm is over, whether or not anybody still waits for it.
    pub fn blocked(&self) -> Option<Arc<str>> {
        self.0.blocked.borrow().clone()
    }

    /// Waits until the broker takes messages, or this life is over.
    pub async fn unblocked(&self) {
        let mut blocked = self.0.blocked.clone();
        let free = blocked.wait_for(Option::is_none);
        self.0.over.run_until_cancelled(free).await.map(drop).unwrap_or_default();
    }
}

impl std::fmt::Debug for Incarnation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Incarnation({})", self.0.number)
    }
}
