//! A connection that comes and goes, to a real broker and through a network that misbehaves.

#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that fails")]

use std::time::Duration;

use amqp::{Closed, Connection, Error, Options};
use futures::StreamExt;
use lapin::{
    BasicProperties,
    options::{BasicConsumeOptions, BasicPublishOptions, QueueDeclareOptions},
    types::FieldTable,
};
use testkit::{Flow, Proxy, eventually, prefix, rabbitmq};
use tokio::{io::AsyncReadExt, net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

const LIMIT: Duration = Duration::from_secs(20);

/// A connection and its supervisor at work.
struct Running {
    connection: Connection,
    stop: CancellationToken,
    supervisor: JoinHandle<()>,
}

impl Running {
    fn start(url: &str) -> Self {
        Self::start_with(url, Options::default())
    }

    fn start_with(url: &str, options: Options) -> Self {
        let (connection, supervisor) = Connection::new(url, "a test", options).unwrap();
        let stop = CancellationToken::new();
        let supervisor = tokio::spawn(supervisor.run(stop.clone()));
        Self { connection, stop, supervisor }
    }

    async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(LIMIT, self.supervisor).await.unwrap().unwrap();
    }
}

/// The library's threads, by the name it gives them.
fn threads() -> usize {
    let all = std::fs::read_dir("/proc/self/task").unwrap().map(|it| it.unwrap().path());
    let names = all.filter_map(|path| std::fs::read_to_string(path.join("comm")).ok());
    names.filter(|name| name.starts_with("lapin")).count()
}

#[tokio::test]
async fn a_message_goes_through_a_channel_of_the_current_incarnation() {
    let running = Running::start(&rabbitmq());
    let incarnation = running.connection.incarnation().await.unwrap();
    assert_eq!(incarnation.number(), 1);
    let channel = incarnation.channel().await.unwrap();
    let queue = prefix();
    let exclusive = QueueDeclareOptions { exclusive: true, ..Default::default() };
    let declared = channel.queue_declare(queue.as_str().into(), exclusive, FieldTable::default());
    incarnation.within(declared).await.unwrap();
    let consumed = channel.basic_consume(
        queue.as_str().into(),
        "".into(),
        BasicConsumeOptions { no_ack: true, ..Default::default() },
        FieldTable::default(),
    );
    let mut deliveries = incarnation.within(consumed).await.unwrap();
    let published = channel.basic_publish(
        "".into(),
        queue.as_str().into(),
        BasicPublishOptions::default(),
        b"hello",
        BasicProperties::default(),
    );
    incarnation.within(published).await.unwrap();
    let delivery = tokio::time::timeout(LIMIT, deliveries.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(delivery.data, b"hello");
    running.stop().await;
}

#[tokio::test]
async fn a_lost_connection_ends_its_incarnation_and_the_next_one_comes_by_itself() {
    let (proxy, url) = Proxy::before(&rabbitmq()).await;
    let running = Running::start(&url);
    for life in 1..=3 {
        let incarnation = running.connection.incarnation().await.unwrap();
        assert_eq!(incarnation.number(), life);
        assert!(incarnation.channel().await.is_ok());
        proxy.cut();
        tokio::time::timeout(LIMIT, incarnation.ended()).await.unwrap();
        assert!(incarnation.is_over());
        assert!(incarnation.channel().await.is_err(), "a channel of a life that is over");
    }
    running.stop().await;
}

#[tokio::test]
async fn a_broker_that_is_away_is_waited_for() {
    let (proxy, url) = Proxy::before(&rabbitmq()).await;
    proxy.refuse();
    let running = Running::start(&url);
    eventually("the first attempts failed", LIMIT, async || !running.connection.is_up()).await;
    let connection = running.connection.clone();
    let waiter = tokio::spawn(async move { connection.incarnation().await });
    proxy.accept();
    let incarnation = tokio::time::timeout(LIMIT, waiter).await.unwrap().unwrap().unwrap();
    assert!(incarnation.channel().await.is_ok());
    assert!(running.connection.is_up());
    running.stop().await;
}

#[tokio::test]
async fn a_broker_that_falls_silent_is_given_up_and_whoever_waits_is_told() {
    let (proxy, url) = Proxy::before(&rabbitmq()).await;
    let heartbeat = Duration::from_secs(1);
    let answer = Duration::from_millis(200);
    let running = Running::start_with(&url, Options { heartbeat, answer, ..Options::default() });
    let incarnation = running.connection.incarnation().await.unwrap();
    proxy.to_client(Flow::Swallow);
    let late = incarnation.channel().await;
    assert!(matches!(late, Err(Error::TimedOut(_))), "{late:?}");
    tokio::time::timeout(LIMIT, incarnation.ended()).await.unwrap();
    proxy.to_client(Flow::Pass);
    let next = tokio::time::timeout(LIMIT, running.connection.incarnation()).await.unwrap();
    assert!(next.unwrap().channel().await.is_ok());
    running.stop().await;
}

#[tokio::test]
async fn a_broker_that_accepts_and_never_answers_costs_neither_threads_nor_sockets() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("amqp://guest:guest@{}/%2f", listener.local_addr().unwrap());
    let connect = Duration::from_millis(100);
    let running = Running::start_with(&url, Options { connect, ..Options::default() });
    let mut sockets = Vec::new();
    while sockets.len() < 4 {
        let accepted = tokio::time::timeout(LIMIT, listener.accept()).await.unwrap();
        sockets.push(accepted.unwrap().0);
        assert!((1..=2).contains(&threads()), "a thread for each attempt");
    }
    assert!(!running.connection.is_up());
    running.stop().await;
    for mut socket in sockets {
        let mut rest = Vec::new();
        let end = tokio::time::timeout(LIMIT, socket.read_to_end(&mut rest)).await;
        assert!(end.is_ok(), "a socket stayed open");
    }
    eventually("its threads are gone", LIMIT, async || threads() == 0).await;
}

#[tokio::test]
async fn a_stopped_connection_is_closed_with_the_brokers_consent_and_for_good() {
    let running = Running::start(&rabbitmq());
    let connection = running.connection.clone();
    let incarnation = connection.incarnation().await.unwrap();
    let waiter = tokio::spawn({
        let incarnation = incarnation.clone();
        async move { incarnation.ended().await }
    });
    running.stop().await;
    tokio::time::timeout(LIMIT, waiter).await.unwrap().unwrap();
    assert!(incarnation.is_over() && !connection.is_up());
    assert_eq!(connection.incarnation().await.unwrap_err(), Closed);
    assert!(matches!(incarnation.channel().await, Err(Error::Ended)));
}

#[tokio::test]
async fn a_connection_can_be_stopped_while_there_is_no_broker() {
    let (proxy, url) = Proxy::before(&rabbitmq()).await;
    proxy.refuse();
    let running = Running::start(&url);
    let connection = running.connection.clone();
    running.stop().await;
    assert_eq!(connection.incarnation().await.unwrap_err(), Closed);
}

#[test]
fn a_url_that_names_no_broker_is_refused_with_an_example() {
    for url in ["", "rabbit", "http://localhost", "amqp://host:port"] {
        let refusal = Connection::new(url, "a test", Options::default()).err().unwrap();
        assert!(refusal.to_string().contains("amqp://user:password@host:5672/%2f"), "{refusal}");
    }
}
