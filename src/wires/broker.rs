//! The ways that lead over RabbitMQ.
//!
//! Three connections: calls, publishing, consuming. A connection that has published and is blocked by an
//! alarm carries no acknowledgements either, so that consuming has its own.

use std::sync::{Arc, Mutex, PoisonError};

use amqp::{Connection, Supervisor};
use anyhow::{Context, Result};
use host::Background;
use identity::InternalTokens;
use ports::Transport;
use secrecy::ExposeSecret;
use wire::rabbitmq::{Client, Server};

use super::{Lines, Seat};
use crate::config;

/// One process at a broker.
pub(super) struct Broker {
    pub(super) calls: Client,
    lane: Connection,
    publish: Connection,
    consume: Connection,
    prefix: String,
    supervisors: Mutex<Vec<Supervisor>>,
}

impl Broker {
    /// Nothing is connected yet.
    pub(super) fn of(
        config: &config::Broker,
        seat: &Seat,
        tokens: &InternalTokens,
    ) -> Result<Self> {
        let mut supervisors = Vec::new();
        let mut open = |what: &str| -> Result<Connection> {
            let (url, name) = (config.url.expose_secret(), format!("{seat}: {what}"));
            let opened = Connection::new(url, &name, amqp::Options::default());
            let (connection, supervisor) = opened.context("topology.rabbitmq.url")?;
            supervisors.push(supervisor);
            Ok(connection)
        };
        let (lane, publish, consume) = (open("calls")?, open("publishing")?, open("consuming")?);
        let calls = Client::new(lane.clone(), &config.prefix, tokens.clone());
        let prefix = config.prefix.clone();
        let supervisors = Mutex::new(supervisors);
        Ok(Self { calls, lane, publish, consume, prefix, supervisors })
    }

    pub(super) fn connect(&self, mut lines: Lines) -> Lines {
        let mut supervisors = self.supervisors.lock().unwrap_or_else(PoisonError::into_inner);
        for supervisor in supervisors.drain(..) {
            lines.connections.tasks.spawn(supervisor.run(lines.connections.stop.clone()));
        }
        let (calls, stop) = (self.calls.clone(), lines.talk.stop.clone());
        lines.talk.tasks.spawn(async move { calls.run(stop).await });
        lines
    }

    /// The broker as a bus; its links are to be made before it runs.
    pub(super) fn bus(&self) -> messaging::rabbitmq::Broker {
        let options = messaging::rabbitmq::Options::default();
        messaging::rabbitmq::Broker::new(
            self.publish.clone(),
            self.consume.clone(),
            &self.prefix,
            options,
        )
    }

    /// Answers calls to these modules.
    pub(super) fn serve_calls(
        &self,
        wires: Vec<(&'static str, Arc<dyn Transport>)>,
        tokens: &InternalTokens,
    ) -> Option<Background> {
        if wires.is_empty() {
            return None;
        }
        let server = Server::new(self.lane.clone(), &self.prefix, wires, tokens.clone());
        Some(Background::new("calls over RabbitMQ", move |stop| async move {
            server.run(stop).await;
        }))
    }
}
