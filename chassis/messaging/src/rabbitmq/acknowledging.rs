//! Tells publishers elsewhere what is committed here, many messages at a time.

use std::{borrow::Cow, collections::HashMap, time::Duration};

use amqp::{Error, Incarnation};
use lapin::{BasicProperties, Channel, options::BasicPublishOptions};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep, timeout_at},
};
use uuid::Uuid;

use super::topology::Names;

/// What a group has committed: an acknowledgement as it travels.
#[derive(Serialize, Deserialize)]
pub(super) struct Acknowledged<'a> {
    #[serde(borrow)]
    pub(super) group: Cow<'a, str>,
    pub(super) ids: Vec<Uuid>,
}

/// Messages that a group has committed.
pub(super) struct Applied {
    pub(super) group: &'static str,
    /// Each with the module it comes from.
    pub(super) messages: Vec<(String, Uuid)>,
    /// Told when that is on its way.
    pub(super) sent: oneshot::Sender<()>,
}

/// How long an acknowledgement waits for others.
const LINGER: Duration = Duration::from_millis(2);
/// Acknowledgements that travel together.
const TOGETHER: usize = 512;
/// Consumers whose acknowledgements wait at most; then the others wait.
const WAITING: usize = 64;
const PAUSE: Duration = Duration::from_millis(200);

pub(super) fn channel() -> (mpsc::Sender<Applied>, mpsc::Receiver<Applied>) {
    mpsc::channel(WAITING)
}

/// Sends acknowledgements until nobody has any more. Those that are lost are asked for again.
pub(super) async fn run(
    mut applied: mpsc::Receiver<Applied>,
    connection: amqp::Connection,
    names: Names,
) {
    while let Ok(incarnation) = connection.incarnation().await {
        match acknowledge(&incarnation, &mut applied, &names).await {
            Ok(()) => return,
            Err(cause) if incarnation.is_over() => {
                tracing::debug!(%cause, "acknowledgements wait for RabbitMQ");
            }
            Err(cause) => tracing::warn!(%cause, "acknowledgements cannot be sent to RabbitMQ"),
        }
        sleep(PAUSE).await;
    }
}

async fn acknowledge(
    on: &Incarnation,
    applied: &mut mpsc::Receiver<Applied>,
    names: &Names,
) -> Result<(), Error> {
    let channel = on.channel().await?;
    names.declare_acks(on, &channel).await?;
    loop {
        let first = tokio::select! {
            first = applied.recv() => first,
            () = on.ended() => return Err(Error::Ended),
        };
        let Some(first) = first else { return Ok(()) };
        let mut some = vec![first];
        let mut count = some[0].messages.len();
        let end = Instant::now() + LINGER;
        while count < TOGETHER {
            let Ok(Some(next)) = timeout_at(end, applied.recv()).await else { break };
            count += next.messages.len();
            some.push(next);
        }
        let mut all = HashMap::<_, Vec<Uuid>>::new();
        for Applied { group, messages, .. } in &some {
            for (source, id) in messages {
                all.entry((source.as_str(), *group)).or_default().push(*id);
            }
        }
        for ((source, group), ids) in all {
            send(on, &channel, names, source, Acknowledged { group: group.into(), ids }).await?;
        }
        for Applied { sent, .. } in some {
            if sent.send(()).is_err() {
                tracing::debug!("a consumer ended before its acknowledgements were sent");
            }
        }
    }
}

async fn send(
    on: &Incarnation,
    channel: &Channel,
    names: &Names,
    source: &str,
    acknowledged: Acknowledged<'_>,
) -> Result<(), Error> {
    let body = serde_json::to_vec(&acknowledged).unwrap_or_default();
    let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
    let sent = channel.basic_publish(names.acks(), source.into(), options, &body, properties);
    on.within(sent).await.map(drop)
}
