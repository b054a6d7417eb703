//! Commands and their answers.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use messaging::{
    Answer, Answered, Ask, Delivery, Failure, HandleReply, Kind, Options, Process, Publish,
    ReplyAddress, ReplyTo, Running, Subscriptions,
    parked::{self, Filter},
};
use storage::{Database, Tx};
use testkit::eventually;
use tokio::sync::Notify;

use crate::world::*;

on_both!(
    a_command_is_answered_in_the_transaction_of_its_effect,
    a_command_may_be_answered_later,
    a_one_way_command_gets_no_answer,
    an_unknown_command_is_parked_at_once,
    a_command_nobody_answers_is_kept_until_somebody_does,
    what_a_message_sets_off_says_so,
);

const REPLIES: &str = "shop.replies";

/// Doubles at once, or keeps the address and lets somebody else do it.
#[derive(Default)]
struct Calculator {
    kept: Option<Arc<Mutex<Vec<String>>>>,
}

#[async_trait]
impl Answer<Double> for Calculator {
    async fn answer(
        &self,
        tx: &mut Tx,
        it: Double,
        on: &Delivery,
    ) -> Result<Answered<Double>, Failure> {
        note(tx, on.subscriber(), &it.key, it.n).await?;
        if let (Some(kept), Some(address)) = (&self.kept, on.reply_address()) {
            kept.lock().unwrap().push(serde_json::to_string(&address).unwrap());
            return Ok(Answered::Later);
        }
        Ok(Answered::Now(if it.n > 100 { Err(TooLarge(it.n)) } else { Ok(2 * it.n) }))
    }
}

/// Notes answers: the number, or its negative when it was refused.
#[derive(Default)]
struct Replies {
    heard: Mutex<Vec<Heard>>,
}

/// Kind, correlation id, causation id and traceparent of an answer.
type Heard = (Kind, Option<String>, Option<uuid::Uuid>, Option<String>);

#[async_trait]
impl HandleReply for Replies {
    async fn handle(&self, tx: &mut Tx, on: &Delivery) -> Result<(), Failure> {
        let envelope = on.envelope();
        let n = match on.answer::<Double>()? {
            Ok(twice) => twice,
            Err(TooLarge(n)) => -n,
        };
        note(tx, on.subscriber(), &envelope.key, n).await?;
        let correlation = envelope.correlation_id.clone();
        let trace = envelope.traceparent.clone();
        let heard = (envelope.kind, correlation, envelope.causation_id, trace);
        self.heard.lock().unwrap().push(heard);
        Ok(())
    }
}

fn start(shop: &Database, db: &Database, calculator: Calculator) -> (Running, Arc<Replies>) {
    let replies = Arc::new(Replies::default());
    let hears = Subscriptions::of("shop").replies(REPLIES, replies.clone());
    let answers = Subscriptions::of("calculator").answer::<Double>(Arc::new(calculator));
    let modules = vec![module("shop", shop, hears), module("calculator", db, answers)];
    (Process::start_with(modules, patient()), replies)
}

async fn ask(db: &Database, n: i64) -> uuid::Uuid {
    let mut tx = db.begin().await.unwrap();
    let reply_to = ReplyTo { channel: REPLIES.into(), key: "saga".into() };
    let wish = Ask::at(reply_to).correlated(format!("step {n}"));
    let id = tx.send(&Double { key: "k".into(), n }, wish).unwrap();
    tx.commit().await.unwrap();
    id
}

async fn a_command_is_answered_in_the_transaction_of_its_effect(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("calculator").await);
    let (running, replies) = start(&shop, &db, Calculator::default());
    let id = ask(&shop, 21).await;
    ask(&shop, 101).await;
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(noted(&db, "calculator", "k").await, [21, 101]);
    assert_eq!(noted(&shop, "shop", "saga").await, [42, -101]);
    let (kind, correlation, cause, _) = replies.heard.lock().unwrap()[0].clone();
    assert_eq!((kind, correlation.as_deref(), cause), (Kind::Reply, Some("step 21"), Some(id)));
}

