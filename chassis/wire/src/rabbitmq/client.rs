//! The caller's end: transports to modules, and the one consumer that takes all replies.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use amqp::Incarnation;
use async_trait::async_trait;
use futures::{FutureExt, StreamExt};
use identity::InternalTokens;
use lapin::{
    BasicProperties, Channel,
    options::{BasicConsumeOptions, BasicPublishOptions},
    types::{FieldTable, ShortString},
};
use ports::{Call, Reply, Transport, Unreachable};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    BODY_LIMIT,
    message::{self, REPLY_TO},
    queue,
    slots::Slots,
};

/// After how long a call without a reply looks whether the broker returned it; then again after twice as
/// long, and so on. The broker tells at once, but the library tells only who asks.
const FIRST_LOOK: Duration = Duration::from_millis(5);
/// The time left below which a call is not worth a message: expiry has no smaller unit.
const SHORTEST: Duration = Duration::from_millis(1);
/// The pause before a channel that was lost is opened again.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a call waits for a connection that is being made anew.
const PATIENCE: Duration = Duration::from_secs(1);

/// Calls modules over RabbitMQ. Cloning shares the channel.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    connection: amqp::Connection,
    prefix: Box<str>,
    tokens: InternalTokens,
    slots: Slots,
    line: watch::Sender<Line>,
}

#[derive(Clone)]
enum Line {
    Up(Arc<Open>),
    DownSince(Instant),
}

/// The channel that carries all calls, and on which their replies come.
struct Open {
    incarnation: Incarnation,
    channel: Channel,
}

impl Client {
    /// Calls over `connection`; the names of queues begin with `prefix`. No call is answered until
    /// [`Client::run`] runs.
    pub fn new(connection: amqp::Connection, prefix: &str, tokens: InternalTokens) -> Self {
        Self(Arc::new(Inner {
            connection,
            prefix: prefix.into(),
            tokens,
            slots: Slots::default(),
            line: watch::Sender::new(Line::DownSince(Instant::now())),
        }))
    }

    /// The way from `caller` to `module`.
    ///
    /// # Panics
    /// When prefix and module are too long for the name of a queue: 240 bytes together.
    pub fn dial(&self, caller: &'static str, module: &'static str) -> Arc<dyn Transport> {
        let queue = queue(&self.0.prefix, module);
        Arc::new(Dialed { client: self.0.clone(), caller, module, queue })
    }

    /// Whether calls can be made.
    pub fn is_ready(&self) -> bool {
        matches!(&*self.0.line.borrow(), Line::Up(_))
    }

    /// Takes replies, on each incarnation of the connection anew, until `stop` is cancelled. Calls under
    /// way then get no reply, and later ones neither.
    pub async fn run(&self, stop: CancellationToken) {
        let work = async {
            while let Ok(incarnation) = self.0.connection.incarnation().await {
                if let Err(cause) = self.0.take_replies(incarnation).await {
                    tracing::debug!(%cause, "no replies can be taken from RabbitMQ");
                }
                self.0.hang_up();
                tokio::time::sleep(PAUSE).await;
            }
        };
        stop.run_until_cancelled(work).await;
        self.0.hang_up();
    }
}

impl Inner {
    /// Opens a channel and takes replies from it until either ends.
    async fn take_replies(&self, incarnation: Incarnation) -> Result<(), amqp::Error> {
        let channel = incarnation.channel().await?;
        let no_ack = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let consumed =
            channel.basic_consume(REPLY_TO.into(), "".into(), no_ack, FieldTable::default());
        let mut replies = incarnation.within(consumed).await?;
        let ended = incarnation.clone();
        self.line.send_replace(Line::Up(Arc::new(Open { incarnation, channel })));
        let taken = async {
            while let Some(Ok(reply)) = replies.next().await {
                match message::number(&reply.properties) {
                    Some(number) => self.slots.answer(number, message::answer(reply)),
                    None => tracing::warn!("a reply came that belongs to no call"),
                }
            }
        };
        tokio::select! {
            () = taken => {}
            () = ended.ended() => {}
        }
        Ok(())
    }

