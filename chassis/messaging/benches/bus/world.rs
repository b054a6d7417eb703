//! What is published, and what becomes of it.

use std::{
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use hdrhistogram::Histogram;
use kernel::{Event, Message};
use messaging::{Delivery, Failure, Handle, Publish};
use sea_orm::{ConnectionTrait, Statement};
use serde::{Deserialize, Serialize};
use storage::{Attachment, Database, Error, Tx};

/// A number about something.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) key: String,
    pub(crate) n: i64,
    /// Microseconds from the begin of the program to that of the transaction.
    pub(crate) at: u64,
    /// It fails, however often it is tried.
    pub(crate) poison: bool,
}

impl Message for Counted {
    const CHANNEL: &'static str = "shop.count";
    const TYPE: &'static str = "counted";
    fn key(&self) -> String {
        self.key.clone()
    }
}

impl Event for Counted {}

impl Counted {
    /// Said now, and to be applied.
    pub(crate) fn healthy(key: usize, n: usize) -> Self {
        let (key, n) = (format!("k{key}"), i64::try_from(n).unwrap());
        Self { key, n, at: micros(), poison: false }
    }
}

static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Microseconds since the begin of the program.
pub(crate) fn micros() -> u64 {
    u64::try_from(BEGIN.elapsed().as_micros()).unwrap()
}

/// What was applied.
pub(crate) struct Board {
    applied: AtomicU64,
    /// Microseconds from the begin of a publishing transaction to the commit of the applying one.
    latency: Mutex<Histogram<u64>>,
}

impl Board {
    pub(crate) fn new() -> Arc<Self> {
        let latency = Mutex::new(Histogram::new(3).unwrap());
        Arc::new(Self { applied: AtomicU64::new(0), latency })
    }

    pub(crate) fn applied(&self) -> u64 {
        self.applied.load(SeqCst)
    }

    pub(crate) async fn until(&self, applied: u64) {
        while self.applied() < applied {
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
    }

    /// Gives the latencies since this was asked last.
    pub(crate) fn take_latency(&self) -> Histogram<u64> {
        std::mem::replace(&mut *self.latency.lock().unwrap(), Histogram::new(3).unwrap())
    }

    fn committed(&self, begun: &[u64]) {
        let now = micros();
        let mut latency = self.latency.lock().unwrap();
        for at in begun {
            latency.record(now.saturating_sub(*at)).unwrap();
        }
        drop(latency);
        self.applied.fetch_add(u64::try_from(begun.len()).unwrap(), SeqCst);
    }
}

/// Writes a row for every event.
pub(crate) struct Ear(pub(crate) Arc<Board>);

#[async_trait]
impl Handle<Counted> for Ear {
    async fn handle(&self, tx: &mut Tx, it: Counted, _: &Delivery) -> Result<(), Failure> {
        if it.poison {
            return Err(Failure::transient("it is poisoned"));
        }
        let sql = "INSERT INTO effect (who, key, n) VALUES ('ear', $1, $2)";
        let (backend, values) = (tx.get_database_backend(), [it.key.into(), it.n.into()]);
        tx.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
        let heard = tx.attachment::<Heard>();
        heard.board = Some(Arc::clone(&self.0));
        heard.begun.push(it.at);
        Ok(())
    }
}

/// What a transaction has applied.
#[derive(Default)]
struct Heard {
    board: Option<Arc<Board>>,
    begun: Vec<u64>,
}

#[async_trait]
impl Attachment for Heard {
    async fn before_commit(&mut self, _: &Tx) -> Result<(), Error> {
        Ok(())
    }

    fn committed(self: Box<Self>, _: &Database) {
        if let Some(board) = &self.board {
            board.committed(&self.begun);
        }
    }
}

/// Publishes the events in one transaction.
pub(crate) async fn say(shop: &Database, events: impl IntoIterator<Item = Counted>) {
    let mut tx = shop.begin().await.unwrap();
    for event in events {
        tx.publish(&event).unwrap();
    }
    tx.commit().await.unwrap();
}

/// Processor time of this process so far, both processes of a pair together.
pub(crate) fn processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    // utime and stime, fields 14 and 15 of proc(5), in hundredths of a second.
    let ticks = after.split_whitespace().skip(11).take(2).filter_map(|it| it.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}
