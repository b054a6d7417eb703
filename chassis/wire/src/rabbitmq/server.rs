//! The answering end: takes calls from the queues of the modules that live here.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use amqp::Incarnation;
use arc_swap::ArcSwapOption;
use futures::{
    FutureExt, StreamExt,
    future::ready,
    stream::{BoxStream, SelectAll, once, select_all},
};
use identity::InternalTokens;
use lapin::{
    BasicProperties, Channel, Consumer,
    message::Delivery,
    options::{
        BasicCancelOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
        QueueDeclareOptions,
    },
    types::{AMQPValue, FieldTable, ShortString},
};
use ports::{Reply, Transport, Unreachable};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{BODY_LIMIT, acks::Acks, message, queue};
use crate::contained::contained;

/// How many calls to one module are carried out at once; others wait at the broker, or go to another
/// process.
const PREFETCH: u16 = 256;
/// How long the queue of a module outlives its last process when the broker could not see it leave.
const EXPIRES: Duration = Duration::from_mins(1);
/// After how long without a call the last ones are acknowledged. The broker is patient for half an hour.
const QUIET: Duration = Duration::from_millis(100);
/// How long the last replies may take to be written.
const FLUSH: Duration = Duration::from_secs(5);
/// The pause before the queues are declared again when that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Answers calls to the modules that live here. Cloning shares it.
#[derive(Clone)]
pub struct Server {
    connection: amqp::Connection,
    prefix: Box<str>,
    desk: Arc<Desk>,
}

struct Desk {
    wires: Vec<(&'static str, Arc<dyn Transport>)>,
    tokens: InternalTokens,
    /// Where replies are published: the newest channel, also for calls that came by an older one.
    replies: ArcSwapOption<Channel>,
    is_ready: AtomicBool,
}

/// Calls as they come, each with the index of its wire; nothing when there will be no more for that wire.
type Calls = SelectAll<BoxStream<'static, (usize, Option<Delivery>)>>;

impl Server {
    /// Answers calls to each module in `wires` with its transport, usually the skeleton of its port, from
    /// queues whose names begin with `prefix`.
    pub fn new(
        connection: amqp::Connection,
        prefix: &str,
        wires: Vec<(&'static str, Arc<dyn Transport>)>,
        tokens: InternalTokens,
    ) -> Self {
        let (replies, is_ready) = (ArcSwapOption::empty(), AtomicBool::new(false));
        let desk = Desk { wires, tokens, replies, is_ready };
        Self { connection, prefix: prefix.into(), desk: Arc::new(desk) }
    }

    /// Whether calls are being taken, from the queues of all modules.
    pub fn is_ready(&self) -> bool {
        self.desk.is_ready.load(Relaxed)
    }

    /// Takes calls, on each incarnation of the connection anew, until `stop` is cancelled; then takes no
    /// more and ends when those that were taken are answered, at the latest by their deadlines.
    pub async fn run(&self, stop: CancellationToken) {
        let mut work = JoinSet::new();
        while let Some(Ok(incarnation)) =
            stop.run_until_cancelled(self.connection.incarnation()).await
        {
            if let Err(cause) = self.serve(&incarnation, &mut work, &stop).await
                && !incarnation.is_over()
            {
                tracing::warn!(%cause, "calls cannot be taken from RabbitMQ");
                stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
            }
        }
        while work.join_next().await.is_some() {}
        self.desk.flush().await;
    }

    /// Serves during one incarnation.
    async fn serve(
        &self,
        incarnation: &Incarnation,
        work: &mut JoinSet<()>,
        stop: &CancellationToken,
    ) -> Result<(), amqp::Error> {
        let channel = Arc::new(incarnation.channel().await?);
        let (mut calls, tags) = self.consume(incarnation, &channel).await?;
        let acks = Arc::new(Acks::new((*channel).clone()));
        self.desk.replies.store(Some(channel.clone()));
        self.desk.is_ready.store(true, Relaxed);
        let is_lost = tokio::select! {
            () = self.take(&mut calls, &acks, work) => true,
            () = incarnation.ended() => true,
            () = stop.cancelled() => false,
        };
        self.desk.is_ready.store(false, Relaxed);
        if is_lost {
            return Ok(());
        }
        for tag in tags {
            let cancelled = channel.basic_cancel(tag, BasicCancelOptions::default());
            incarnation.within(cancelled).await?;
        }
        // What the broker handed over before it knew.
        while !calls.is_empty() {
            self.take(&mut calls, &acks, work).await;
        }
        while work.join_next().await.is_some() {}
        acks.flush();
        Ok(())
    }

    /// Declares the queue of each module and consumes from it.
    async fn consume(
        &self,
        incarnation: &Incarnation,
        channel: &Channel,
    ) -> Result<(Calls, Vec<ShortString>), amqp::Error> {
        incarnation.within(channel.basic_qos(PREFETCH, BasicQosOptions::default())).await?;
        let mut consumers = Vec::new();
        let mut tags = Vec::new();
        for (index, (module, _)) in self.desk.wires.iter().enumerate() {
            let queue = queue(&self.prefix, module);
            let declared = channel.queue_declare(queue.clone(), lasting(), expiring());
            incarnation.within(declared).await?;
            let options = BasicConsumeOptions::default();
            let consumed = channel.basic_consume(queue, "".into(), options, FieldTable::default());
            let consumer: Consumer = incarnation.within(consumed).await?;
            tags.push(consumer.tag());
            let calls = consumer.take_while(|call| ready(call.is_ok()));
            let calls = calls.map(move |call| (index, call.ok()));
            consumers.push(calls.chain(once(ready((index, None)))).boxed());
        }
        Ok((select_all(consumers), tags))
    }

    /// Takes calls and has them carried out, until there will be no more for one of the modules.
    async fn take(&self, calls: &mut Calls, acks: &Arc<Acks>, work: &mut JoinSet<()>) {
        loop {
            while work.try_join_next().is_some() {}
            let next = calls.next();
            let next = if work.is_empty() && acks.is_empty() {
                next.await
            } else {
                match tokio::time::timeout(QUIET, next).await {
                    Ok(next) => next,
                    Err(_) => {
                        acks.flush();
                        continue;
                    }
                }
            };
            let Some((wire, Some(call))) = next else { return };
            work.spawn(self.desk.clone().answer(wire, call, acks.clone()));
        }
    }
}

impl Desk {
    /// Carries out one call and publishes the answer.
    async fn answer(self: Arc<Self>, wire: usize, call: Delivery, acks: Arc<Acks>) {
        let tag = call.delivery_tag;
        let reply_to = call.properties.reply_to().clone();
        let number = call.properties.correlation_id().clone();
        let answer = self.carry_out(wire, call).await;
        acks.add(tag);
        let (Some(reply_to), Some(number)) = (reply_to, number) else {
            tracing::warn!("a call came that says not where its reply goes");
            return;
        };
        let (properties, body) = message::of_answer(answer);
        self.reply(reply_to, properties.with_correlation_id(number), &body);
    }

