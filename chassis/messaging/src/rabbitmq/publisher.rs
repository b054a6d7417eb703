//! Publishes in windows: many messages, then the confirms for all of them.

use std::{
    collections::HashSet,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use amqp::{Error, Incarnation};
use futures::{FutureExt, poll};
use lapin::{
    BasicProperties, Channel, PublisherConfirm,
    message::BasicReturnMessage,
    options::{BasicPublishOptions, ConfirmSelectOptions},
    types::ShortString,
};
use tokio::{
    sync::{mpsc, oneshot},
    time::sleep,
};
use uuid::Uuid;

use super::{Audience, expected::Expected, topology::Names};
use crate::Undelivered;

/// The one that publishes for a process.
pub(super) struct Publisher {
    connection: amqp::Connection,
    names: Names,
    window: usize,
    parcels: mpsc::Receiver<Parcel>,
    redeclare: Arc<AtomicBool>,
}

/// Where links leave what is to be published.
#[derive(Clone)]
pub(super) struct Postbox {
    parcels: mpsc::Sender<Parcel>,
    redeclare: Arc<AtomicBool>,
}

/// A message as it is published.
pub(super) struct Letter {
    pub(super) exchange: ShortString,
    pub(super) id: Uuid,
    pub(super) body: Vec<u8>,
}

/// A batch for one queue.
struct Parcel {
    routing_key: ShortString,
    letters: Vec<Letter>,
    told: oneshot::Sender<Result<(), Undelivered>>,
}

/// What the broker said to a message.
struct Said {
    id: Uuid,
    refused: bool,
}

/// Parcels that wait at most; then their links wait.
const WAITING: usize = 64;
const PAUSE: Duration = Duration::from_millis(200);
/// AMQP's mark of a message that outlives the broker.
const PERSISTENT: u8 = 2;

impl Publisher {
    pub(super) fn new(
        connection: amqp::Connection,
        names: Names,
        window: usize,
    ) -> (Self, Postbox) {
        let (sender, parcels) = mpsc::channel(WAITING);
        let redeclare = Arc::<AtomicBool>::default();
        let postbox = Postbox { parcels: sender, redeclare: Arc::clone(&redeclare) };
        (Self { connection, names, window, parcels, redeclare }, postbox)
    }

    /// Publishes on one incarnation after the other, once acknowledgements can arrive.
    pub(super) async fn run(mut self, audiences: Vec<Audience>, expected: &Expected) {
        while let Ok(incarnation) = self.connection.incarnation().await {
            expected.listens().await;
            if let Err(cause) = self.publish(&incarnation, &audiences).await
                && !incarnation.is_over()
            {
                tracing::warn!(%cause, "messages cannot be published to RabbitMQ");
            }
            sleep(PAUSE).await;
        }
    }

    async fn publish(&mut self, on: &Incarnation, audiences: &[Audience]) -> Result<(), Error> {
        let channel = on.channel().await?;
        on.within(channel.confirm_select(ConfirmSelectOptions::default())).await?;
        self.redeclare.store(true, SeqCst);
        loop {
            if self.redeclare.load(SeqCst) {
                self.names.declare(on, &channel, audiences).await?;
                self.redeclare.store(false, SeqCst);
            }
            let parcels = tokio::select! {
                parcels = self.parcels() => parcels,
                () = on.ended() => return Err(Error::Ended),
            };
            on.unblocked().await;
            self.window(on, &channel, parcels).await?;
        }
    }

    /// Waits for the next window; nothing that nobody waits for any longer.
    async fn parcels(&mut self) -> Vec<Parcel> {
        let mut window = Vec::new();
        let mut letters = 0;
        while let Some(parcel) = self.parcels.recv().await {
            letters += parcel.letters.len();
            window.push(parcel);
            while letters < self.window
                && let Ok(parcel) = self.parcels.try_recv()
            {
                letters += parcel.letters.len();
                window.push(parcel);
            }
            window.retain(|parcel| !parcel.told.is_closed());
            if !window.is_empty() {
                return window;
            }
            letters = 0;
        }
        std::future::pending().await
    }

    /// Publishes a window and tells what became of each parcel. That is decided when all confirms are
    /// there: the library may give a returned message to the confirm of another.
    async fn window(
        &self,
        on: &Incarnation,
        channel: &Channel,
        parcels: Vec<Parcel>,
    ) -> Result<(), Error> {
        let (said, returned) = match hand_over(on, channel, &parcels).await {
            Ok(said) => said,
            Err(cause) => {
                for parcel in parcels {
                    parcel.tell(Err(Undelivered::Unanswered(cause.to_string())));
                }
                return Err(cause);
            }
        };
        if !returned.is_empty() {
            tracing::warn!(count = returned.len(), "RabbitMQ has no queue for messages");
            self.redeclare.store(true, SeqCst);
        }
        let refused: HashSet<Uuid> = said.iter().filter(|it| it.refused).map(|it| it.id).collect();
        for parcel in parcels {
            let has = |ids: &HashSet<Uuid>| parcel.letters.iter().any(|it| ids.contains(&it.id));
            let fate = if has(&returned) {
                Err(Undelivered::Unanswered("RabbitMQ has no queue for it".to_owned()))
            } else if has(&refused) {
                Err(Undelivered::Busy)
            } else {
                Ok(())
            };
            parcel.tell(fate);
        }
        Ok(())
    }
}

impl Parcel {
    fn tell(self, fate: Result<(), Undelivered>) {
        if self.told.send(fate).is_err() {
            tracing::debug!("nobody waits any longer for what was published");
        }
    }
}

impl Postbox {
    /// Publishes `letters` to one queue and waits until the broker has confirmed them.
    pub(super) async fn post(
        &self,
        routing_key: ShortString,
        letters: Vec<Letter>,
    ) -> Result<(), Undelivered> {
        let (told, fate) = oneshot::channel();
        let ended = || Undelivered::Unanswered("the bus has ended".to_owned());
        let parcel = Parcel { routing_key, letters, told };
        self.parcels.send(parcel).await.map_err(|_| ended())?;
        fate.await.map_err(|_| ended())?
    }

    /// Has queues and bindings declared again before anything else is published.
    pub(super) fn redeclare(&self) {
        self.redeclare.store(true, SeqCst);
    }
}

type Publishing<'a> = Pin<Box<dyn Future<Output = lapin::Result<PublisherConfirm>> + Send + 'a>>;

/// Publishes everything and waits for all confirms; gives what was said to each message, and those
/// that were returned.
async fn hand_over(
    on: &Incarnation,
    channel: &Channel,
    parcels: &[Parcel],
) -> Result<(Vec<Said>, HashSet<Uuid>), Error> {
    let mut publishing: Vec<(Uuid, Publishing<'_>)> = Vec::new();
    for Parcel { routing_key, letters, .. } in parcels {
        for Letter { exchange, id, body } in letters {
            let (exchange, key) = (exchange.clone(), routing_key.clone());
            let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
            let properties = BasicProperties::default()
                .with_content_type("application/json".into())
                .with_delivery_mode(PERSISTENT)
                .with_message_id(id.to_string().into());
            let published = channel.basic_publish(exchange, key, options, body, properties);
            let mut published: Publishing<'_> = Box::pin(published);
            // Asked once it is on its way, behind those before it; that it is written comes later.
            if let std::task::Poll::Ready(result) = poll!(&mut published) {
                published = std::future::ready(result).boxed();
            }
            publishing.push((*id, published));
        }
    }
    let mut confirms = Vec::with_capacity(publishing.len());
    for (id, published) in publishing {
        confirms.push((id, on.within(published).await?));
    }
    fault::point!("broker.published");
    let mut said = Vec::with_capacity(confirms.len());
    let mut returned = HashSet::new();
    for (id, confirm) in confirms {
        let confirmation = on.within(confirm).await?;
        said.push(Said { id, refused: confirmation.is_nack() });
        returned.extend(confirmation.take_message().as_ref().and_then(id_of));
    }
    let others = on.within(channel.wait_for_confirms()).await?;
    fault::point!("broker.confirmed");
    returned.extend(others.iter().filter_map(id_of));
    Ok((said, returned))
}

fn id_of(returned: &BasicReturnMessage) -> Option<Uuid> {
    returned.properties.message_id().as_ref()?.as_str().parse().ok()
}
