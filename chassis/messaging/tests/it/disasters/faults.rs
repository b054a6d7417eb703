//! What can go wrong, and how it is mended.

use std::time::Duration;

use rand::{RngExt, rngs::StdRng, seq::SliceRandom};
use sea_orm::ConnectionTrait;
use testkit::{Flow, Proxy};
use tokio::time::sleep;

use super::scene::{PREFIX, PROCESSES, Scene};
use crate::bus::broker::{Hand, wipe};

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    Killed(usize),
    Frozen(usize),
    DatabaseCut(usize),
    DatabaseAway(usize),
    DatabaseMute(usize),
    DatabaseSlow(usize),
    BrokerCut(usize),
    BrokerAway(usize),
    BrokerMute(usize),
    BrokerSlow(usize),
    ForeignTransaction,
    QueuesDeleted,
    PostgresKilled,
    BrokerFull,
    BrokerKilled,
    BrokerWiped,
}

use Fault::{
    BrokerAway, BrokerCut, BrokerFull, BrokerKilled, BrokerMute, BrokerSlow, BrokerWiped,
    DatabaseAway, DatabaseCut, DatabaseMute, DatabaseSlow, ForeignTransaction, Frozen, Killed,
    PostgresKilled, QueuesDeleted,
};

/// Chooses whom it hits.
type Make = fn(&mut StdRng) -> Fault;

/// How often each kind is drawn, of a hundred.
const KINDS: [(Make, u32); 16] = [
    (|dice| Killed(dice.random_range(0..PROCESSES)), 18),
    (|dice| Frozen(dice.random_range(0..PROCESSES)), 10),
    (|dice| DatabaseCut(dice.random_range(0..3)), 10),
    (|dice| DatabaseAway(dice.random_range(0..3)), 8),
    (|dice| DatabaseMute(dice.random_range(0..3)), 10),
    (|dice| DatabaseSlow(dice.random_range(0..3)), 5),
    (|dice| BrokerCut(dice.random_range(0..2)), 10),
    (|dice| BrokerAway(dice.random_range(0..2)), 6),
    (|dice| BrokerMute(dice.random_range(0..2)), 7),
    (|dice| BrokerSlow(dice.random_range(0..2)), 3),
    (|_| ForeignTransaction, 3),
    (|_| QueuesDeleted, 2),
    (|_| PostgresKilled, 3),
    (|_| BrokerFull, 2),
    (|_| BrokerKilled, 2),
    (|_| BrokerWiped, 1),
];

/// What a slow link adds to each piece.
const LAG: Duration = Duration::from_millis(30);
/// How long a process is frozen beyond what other faults last: longer than a lease.
const FROZEN: Duration = Duration::from_millis(1_200);

impl Fault {
    /// Each kind so many times, in any order.
    pub(super) fn each(times: usize, dice: &mut StdRng) -> Vec<Self> {
        let kinds = KINDS.iter().cycle().take(KINDS.len() * times);
        let mut all: Vec<_> = kinds.map(|(make, _)| make(dice)).collect();
        all.shuffle(dice);
        all
    }

    /// Any, by how often each kind is drawn.
    pub(super) fn draw(dice: &mut StdRng) -> Self {
        let mut drawn = dice.random_range(0..KINDS.iter().map(|(_, often)| often).sum());
        for (make, often) in KINDS {
            if drawn < often {
                return make(dice);
            }
            drawn -= often;
        }
        unreachable!("less than the sum was drawn")
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Killed(_) => "a process is killed",
            Frozen(_) => "a process stands still",
            DatabaseCut(_) => "connections to a database are cut",
            DatabaseAway(_) => "a database cannot be reached",
            DatabaseMute(_) => "a database's answers are lost",
            DatabaseSlow(_) => "the way to a database is slow",
            BrokerCut(_) => "connections to the broker are cut",
            BrokerAway(_) => "the broker cannot be reached",
            BrokerMute(_) => "the broker's answers are lost",
            BrokerSlow(_) => "the way to the broker is slow",
            ForeignTransaction => "somebody holds a transaction open",
            QueuesDeleted => "queues are deleted",
            PostgresKilled => "Postgres is killed",
            BrokerFull => "the broker is short of memory",
            BrokerKilled => "the broker is killed",
            BrokerWiped => "the broker is killed and loses its disk",
        }
    }
}

impl Scene {
    /// Lets it go wrong, for as long as `held`, and mends it.
    pub(super) async fn strike(&mut self, fault: &Fault, held: Duration) {
        match *fault {
            Killed(nth) => self.kill(nth, held).await,
            Frozen(nth) => self.freeze(nth, held + FROZEN).await,
            DatabaseCut(nth) => self.to_database[nth].cut(),
            DatabaseAway(nth) => away(&self.to_database[nth], held).await,
            DatabaseMute(nth) => mute(&self.to_database[nth], held).await,
            DatabaseSlow(nth) => slow(&self.to_database[nth], held).await,
            BrokerCut(nth) => self.to_broker[nth].cut(),
            BrokerAway(nth) => away(&self.to_broker[nth], held).await,
            BrokerMute(nth) => mute(&self.to_broker[nth], held).await,
            BrokerSlow(nth) => slow(&self.to_broker[nth], held).await,
            ForeignTransaction => {
                let stranger = self.stranger().await;
                let tx = stranger.begin().await.unwrap();
                tx.execute_unprepared("SELECT pg_current_xact_id()").await.unwrap();
                sleep(held * 4).await;
                tx.rollback().await.unwrap();
            }
            QueuesDeleted => {
                let hand = Hand::at(&self.rabbitmq.url()).await;
                hand.delete_queues(PREFIX, "ear").await;
            }
            PostgresKilled => {
                self.postgres.kill().await.unwrap();
                sleep(held).await;
                self.postgres.restart().await.unwrap();
            }
            BrokerFull => {
                let mark = async |mark| {
                    self.rabbitmq.ctl(&["set_vm_memory_high_watermark", mark]).await.unwrap();
                };
                mark("0.00001").await;
                sleep(held).await;
                mark("0.4").await;
            }
            BrokerKilled => {
                self.rabbitmq.kill().await.unwrap();
                sleep(held).await;
                self.rabbitmq.restart().await.unwrap();
            }
            BrokerWiped => {
                self.rabbitmq.kill().await.unwrap();
                wipe(self.folder());
                self.rabbitmq.restart().await.unwrap();
            }
        }
    }
}

async fn away(link: &Proxy, held: Duration) {
    link.refuse();
    sleep(held).await;
    link.accept();
}

/// What the server does is done, and nobody hears of it.
async fn mute(link: &Proxy, held: Duration) {
    link.to_client(Flow::Swallow);
    sleep(held).await;
    link.cut();
    link.to_client(Flow::Pass);
}

async fn slow(link: &Proxy, held: Duration) {
    link.to_client(Flow::Delay(LAG));
    sleep(held).await;
    link.to_client(Flow::Pass);
}
