//! lapin and nothing else: RabbitMQ's direct reply-to, as its manual describes it.
//!
//! One connection and one channel a side, nothing acknowledged, nothing durable, JSON bodies. No token,
//! no deadline, no supervision: what a call over a broker costs at least.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, anyhow};
use futures::StreamExt;
use lapin::options::{BasicConsumeOptions, BasicPublishOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, Consumer};
use products_api::{Variant, VariantId};
use tokio::sync::oneshot;

use crate::goods::Shelf;
use crate::measure::Contestant;
use crate::server;

pub(crate) const NAME: &str = "raw lapin, direct reply, JSON";

/// Where RabbitMQ answers whoever asked on the same channel.
const DIRECT_REPLY: &str = "amq.rabbitmq.reply-to";

pub(crate) async fn contestant(shelf: &Shelf, broker: &str) -> Result<Contestant> {
    let queue = format!("rivals.raw.{}", std::process::id());
    let (ready, listening) = oneshot::channel();
    let (shelf, wish) = (shelf.clone(), shelf.wish());
    let (address, requests) = (broker.to_owned(), queue.clone());
    server::start("raw lapin", move |_| async move {
        let side = Side::open(&address, &requests).await?;
        ready.send(()).map_err(|()| anyhow!("nobody waits"))?;
        side.serve(&shelf).await
    })?;
    listening.await.context("the queue of raw lapin cannot be declared")?;
    let side = Side::open(broker, DIRECT_REPLY).await?;
    let caller = Arc::new(Caller {
        channel: side.channel.clone(),
        queue: queue.into(),
        wish,
        asked: AtomicU64::new(0),
        waiting: Mutex::default(),
    });
    tokio::spawn(caller.clone().listen(side));
    Ok(Contestant::new(NAME, move || {
        let caller = caller.clone();
        async move { Ok(caller.ask().await?.len()) }
    })
    .over_a_broker())
}

/// One end: a connection with one channel, and what arrives there.
struct Side {
    /// Kept, because it closes when it is dropped.
    _connection: Connection,
    channel: Channel,
    arrivals: Consumer,
}

impl Side {
    async fn open(broker: &str, queue: &str) -> Result<Self> {
        let connection = Connection::connect(broker, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        if queue != DIRECT_REPLY {
            let options = QueueDeclareOptions { exclusive: true, ..Default::default() };
            channel.queue_declare(queue.into(), options, FieldTable::default()).await?;
        }
        let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
        let arrivals =
            channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await?;
        Ok(Self { _connection: connection, channel, arrivals })
    }

    async fn serve(mut self, shelf: &Shelf) -> Result<()> {
        while let Some(request) = self.arrivals.next().await {
            let request = request?;
            let ids: Vec<VariantId> = serde_json::from_slice(&request.data)?;
            let answer = serde_json::to_vec(&shelf.find(&ids))?;
            let sender = request.properties.reply_to().clone().context("nobody to answer")?;
            let question = request.properties.correlation_id().clone().context("no id")?;
            let properties = BasicProperties::default().with_correlation_id(question);
            publish(&self.channel, sender, &answer, properties).await?;
        }
        Ok(())
    }
}

/// Asks, and hands each answer to whoever waits for it.
struct Caller {
    channel: Channel,
    queue: ShortString,
    wish: Vec<VariantId>,
    asked: AtomicU64,
    waiting: Mutex<HashMap<ShortString, oneshot::Sender<Vec<u8>>>>,
}

impl Caller {
    async fn ask(&self) -> Result<Vec<Variant>> {
        let question = ShortString::from(self.asked.fetch_add(1, Ordering::Relaxed).to_string());
        let (sender, answer) = oneshot::channel();
        self.waiting().insert(question.clone(), sender);
        let properties = BasicProperties::default()
            .with_reply_to(DIRECT_REPLY.into())
            .with_correlation_id(question);
        let body = serde_json::to_vec(&self.wish)?;
        publish(&self.channel, self.queue.clone(), &body, properties).await?;
        Ok(serde_json::from_slice(&answer.await?)?)
    }

    async fn listen(self: Arc<Self>, mut side: Side) {
        while let Some(Ok(answer)) = side.arrivals.next().await {
            let question = answer.properties.correlation_id().as_ref();
            if let Some(asker) = question.and_then(|question| self.waiting().remove(question)) {
                drop(asker.send(answer.data));
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<ShortString, oneshot::Sender<Vec<u8>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn publish(
    channel: &Channel,
    queue: ShortString,
    body: &[u8],
    properties: BasicProperties,
) -> Result<()> {
    let options = BasicPublishOptions::default();
    channel.basic_publish("".into(), queue, options, body, properties).await?;
    Ok(())
}
