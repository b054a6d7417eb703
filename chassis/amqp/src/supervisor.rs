//! Keeps one connection alive: connects, watches, connects again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::StreamExt;
use lapin::{Event, uri::AMQPUri};
use rand::RngExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    Incarnation, Options,
    connection::State,
    dial::{Leash, dial},
    incarnation::Life,
};

/// How often a connection is looked at that reports nothing.
const GLANCE: Duration = Duration::from_secs(1);
/// The first pause after a loss.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// How long a life must last for the next loss to be a new one.
const SETTLED: Duration = Duration::from_secs(10);
/// How long the broker may take to agree to the end.
const FAREWELL: Duration = Duration::from_secs(5);

/// The half of a connection that works: see [`Supervisor::run`].
#[must_use = "nothing connects until it runs"]
pub struct Supervisor {
    uri: AMQPUri,
    name: Box<str>,
    options: Options,
    state: watch::Sender<State>,
    lives: u64,
}

impl Supervisor {
    pub(crate) fn new(
        uri: AMQPUri,
        name: &str,
        options: Options,
        state: watch::Sender<State>,
    ) -> Self {
        Self { uri, name: name.into(), options, state, lives: 0 }
    }

    /// Connects, and connects again whenever the connection is lost, until `stop` is cancelled; then
    /// closes the connection and waits until the broker agrees.
    ///
    /// Run it on a runtime that outlives all users of the connection: the socket belongs to it.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut attempt = 0;
        let mut is_outage = false;
        while let Some(dialled) =
            stop.run_until_cancelled(dial(&self.uri, &self.name, &self.options)).await
        {
            let began = Instant::now();
            match dialled {
                Ok((connection, leash)) => {
                    is_outage = false;
                    self.live(connection, leash, &stop).await;
                }
                Err(cause) if is_outage => {
                    tracing::debug!(%cause, broker = self.broker(), "still no connection");
                }
                Err(cause) => {
                    is_outage = true;
                    tracing::warn!(%cause, broker = self.broker(), "no connection to RabbitMQ");
                }
            }
            attempt = if began.elapsed() > SETTLED { 0 } else { attempt + 1 };
            let pause = tokio::time::sleep(self.pause(attempt));
            if stop.run_until_cancelled(pause).await.is_none() {
                break;
            }
        }
        self.state.send_replace(State { current: None, is_closed: true });
    }

    /// One life: from the handshake until it is lost or closed.
    async fn live(
        &mut self,
        connection: lapin::Connection,
        leash: Leash,
        stop: &CancellationToken,
    ) {
        self.lives += 1;
        let (block, blocked) = watch::channel(None);
        let over = CancellationToken::new();
        // Lost on every path out of here, also when this future is dropped.
        let _over = over.clone().drop_guard();
        let events = connection.events_listener();
        let incarnation = Incarnation::new(Life {
            number: self.lives,
            connection,
            answer: self.options.answer,
            over: over.clone(),
            blocked,
        });
        self.state.send_replace(State { current: Some(incarnation.clone()), is_closed: false });
        tracing::info!(broker = self.broker(), life = self.lives, "connected to RabbitMQ");
        let lost = watch_over(incarnation.connection(), events, &block);
        let is_lost = stop.run_until_cancelled(lost).await.is_some();
        self.state.send_replace(State::default());
        over.cancel();
        if is_lost {
            tracing::warn!(broker = self.broker(), life = self.lives, "lost RabbitMQ");
        } else {
            close(incarnation.connection()).await;
        }
        drop(leash);
    }

    /// Where the broker is, without the password.
    fn broker(&self) -> String {
        format!("{}:{}", self.uri.authority.host, self.uri.authority.port)
    }

    /// Somewhere in the upper half of a time that doubles with each attempt.
    fn pause(&self, attempt: u32) -> Duration {
        let doubled = FIRST_PAUSE.saturating_mul(1 << attempt.saturating_sub(1).min(16));
        let most = doubled.min(self.options.longest_pause);
        most.mul_f64(rand::rng().random_range(0.5..=1.0))
    }
}

/// Waits until the connection is lost, and passes on whether the broker blocks it.
async fn watch_over(
    connection: &lapin::Connection,
    events: impl futures::Stream<Item = Event>,
    block: &watch::Sender<Option<Arc<str>>>,
) {
    let mut events = std::pin::pin!(events);
    while connection.status().connected() {
        match tokio::time::timeout(GLANCE, events.next()).await {
            Ok(Some(Event::ConnectionBlocked(reason))) => set(block, Some(reason)),
            Ok(Some(Event::ConnectionUnblocked)) => set(block, None),
            Ok(Some(_)) => {}
            Ok(None) => return,
            // A block that was announced before anybody listened is seen here.
            Err(_) => {
                let is_blocked = connection.status().blocked();
                if is_blocked != block.borrow().is_some() {
                    set(block, is_blocked.then(|| "no reason given".to_owned()));
                }
            }
        }
    }
}

fn set(block: &watch::Sender<Option<Arc<str>>>, reason: Option<String>) {
    match &reason {
        Some(reason) => tracing::warn!(reason, "RabbitMQ takes no messages"),
        None => tracing::info!("RabbitMQ takes messages again"),
    }
    block.send_replace(reason.map(Into::into));
}

async fn close(connection: &lapin::Connection) {
    let closed = connection.close(200, "the process stops".into());
    match tokio::time::timeout(FAREWELL, closed).await {
        Ok(Ok(())) => tracing::info!("closed the connection to RabbitMQ"),
        Ok(Err(cause)) => tracing::debug!(%cause, "the connection to RabbitMQ was lost already"),
        Err(_) => tracing::warn!("RabbitMQ did not agree to the end of the connection in time"),
    }
}
