//! What RabbitMQ and lapin take for the same way without any guarantee of ours: no database, no order beyond the
//! broker's, no duplicates recognised.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use futures::StreamExt;
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    options::{
        BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
        ConfirmSelectOptions, QueueDeclareOptions,
    },
    types::{AMQPValue, FieldTable, ShortString},
};
use messaging::SHARDS;
use tokio::task::JoinSet;

use crate::backlog::{Pace, Watch};

/// As our own consumers and publishers have it.
const PREFETCH: u16 = 128;
const WINDOW: usize = 256;
/// About as long as an envelope.
const BODY: [u8; 420] = [b'x'; 420];

/// Publishes `messages` in windows, with confirms, into quorum queues, and acknowledges each.
pub(crate) async fn carry(url: &str, messages: usize) -> Pace {
    let connect = || Connection::connect(url, ConnectionProperties::default());
    let (publish, consume) = (connect().await.unwrap(), connect().await.unwrap());
    let prefix = testkit::prefix();
    let heard = Arc::new(AtomicUsize::new(0));
    let mut consumers = JoinSet::new();
    let queues: Vec<ShortString> =
        (0..SHARDS).map(|shard| format!("{prefix}.{shard:02}").into()).collect();
    for queue in &queues {
        let channel = consume.create_channel().await.unwrap();
        declare(&channel, queue).await;
        consumers.spawn(hear(channel, queue.clone(), Arc::clone(&heard), messages));
    }
    let channel = publish.create_channel().await.unwrap();
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    let watch = Watch::begin();
    for window in 0..messages.div_ceil(WINDOW) {
        let mut confirms = Vec::with_capacity(WINDOW);
        for n in window * WINDOW..messages.min((window + 1) * WINDOW) {
            let queue = queues[n % queues.len()].clone();
            let (options, properties) =
                (BasicPublishOptions::default(), BasicProperties::default());
            let properties = properties.with_delivery_mode(2);
            let (exchange, body) = (ShortString::default(), &BODY);
            let sent = channel.basic_publish(exchange, queue, options, body, properties);
            confirms.push(sent.await.unwrap());
        }
        for confirm in confirms {
            assert!(!confirm.await.unwrap().is_nack(), "RabbitMQ has refused a message");
        }
    }
    while heard.load(SeqCst) < messages {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    let pace = watch.end(messages);
    consumers.shutdown().await;
    pace
}

async fn declare(channel: &Channel, queue: &ShortString) {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments.insert("x-expires".into(), AMQPValue::LongInt(60_000));
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.clone(), options, arguments).await.unwrap();
}

async fn hear(channel: Channel, queue: ShortString, heard: Arc<AtomicUsize>, messages: usize) {
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await.unwrap();
    let (tag, options) = (ShortString::default(), BasicConsumeOptions::default());
    let consumed = channel.basic_consume(queue, tag, options, FieldTable::default());
    let mut deliveries = consumed.await.unwrap();
    while let Some(delivery) = deliveries.next().await {
        delivery.unwrap().ack(BasicAckOptions::default()).await.unwrap();
        if heard.fetch_add(1, SeqCst) + 1 == messages {
            return;
        }
    }
}
