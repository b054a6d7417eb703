//! Commands, their answers, and what they set off, between processes.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use kernel::Message;
use messaging::{
    Answer, Answered, Ask, Delivery, Failure, Handle, HandleReply, Publish, ReplyTo, Subscriptions,
};
use storage::{Database, Tx};
use testkit::eventually;

use super::{Joint, Node, Process, Town, quiet, tidy};
use crate::world::*;

const REPLIES: &str = "shop.replies";

/// Doubles.
struct Calculator;

#[async_trait]
impl Answer<Double> for Calculator {
    async fn answer(
        &self,
        tx: &mut Tx,
        it: Double,
        on: &Delivery,
    ) -> Result<Answered<Double>, Failure> {
        note(tx, on.subscriber(), &it.key, it.n).await?;
        Ok(Answered::Now(if it.n > 100 { Err(TooLarge(it.n)) } else { Ok(2 * it.n) }))
    }
}

/// Notes answers: the number, or its negative when it was refused; asks again below a thousand.
struct Replies {
    asks_again: bool,
}

#[async_trait]
impl HandleReply for Replies {
    async fn handle(&self, tx: &mut Tx, on: &Delivery) -> Result<(), Failure> {
        let key = on.envelope().key.clone();
        let n = match on.answer::<Double>()? {
            Ok(twice) => twice,
            Err(TooLarge(n)) => -n,
        };
        note(tx, on.subscriber(), &key, n).await?;
        if self.asks_again && n > 0 {
            let reply_to = ReplyTo { channel: REPLIES.into(), key: key.clone() };
            tx.send(&Double { key, n }, Ask::at(reply_to))?;
        }
        Ok(())
    }
}

/// Asks for the double of whatever is counted.
struct Asks;

#[async_trait]
impl Handle<Counted> for Asks {
    async fn handle(&self, tx: &mut Tx, it: Counted, _: &Delivery) -> Result<(), Failure> {
        let reply_to = ReplyTo { channel: REPLIES.into(), key: it.key.clone() };
        tx.send(&Double { key: it.key, n: it.n }, reply_to)?;
        Ok(())
    }
}

struct Pair {
    shop: Database,
    db: Database,
    shop_node: Node,
    calculator_node: Node,
}

/// A shop that asks, and a calculator elsewhere.
async fn pair<J: Joint>(town: &Town<J>, asks_again: bool) -> Pair {
    let (shop, db) = (town.world.database("shop").await, town.world.database("calculator").await);
    let hears = Subscriptions::of("shop")
        .on::<Counted>(Arc::new(Asks))
        .replies(REPLIES, Arc::new(Replies { asks_again }));
    let shop_node = town.open(Process {
        name: "shop",
        modules: vec![module("shop", &shop, hears)],
        elsewhere: vec![("calculator", BTreeSet::from([Double::CHANNEL]))],
        options: tidy(),
    });
    let shop_node = shop_node.await;
    let answers = Subscriptions::of("calculator").answer::<Double>(Arc::new(Calculator));
    let calculator_node = town.open(Process {
        name: "calculator",
        modules: vec![module("calculator", &db, answers)],
        elsewhere: vec![("shop", BTreeSet::from([Counted::CHANNEL, REPLIES]))],
        options: tidy(),
    });
    Pair { shop, db, shop_node, calculator_node: calculator_node.await }
}

pub(crate) async fn commands_and_answers_cross_processes<J: Joint>(town: Town<J>) {
    let Pair { shop, db, shop_node, calculator_node } = pair(&town, false).await;
    for n in [21, 101] {
        let mut tx = shop.begin().await.unwrap();
        let reply_to = ReplyTo { channel: REPLIES.into(), key: "saga".into() };
        tx.send(&Double { key: "k".into(), n }, reply_to).unwrap();
        tx.commit().await.unwrap();
    }
    quiet(&[&shop_node, &calculator_node]).await;
    assert_eq!(noted(&db, "calculator", "k").await, [21, 101]);
    assert_eq!(noted(&shop, "shop", "saga").await, [42, -101]);
    for outbox in [&shop, &db] {
        eventually("the outbox is empty", LIMIT, async || count(outbox, "outbox").await == 0).await;
    }
}

pub(crate) async fn a_chain_of_messages_crosses_processes_in_both_directions<J: Joint>(
    town: Town<J>,
) {
    let Pair { shop, db, shop_node, calculator_node } = pair(&town, true).await;
    publish(&shop, "a", [1]).await;
    publish(&shop, "b", [3]).await;
    quiet(&[&shop_node, &calculator_node]).await;
    assert_eq!(noted(&db, "calculator", "a").await, [1, 2, 4, 8, 16, 32, 64, 128]);
    assert_eq!(noted(&shop, "shop", "a").await, [2, 4, 8, 16, 32, 64, 128, -128]);
    assert_eq!(noted(&shop, "shop", "b").await, [6, 12, 24, 48, 96, 192, -192]);
}