    /// Ends all calls under way. Their replies will not come: they were for the channel that is gone.
    fn hang_up(&self) {
        self.line.send_replace(Line::DownSince(Instant::now()));
        self.slots.give_up(&lost());
    }

    /// The open line; waits a moment for one that was lost a moment ago.
    async fn line(&self, deadline: Instant) -> Result<Arc<Open>, Unreachable> {
        let since = match &*self.line.borrow() {
            Line::Up(open) => return Ok(open.clone()),
            Line::DownSince(since) => *since,
        };
        let until = deadline.min(since + PATIENCE).into();
        let mut line = self.line.subscribe();
        let up = line.wait_for(|line| matches!(line, Line::Up(_)));
        if let Ok(Ok(line)) = tokio::time::timeout_at(until, up).await
            && let Line::Up(open) = &*line
        {
            return Ok(open.clone());
        }
        Err(Unreachable::NotTaken("RabbitMQ cannot be reached".to_owned()))
    }

    /// Ends the calls whose messages the broker returned.
    fn look_for_returns(&self, channel: &Channel) {
        // Without confirms nothing is waited for: this only hands over what was returned.
        let Some(Ok(returned)) = channel.wait_for_confirms().now_or_never() else { return };
        for message in returned {
            let Some(number) = message::number(&message.properties) else { continue };
            let queue = &message.routing_key;
            let text = format!("nobody takes calls from {queue}: the module runs nowhere");
            self.slots.answer(number, Err(Unreachable::NotTaken(text)));
        }
    }
}

/// The caller's end of one edge.
struct Dialed {
    client: Arc<Inner>,
    caller: &'static str,
    module: &'static str,
    queue: ShortString,
}

#[async_trait]
impl Transport for Dialed {
    async fn call(&self, call: Call) -> Result<Reply, Unreachable> {
        let deadline = call.headers.deadline;
        if call.body.len() > BODY_LIMIT {
            let text = format!("the request is larger than {BODY_LIMIT} bytes");
            return Err(Unreachable::Broken(text));
        }
        let open = self.client.line(deadline).await?;
        if let Some(reason) = open.incarnation.blocked() {
            return Err(Unreachable::NotTaken(format!("RabbitMQ takes no messages: {reason}")));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left < SHORTEST {
            return Err(Unreachable::DeadlineExceeded);
        }
        let mut slot = self.client.slots.open();
        let token = self.client.tokens.sign(self.caller, self.module);
        let properties = message::of_call(&call, slot.number, &token, left)?;
        self.publish(&open, &call.body, properties)?;
        let mut look = Instant::now() + FIRST_LOOK;
        loop {
            let until = deadline.min(look);
            match tokio::time::timeout_at(until.into(), &mut slot.answer).await {
                Ok(answer) => return answer.unwrap_or_else(|_| Err(lost())),
                Err(_) if deadline <= look => return Err(Unreachable::DeadlineExceeded),
                Err(_) => {
                    self.client.look_for_returns(&open.channel);
                    look += look.elapsed().max(FIRST_LOOK) * 2;
                }
            }
        }
    }
}

impl Dialed {
    /// Hands the message to the connection, without waiting until it is written: whether it arrived is
    /// what the reply tells.
    fn publish(
        &self,
        open: &Open,
        body: &[u8],
        properties: BasicProperties,
    ) -> Result<(), Unreachable> {
        let mandatory = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let (exchange, queue) = (ShortString::default(), self.queue.clone());
        let published = open.channel.basic_publish(exchange, queue, mandatory, body, properties);
        let is_refused = matches!(published.now_or_never(), Some(Err(_)));
        // A line that is lost from here on ends all calls that have a slot, and this one has.
        let is_lost = open.incarnation.is_over() || !open.channel.status().connected();
        if is_refused || is_lost { Err(lost()) } else { Ok(()) }
    }
}

fn lost() -> Unreachable {
    Unreachable::NoReply("the connection to RabbitMQ was lost".to_owned())
}
