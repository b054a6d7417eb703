//! Hears what subscribers elsewhere have committed.

use std::time::Duration;

use amqp::{Error, Incarnation};
use futures::StreamExt;
use lapin::{
    Channel,
    options::{BasicConsumeOptions, QueueBindOptions},
    types::{FieldTable, ShortString},
};
use tokio::time::sleep;

use super::{acknowledging::Acknowledged, expected::Expected, topology::Names};

const PAUSE: Duration = Duration::from_millis(200);

/// Takes acknowledgements for the messages of `sources`, on one incarnation after the other.
pub(super) async fn run(
    connection: &amqp::Connection,
    names: &Names,
    sources: &[&'static str],
    expected: &Expected,
) {
    while let Ok(incarnation) = connection.incarnation().await {
        let listened = listen(&incarnation, names, sources, expected).await;
        expected.deaf();
        if let Err(cause) = listened
            && !incarnation.is_over()
        {
            tracing::warn!(%cause, "acknowledgements cannot be taken from RabbitMQ");
        }
        sleep(PAUSE).await;
    }
}

/// From a private queue. What is published while there is none is lost, and sent again.
async fn listen(
    on: &Incarnation,
    names: &Names,
    sources: &[&'static str],
    expected: &Expected,
) -> Result<(), Error> {
    let channel = on.channel().await?;
    let queue = names.declare_private(on, &channel).await?;
    bind(on, &channel, names, &queue, sources).await?;
    let no_ack = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    let consumed =
        channel.basic_consume(queue.clone(), ShortString::default(), no_ack, FieldTable::default());
    let mut acknowledgements = on.within(consumed).await?;
    expected.listening();
    loop {
        let next = tokio::select! {
            next = acknowledgements.next() => next,
            () = expected.doubted() => {
                bind(on, &channel, names, &queue, sources).await?;
                continue;
            }
            () = on.ended() => return Err(Error::Ended),
        };
        let Some(delivery) = next else { return Ok(()) };
        let delivery = delivery.map_err(Error::Refused)?;
        match serde_json::from_slice::<Acknowledged<'_>>(&delivery.data) {
            Ok(Acknowledged { group, ids }) => {
                ids.iter().for_each(|id| expected.acknowledge(&group, *id));
            }
            Err(cause) => tracing::warn!(%cause, "what came is no acknowledgement"),
        }
    }
}

/// Lets the queue have what is for `sources`.
async fn bind(
    on: &Incarnation,
    channel: &Channel,
    names: &Names,
    queue: &ShortString,
    sources: &[&'static str],
) -> Result<(), Error> {
    names.declare_acks(on, channel).await?;
    for source in sources {
        let options = QueueBindOptions::default();
        let (queue, acks, key) = (queue.clone(), names.acks(), (*source).into());
        let bound = channel.queue_bind(queue, acks, key, options, FieldTable::default());
        on.within(bound).await?;
    }
    Ok(())
}