    async fn carry_out(&self, wire: usize, call: Delivery) -> Result<Reply, Unreachable> {
        let (module, transport) = &self.wires[wire];
        if call.redelivered && message::is_command(&call.properties) {
            let text = format!("{module} was lost on the way and may have carried it out");
            return Err(Unreachable::NoReply(text));
        }
        let message::Request { token, call } = message::call(module, &call.properties, call.data)?;
        self.tokens.verify(&token, module).map_err(|refusal| {
            let text = format!("{module} does not believe the internal token: {refusal}");
            Unreachable::NoReply(text)
        })?;
        within_limit("request", call.body.len())?;
        let deadline = call.headers.deadline.into();
        let work = contained(module, transport.call(call));
        let answer = tokio::time::timeout_at(deadline, work).await;
        let reply = answer.unwrap_or(Err(Unreachable::DeadlineExceeded))?;
        within_limit("reply", reply.body.len())?;
        Ok(reply)
    }

    /// Hands the answer to the connection. Whether the caller still waits is not our concern.
    fn reply(&self, to: ShortString, properties: BasicProperties, body: &[u8]) {
        let Some(channel) = self.replies.load_full() else { return };
        let options = BasicPublishOptions::default();
        let published =
            channel.basic_publish(ShortString::default(), to, options, body, properties);
        if let Some(Err(cause)) = published.now_or_never() {
            tracing::debug!(%cause, "a reply could not be sent");
        }
    }

    /// Waits until all replies are written, because the end of a channel overtakes them. Messages leave in
    /// order, so it is enough to wait for one more, which is for nobody.
    async fn flush(&self) {
        let Some(channel) = self.replies.swap(None) else { return };
        let (nobody, options) = (ShortString::default(), BasicPublishOptions::default());
        let last =
            channel.basic_publish(nobody.clone(), nobody, options, b"", BasicProperties::default());
        if !matches!(tokio::time::timeout(FLUSH, last).await, Ok(Ok(_))) {
            tracing::debug!("the last replies could not be sent");
        }
    }
}

fn within_limit(what: &str, length: usize) -> Result<(), Unreachable> {
    if length > BODY_LIMIT {
        return Err(Unreachable::Broken(format!("the {what} is larger than {BODY_LIMIT} bytes")));
    }
    Ok(())
}

/// The queue survives the broker, so that no process needs to declare it again, and goes with the last
/// process that consumes from it, so that callers hear at once that nobody is there.
fn lasting() -> QueueDeclareOptions {
    QueueDeclareOptions { durable: true, auto_delete: true, ..QueueDeclareOptions::default() }
}

fn expiring() -> FieldTable {
    let millis = u32::try_from(EXPIRES.as_millis()).unwrap_or(u32::MAX);
    let mut arguments = FieldTable::default();
    arguments.insert("x-expires".into(), AMQPValue::LongUInt(millis));
    arguments
}