async fn a_command_may_be_answered_later(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("calculator").await);
    let kept = Arc::new(Mutex::new(Vec::new()));
    let (running, replies) = start(&shop, &db, Calculator { kept: Some(kept.clone()) });
    let id = ask(&shop, 4).await;
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(noted(&shop, "shop", "saga").await, [0; 0], "no answer yet");
    let address: ReplyAddress = serde_json::from_str(&kept.lock().unwrap()[0]).unwrap();
    let mut tx = db.begin().await.unwrap();
    tx.reply::<Double>(&address, Ok(8)).unwrap();
    tx.commit().await.unwrap();
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(noted(&shop, "shop", "saga").await, [8]);
    let (_, correlation, cause, _) = replies.heard.lock().unwrap()[0].clone();
    assert_eq!((correlation.as_deref(), cause), (Some("step 4"), Some(id)));
}

async fn a_one_way_command_gets_no_answer(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("calculator").await);
    let (running, _) = start(&shop, &db, Calculator::default());
    let mut tx = shop.begin().await.unwrap();
    tx.send(&Double { key: "k".into(), n: 5 }, None).unwrap();
    tx.commit().await.unwrap();
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(noted(&db, "calculator", "k").await, [5]);
    assert_eq!(count(&db, "stream_head").await, 0, "nothing was published");
}

/// In the calculator's channel, and unknown to it.
#[derive(serde::Serialize, serde::Deserialize)]
struct Halve {
    key: String,
}

impl kernel::Message for Halve {
    const CHANNEL: &'static str = "calculator.commands";
    const TYPE: &'static str = "halve";
    fn key(&self) -> String {
        self.key.clone()
    }
}

impl kernel::Command for Halve {
    type Reply = ();
    type Refusal = kernel::Never;
}

async fn an_unknown_command_is_parked_at_once(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("calculator").await);
    let (running, _) = start(&shop, &db, Calculator::default());
    let mut tx = shop.begin().await.unwrap();
    tx.send(&Halve { key: "k".into() }, None).unwrap();
    tx.commit().await.unwrap();
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(running.gauges().read().failures, 1, "one try");
    let waiting = parked::list(&db, &Filter::default(), 10).await.unwrap();
    assert!(waiting[0].reason.contains("does not know the command halve"));
}

async fn a_command_nobody_answers_is_kept_until_somebody_does(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("calculator").await);
    let options = Options { reclaim_every: std::time::Duration::from_millis(10), ..patient() };
    let alone = vec![module("shop", &shop, Subscriptions::of("shop"))];
    let running = Process::start_with(alone, options);
    ask(&shop, 3).await;
    publish(&shop, "k", 1..=10).await;
    eventually("the events are gone", LIMIT, async || count(&shop, "outbox").await == 1).await;
    running.quiet(LIMIT).await.unwrap();
    running.drain(LIMIT).await.unwrap();
    assert_eq!(count(&shop, "outbox").await, 1, "the command is kept");
    let (running, _) = start(&shop, &db, Calculator::default());
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(noted(&shop, "shop", "saga").await, [6]);
}

/// Asks the calculator because of an event.
struct Asks;

#[async_trait]
impl messaging::Handle<Counted> for Asks {
    async fn handle(&self, tx: &mut Tx, it: Counted, on: &Delivery) -> Result<(), Failure> {
        assert_eq!(ports::Context::current().caller, on.subscriber());
        let reply_to = ReplyTo { channel: REPLIES.into(), key: it.key.clone() };
        tx.send(&Double { key: it.key, n: it.n }, reply_to)?;
        Ok(())
    }
}

async fn what_a_message_sets_off_says_so(world: World) {
    let (shop, db) = (world.database("shop").await, world.database("calculator").await);
    let woken = Arc::new(Notify::new());
    let replies = Arc::new(Replies::default());
    let hears = Subscriptions::of("shop")
        .on::<Counted>(Arc::new(Asks))
        .replies(REPLIES, replies.clone())
        .after_commit(woken.clone());
    let calculator = Arc::new(Calculator::default());
    let answers = Subscriptions::of("calculator").answer::<Double>(calculator);
    let running =
        Process::start(vec![module("shop", &shop, hears), module("calculator", &db, answers)]);
    let request = ports::Context::begin("test", LIMIT);
    let trace = request.trace.id();
    request.scope(publish(&shop, "k", [7])).await;
    tokio::time::timeout(LIMIT, woken.notified()).await.unwrap();
    running.quiet(LIMIT).await.unwrap();
    assert_eq!(noted(&shop, "shop", "k").await, [14]);
    let (_, correlation, _, traceparent) = replies.heard.lock().unwrap()[0].clone();
    assert!(correlation.is_some(), "the whole chain shares the first message's id");
    assert!(traceparent.unwrap().contains(&trace), "and the trace");
}
