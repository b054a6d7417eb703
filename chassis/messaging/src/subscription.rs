//! What a module does when others say something.

use std::{
    collections::{BTreeSet, HashMap},
    marker::PhantomData,
    sync::Arc,
};

use async_trait::async_trait;
use kernel::{Command, Event, Message};
use storage::Tx;
use tokio::sync::Notify;

use crate::{Delivery, Failure, Publish};

/// Handles a message. What it writes to `tx` and publishes there commits together with the mark
/// that keeps the message from being applied again.
///
/// It may be *called* again when a try failed, its own or that of another message in the same
/// transaction; only one call's effects are ever committed. It must not await anything but the
/// database.
#[async_trait]
pub trait Handle<M: Message>: Send + Sync {
    /// Applies `message`.
    async fn handle(&self, tx: &mut Tx, message: M, delivery: &Delivery) -> Result<(), Failure>;
}

/// Fulfils a command, or refuses it, under the same rules as [`Handle`].
#[async_trait]
pub trait Answer<C: Command>: Send + Sync {
    /// Does what `command` asks.
    async fn answer(
        &self,
        tx: &mut Tx,
        command: C,
        delivery: &Delivery,
    ) -> Result<Answered<C>, Failure>;
}

/// Handles whatever arrives at a reply channel, under the same rules as [`Handle`]. The answer is
/// read by [`Delivery::answer`].
#[async_trait]
pub trait HandleReply: Send + Sync {
    /// Applies the reply.
    async fn handle(&self, tx: &mut Tx, delivery: &Delivery) -> Result<(), Failure>;
}

/// What became of a command.
pub enum Answered<C: Command> {
    /// Done or refused; the reply is published in the same transaction.
    Now(Result<C::Reply, C::Refusal>),
    /// The owner has stored [`Delivery::reply_address`] and replies in a later transaction.
    Later,
}

/// Everything one group of competing consumers listens to.
pub struct Subscriptions {
    subscriber: &'static str,
    routes: HashMap<&'static str, Route>,
    committed: Option<Arc<Notify>>,
}

/// How a group reads one channel.
enum Route {
    /// The types it knows; other events are passed over, other commands are an error.
    Types { known: HashMap<&'static str, Arc<dyn Receive>>, commands: bool },
    /// Everything.
    Replies(Arc<dyn Receive>),
}

impl Subscriptions {
    /// The subscriptions of the group `subscriber`, by custom the module's name.
    pub fn of(subscriber: &'static str) -> Self {
        Self { subscriber, routes: HashMap::new(), committed: None }
    }

    /// Handles every `E` with `handler`.
    ///
    /// # Panics
    ///
    /// When the group already handles that type.
    #[must_use]
    pub fn on<E: Event>(mut self, handler: Arc<impl Handle<E> + 'static>) -> Self {
        self.add::<E>(Arc::new(OfMessage(handler, PhantomData)), Expects::Events);
        self
    }

    /// Answers every `C` with `handler`.
    ///
    /// # Panics
    ///
    /// When the group already answers that type.
    #[must_use]
    pub fn answer<C: Command>(mut self, handler: Arc<impl Answer<C> + 'static>) -> Self {
        self.add::<C>(Arc::new(OfCommand(handler, PhantomData)), Expects::Commands);
        self
    }

    /// Gives all answers that arrive at the reply channel `channel` to `handler`.
    ///
    /// # Panics
    ///
    /// When the group already reads that channel.
    #[must_use]
    pub fn replies(mut self, channel: &'static str, handler: Arc<dyn HandleReply>) -> Self {
        let before = self.routes.insert(channel, Route::Replies(Arc::new(OfReply(handler))));
        assert!(before.is_none(), "{} reads the channel {channel} twice", self.subscriber);
        self
    }

    /// Notifies `woken` whenever a handler of this group has committed, so that work it recorded
    /// can go on outside of its transaction.
    #[must_use]
    pub fn after_commit(mut self, woken: Arc<Notify>) -> Self {
        self.committed = Some(woken);
        self
    }

    /// The group's name.
    pub fn subscriber(&self) -> &'static str {
        self.subscriber
    }

    /// The channels it listens to.
    pub fn channels(&self) -> BTreeSet<&'static str> {
        self.routes.keys().copied().collect()
    }

    /// The channels whose commands it answers.
    pub fn answered(&self) -> BTreeSet<&'static str> {
        let answered = |route: &Route| matches!(route, Route::Types { commands: true, .. });
        self.routes.iter().filter(|(_, route)| answered(route)).map(|(name, _)| *name).collect()
    }

    pub(crate) fn committed(&self) {
        if let Some(woken) = &self.committed {
            woken.notify_one();
        }
    }

    /// Whoever handles `type_name` in `channel`; nobody when it is passed over.
    pub(crate) fn receiver(
        &self,
        channel: &str,
        type_name: &str,
    ) -> Result<Option<&dyn Receive>, Failure> {
        match self.routes.get(channel) {
            Some(Route::Replies(receiver)) => Ok(Some(&**receiver)),
            Some(Route::Types { known, commands }) => match known.get(type_name) {
                Some(receiver) => Ok(Some(&**receiver)),
                None if *commands => Err(Failure::Permanent(format!(
                    "{} does not know the command {type_name} in {channel}",
                    self.subscriber
                ))),
                None => Ok(None),
            },
            None => Ok(None),
        }
    }

    fn add<M: Message>(&mut self, receiver: Arc<dyn Receive>, expects: Expects) {
        let empty = || Route::Types { known: HashMap::new(), commands: false };
        let route = self.routes.entry(M::CHANNEL).or_insert_with(empty);
        let (subscriber, channel, name) = (self.subscriber, M::CHANNEL, M::TYPE);
        let Route::Types { known, commands } = route else {
            panic!("{subscriber} reads the reply channel {channel} for messages too");
        };
        *commands |= matches!(expects, Expects::Commands);
        let before = known.insert(name, receiver);
        assert!(before.is_none(), "{subscriber} handles {name} of {channel} twice");
    }
}

enum Expects {
    Events,
    Commands,
}

/// A handler whose message type is forgotten.
#[async_trait]
pub(crate) trait Receive: Send + Sync {
    async fn receive(&self, tx: &mut Tx, delivery: &Delivery) -> Result<(), Failure>;
}

struct OfMessage<M, H>(Arc<H>, PhantomData<fn(M)>);
struct OfCommand<C, H>(Arc<H>, PhantomData<fn(C)>);
struct OfReply(Arc<dyn HandleReply>);

#[async_trait]
impl<M: Message, H: Handle<M>> Receive for OfMessage<M, H> {
    async fn receive(&self, tx: &mut Tx, delivery: &Delivery) -> Result<(), Failure> {
        let message = delivery.message()?;
        self.0.handle(tx, message, delivery).await
    }
}

#[async_trait]
impl<C: Command, H: Answer<C>> Receive for OfCommand<C, H> {
    async fn receive(&self, tx: &mut Tx, delivery: &Delivery) -> Result<(), Failure> {
        let command = delivery.message()?;
        let answered = self.0.answer(tx, command, delivery).await?;
        if let (Answered::Now(answer), Some(address)) = (answered, delivery.reply_address()) {
            tx.reply::<C>(&address, answer)?;
        }
        Ok(())
    }
}

#[async_trait]
impl Receive for OfReply {
    async fn receive(&self, tx: &mut Tx, delivery: &Delivery) -> Result<(), Failure> {
        self.0.handle(tx, delivery).await
    }
}
