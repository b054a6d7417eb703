//! The suite over RabbitMQ, and what only a broker can do wrong.

use std::{sync::Mutex, time::Duration};

use async_trait::async_trait;
use messaging::{
    Bus, Group,
    rabbitmq::{Broker, Options},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Joint, Node, Process, Socket, conformance};

/// A corner of the shared broker.
pub(crate) struct RabbitMq {
    pub prefix: String,
    /// Where the broker is thought to be.
    pub url: Mutex<String>,
    pub options: Mutex<Options>,
}

/// The tasks of a process that talk to the broker.
struct Tasks {
    work: JoinSet<()>,
    connections: JoinSet<()>,
    stop: CancellationToken,
    disconnect: CancellationToken,
}

#[async_trait]
impl Socket for Tasks {
    async fn close(&mut self) {
        self.stop.cancel();
        while self.work.join_next().await.is_some() {}
        self.disconnect.cancel();
        while self.connections.join_next().await.is_some() {}
    }

    async fn die(&mut self) {
        self.work.shutdown().await;
        self.connections.shutdown().await;
    }
}

impl RabbitMq {
    fn connection(&self, name: &str, tasks: &mut Tasks) -> amqp::Connection {
        let url = self.url.lock().unwrap().clone();
        let (connection, supervisor) =
            amqp::Connection::new(&url, name, amqp::Options::default()).unwrap();
        tasks.connections.spawn(supervisor.run(tasks.disconnect.clone()));
        connection
    }
}

#[async_trait]
impl Joint for RabbitMq {
    async fn new() -> Self {
        let expires = Some(Duration::from_secs(60));
        Self {
            prefix: testkit::prefix(),
            url: Mutex::new(testkit::rabbitmq()),
            options: Mutex::new(Options { expires, ..Options::default() }),
        }
    }

    async fn open(&self, Process { name, modules, elsewhere, options }: Process) -> Node {
        let mut tasks = Tasks {
            work: JoinSet::new(),
            connections: JoinSet::new(),
            stop: CancellationToken::new(),
            disconnect: CancellationToken::new(),
        };
        let publish = self.connection(&format!("{name} publishes"), &mut tasks);
        let consume = self.connection(&format!("{name} consumes"), &mut tasks);
        let bus_options = self.options.lock().unwrap().clone();
        let mut broker = Broker::new(publish, consume, &self.prefix, bus_options);
        let mut group = |(name, channels)| {
            let link = broker.link(name, &channels);
            Group { name, channels, link }
        };
        let elsewhere = elsewhere.into_iter().map(&mut group).collect();
        let running = messaging::Process::open(Bus { modules, elsewhere, siblings: None, options });
        tasks.work.spawn(broker.run(running.inlet(), tasks.stop.clone()));
        Node { running, socket: Box::new(tasks) }
    }
}

conformance!(crate::bus::rabbitmq::RabbitMq);
