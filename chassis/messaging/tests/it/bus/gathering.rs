//! One question to several in other processes, and what they answer.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use kernel::{Command, Message};
use messaging::{
    Aggregator, Answer, Answered, Conclude, Delivery, Failure, Gather, Gathered, Subscriptions,
};
use serde::{Deserialize, Serialize};
use storage::{Database, Tx};
use testkit::eventually;
use tokio_util::sync::CancellationToken;

use super::{Joint, Node, Process, Town, quiet, tidy};
use crate::world::*;

const REPLIES: &str = "shop.quotes";
const GROUPS: [&str; 3] = ["post", "courier", "bicycle"];
/// Longer than any test takes, and about as long as nothing.
const LONG: Duration = Duration::from_secs(300);
const SHORT: Duration = Duration::from_millis(100);

/// Asks everybody who carries things for a price.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Price {
    key: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct TooFar;

impl Message for Price {
    const CHANNEL: &'static str = "carriers.questions";
    const TYPE: &'static str = "price";
    fn key(&self) -> String {
        self.key.clone()
    }
}

impl Command for Price {
    type Reply = i64;
    type Refusal = TooFar;
}

/// Names its price, or says that it is too far.
struct Carrier(Result<i64, TooFar>);

#[async_trait]
impl Answer<Price> for Carrier {
    async fn answer(
        &self,
        tx: &mut Tx,
        it: Price,
        on: &Delivery,
    ) -> Result<Answered<Price>, Failure> {
        note(tx, on.subscriber(), &it.key, 1).await?;
        assert!(on.envelope().deadline.is_some());
        Ok(Answered::Now(self.0.clone()))
    }
}

/// Notes under the name of each gathering the sum of the prices, and the number of those that are missing.
struct Cheapest;

#[async_trait]
impl Conclude<Price> for Cheapest {
    async fn conclude(&self, tx: &mut Tx, gathered: Gathered<Price>) -> Result<(), Failure> {
        let prices = gathered.answers.iter().filter_map(|said| said.answer.as_ref().ok());
        note(tx, "shop", &gathered.about, prices.sum()).await?;
        note(tx, "shop", &gathered.about, gathered.missing as i64).await
    }
}

/// A shop that asks, at work.
struct Shop {
    db: Database,
    aggregator: Arc<Aggregator<Price>>,
    node: Node,
    stop: CancellationToken,
}

impl Shop {
    async fn open<J: Joint>(town: &Town<J>) -> Self {
        let db = town.world.database("shop").await;
        let aggregator = Arc::new(Aggregator::new(db.clone(), REPLIES, Arc::new(Cheapest)));
        let questions = BTreeSet::from([Price::CHANNEL]);
        let node = town.open(Process {
            name: "shop",
            modules: vec![module(
                "shop",
                &db,
                Subscriptions::of("shop").replies(REPLIES, aggregator.clone()),
            )],
            elsewhere: GROUPS.map(|group| (group, questions.clone())).into(),
            options: tidy(),
        });
        let node = node.await;
        let stop = CancellationToken::new();
        let (watch, until) = (aggregator.clone(), stop.clone());
        tokio::spawn(async move { watch.run(until).await });
        Self { db, aggregator, node, stop }
    }

    /// Asks all three.
    async fn ask(&self, about: &str, within: Duration) {
        let mut tx = self.db.begin().await.unwrap();
        let question = Price { key: about.to_owned() };
        let how = Gather::about(about, within).expecting(GROUPS.len());
        self.aggregator.ask(&mut tx, &[question], how).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn noted(&self, about: &str) -> Vec<i64> {
        noted(&self.db, "shop", about).await
    }

    async fn until_noted(&self, about: &str) -> Vec<i64> {
        eventually("there is an outcome", LIMIT, async || !self.noted(about).await.is_empty())
            .await;
        self.noted(about).await
    }

    async fn kill(self) {
        self.stop.cancel();
        self.node.kill().await;
    }
}

async fn carrier<J: Joint>(
    town: &Town<J>,
    name: &'static str,
    price: Result<i64, TooFar>,
) -> (Database, Node) {
    let db = town.world.database(name).await;
    let answers = Subscriptions::of(name).answer::<Price>(Arc::new(Carrier(price)));
    let node = town.open(Process {
        name,
        modules: vec![module(name, &db, answers)],
        elsewhere: vec![("shop", BTreeSet::from([REPLIES]))],
        options: tidy(),
    });
    (db, node.await)
}

pub(crate) async fn what_several_answer_comes_together_once<J: Joint>(town: Town<J>) {
    let shop = Shop::open(&town).await;
    let (_, post) = carrier(&town, "post", Ok(400)).await;
    let (_, courier) = carrier(&town, "courier", Ok(70)).await;
    let (_, bicycle) = carrier(&town, "bicycle", Err(TooFar)).await;
    for about in ["a", "b", "c"] {
        shop.ask(about, LONG).await;
    }
    quiet(&[&shop.node, &post, &courier, &bicycle]).await;
    for about in ["a", "b", "c"] {
        assert_eq!(shop.noted(about).await, [470, 0], "{about}");
    }
    assert_eq!(count(&shop.db, "gathering").await, 0);
    shop.stop.cancel();
}

pub(crate) async fn whoever_is_dead_costs_the_deadline_and_hides_nobody_else<J: Joint>(
    town: Town<J>,
) {
    let shop = Shop::open(&town).await;
    let (_, post) = carrier(&town, "post", Ok(400)).await;
    let (_, courier) = carrier(&town, "courier", Ok(70)).await;
    shop.ask("quick", Duration::from_secs(2)).await;
    assert_eq!(shop.until_noted("quick").await, [470, 1]);
    // Nothing more comes of it when the third is back: its answer is late.
    let (db, bicycle) = carrier(&town, "bicycle", Ok(5)).await;
    quiet(&[&shop.node, &post, &courier, &bicycle]).await;
    assert_eq!(noted(&db, "bicycle", "quick").await, [1], "it has answered");
    assert_eq!(shop.noted("quick").await, [470, 1]);
    assert_eq!(count(&shop.db, "gathering").await, 0);
    assert_eq!(count(&shop.db, "parked").await, 0);
    shop.stop.cancel();
}

pub(crate) async fn one_that_is_killed_meanwhile_has_one_outcome_all_the_same<J: Joint>(
    town: Town<J>,
) {
    let shop = Shop::open(&town).await;
    let (at_post, post) = carrier(&town, "post", Ok(400)).await;
    let (at_courier, courier) = carrier(&town, "courier", Ok(70)).await;
    shop.ask("long", LONG).await;
    shop.ask("short", SHORT).await;
    shop.kill().await;
    let shop = Shop::open(&town).await;
    let short = shop.until_noted("short").await;
    assert!(short[1] >= 1, "the third never answered: {short:?}");
    eventually("two of three have answered", LIMIT, async || {
        let post = noted(&at_post, "post", "long").await;
        !post.is_empty() && !noted(&at_courier, "courier", "long").await.is_empty()
    })
    .await;
    assert_eq!(shop.noted("long").await, [0; 0], "two of three");
    shop.kill().await;
    let shop = Shop::open(&town).await;
    let (_, bicycle) = carrier(&town, "bicycle", Ok(5)).await;
    quiet(&[&shop.node, &post, &courier, &bicycle]).await;
    assert_eq!(shop.noted("long").await, [475, 0]);
    assert_eq!(shop.noted("short").await, short);
    shop.stop.cancel();
}
