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

use super::{Lines, Seat, config};

/// One process at a broker.
pub(super) struct Broker {
    pub(super) calls: Client,
    lane: Connection,
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
        let lane = open("calls")?;
        let calls = Client::new(lane.clone(), &config.prefix, tokens.clone());
        let prefix = config.prefix.clone();
        Ok(Self { calls, lane, prefix, supervisors: Mutex::new(supervisors) })
    }

    pub(super) fn connect(&self, mut lines: Lines) -> Lines {
        let mut supervisors = self.supervisors.lock().unwrap_or_else(PoisonError::into_inner);
        for supervisor in supervisors.drain(..) {
            lines.open.spawn(supervisor.run(lines.stop.clone()));
        }
        let (calls, stop) = (self.calls.clone(), lines.stop.clone());
        lines.open.spawn(async move { calls.run(stop).await });
        lines
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
