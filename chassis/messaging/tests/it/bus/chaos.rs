//! Everything at once, at random: bursts, outages, restarts, faults, small windows and short lanes.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use messaging::{Options, Publish};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use storage::Database;
use testkit::eventually;

use super::{Node, Town, memory::InMemory, quiet, tidy};
use crate::world::*;

on_both!(whatever_happens_everything_is_applied_once_and_in_order);

const STEPS: usize = 60;
const KEYS: usize = 5;

/// A town in which anything may happen.
struct Chaos {
    town: Town<InMemory>,
    dice: StdRng,
    shop: Database,
    sender: Option<Node>,
    receiver: Option<Node>,
    /// The last number of each key.
    said: [i64; KEYS],
}

impl Chaos {
    async fn new(world: World, seed: u64) -> Self {
        let town = Town::new(world).await;
        let shop = town.world.database("shop").await;
        let dice = StdRng::seed_from_u64(seed);
        Self { town, dice, shop, sender: None, receiver: None, said: [0; KEYS] }
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.dice.random_range(0..choices.len())]
    }

    async fn step(&mut self) {
        match self.dice.random_range(0..12) {
            0..6 => self.say().await,
            6 => self.end_sender().await,
            7 => self.end_receiver().await,
            8 => self.begin().await,
            9 => self.fault(),
            _ => {
                let pause = self.dice.random_range(0..40);
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
        }
    }

    /// Publishes a burst in one transaction, some of it for nobody.
    async fn say(&mut self) {
        let mut tx = self.shop.begin().await.unwrap();
        for _ in 0..self.dice.random_range(1..60) {
            let key = self.dice.random_range(0..KEYS);
            if self.dice.random_bool(0.2) {
                tx.publish(&Painted { key: format!("k{key}") }).unwrap();
                continue;
            }
            self.said[key] += 1;
            tx.publish(&Counted { key: format!("k{key}"), n: self.said[key] }).unwrap();
        }
        tx.commit().await.unwrap();
    }

    async fn begin(&mut self) {
        if self.sender.is_none() {
            let window = self.one_of(&[1, 3, 10, 500]);
            let batch = self.one_of(&[1, 4, 64]);
            let options = Options { window, batch, ..tidy() };
            self.sender = Some(self.town.shop(&["ear"], options).await.1);
        }
        if self.receiver.is_none() {
            let lane = self.one_of(&[1, 4, 64]);
            let options = Options { lane, ..patient() };
            self.receiver = Some(self.town.ear("ear", &Ear::new(), options).await.1);
        }
    }

    async fn end_sender(&mut self) {
        let kills = self.dice.random();
        end(self.sender.take(), kills).await;
    }

    async fn end_receiver(&mut self) {
        let kills = self.dice.random();
        end(self.receiver.take(), kills).await;
    }

    fn fault(&mut self) {
        let link = self.town.joint.link("ear");
        let faults = link.faults();
        let fault = self.one_of(&[&faults.drop_answer, &faults.deliver_twice, &faults.refuse]);
        fault.store(self.dice.random_range(1..4), SeqCst);
    }
}

async fn end(node: Option<Node>, kills: bool) {
    match node {
        Some(node) if kills => node.kill().await,
        Some(node) => node.drain().await,
        None => {}
    }
}

async fn whatever_happens_everything_is_applied_once_and_in_order(world: World) {
    let seed = rand::random();
    println!("the seed is {seed}");
    let mut chaos = Chaos::new(world, seed).await;
    for _ in 0..STEPS {
        chaos.step().await;
    }
    chaos.begin().await;
    let (sender, receiver) = (chaos.sender.take().unwrap(), chaos.receiver.take().unwrap());
    let db = chaos.town.world.database("ear").await;
    let all: i64 = chaos.said.iter().sum();
    eventually("all is applied", LIMIT * 2, async || {
        effects(&db, "ear").await.values().map(Vec::len).sum::<usize>() as i64 >= all
    })
    .await;
    quiet(&[&sender, &receiver]).await;
    let effects = effects(&db, "ear").await;
    for (key, last) in chaos.said.iter().enumerate().filter(|(_, last)| **last > 0) {
        assert_eq!(effects[&format!("k{key}")], (1..=*last).collect::<Vec<_>>(), "{key}");
    }
    assert_eq!(count(&db, "parked").await, 0);
    let shop = &chaos.shop;
    eventually("the outbox is empty", LIMIT, async || count(shop, "outbox").await == 0).await;
}
