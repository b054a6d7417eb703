//! How fast an outbox is worked off in which messages have piled up.

use std::time::{Duration, Instant};

use sea_orm::ConnectionTrait;

use crate::{
    WAYS, bare,
    joints::{Bus, Pair},
    stage::{Place, Servers},
    way,
    world::{Counted, processor, say},
};

/// Messages of one publishing transaction, and the keys they are about.
const TOGETHER: usize = 1_000;
const KEYS: usize = 500;

/// What was measured.
pub(crate) struct Pace {
    rate: f64,
    /// Processor time of all processes of ours a message, in microseconds.
    cost: f64,
}

/// A measurement that has begun.
pub(crate) struct Watch {
    began: Instant,
    processor: Duration,
}

pub(crate) async fn print(servers: &Servers, backlog: usize) {
    println!("\nbacklog: {backlog} messages that wait in an outbox");
    println!(
        "{:<22}{:>16}{:>18}{:>22}",
        "bus / relay", "applied, 1/s", "CPU a message, µs", "beside an open tx, 1/s"
    );
    for (bus, place) in WAYS {
        let Pace { rate, cost } = measure(servers, bus, place, backlog, false).await;
        let beside = match place {
            Place::Sqlite => "-".to_owned(),
            Place::Ticks | Place::Log => {
                let beside = measure(servers, bus, place, backlog, true).await;
                format!("{:.0}", beside.rate)
            }
        };
        println!("{:<22}{rate:>16.0}{cost:>18.0}{beside:>22}", way(bus, place));
    }
    let Pace { rate, cost } = bare::carry(&servers.rabbitmq.url(), backlog).await;
    println!("{:<22}{rate:>16.0}{cost:>18.0}{:>22}", "bare lapin", "-");
}

/// From the first message that is applied to the last. `beside` a transaction that began before any of them.
async fn measure(servers: &Servers, bus: Bus, place: Place, backlog: usize, beside: bool) -> Pace {
    let stage = servers.stage(place).await;
    let mut open = None;
    if beside {
        let foreign = stage.shop.begin().await.unwrap();
        foreign.execute_unprepared("SELECT pg_current_xact_id()").await.unwrap();
        open = Some(foreign);
    }
    for turn in 0..backlog.div_ceil(TOGETHER) {
        let events = turn * TOGETHER..backlog.min((turn + 1) * TOGETHER);
        say(&stage.shop, events.map(|n| Counted::healthy(n % KEYS, n))).await;
    }
    let pair = Pair::open_at_once(servers, &stage, bus);
    stage.board.until(1).await;
    let (watch, first) = (Watch::begin(), stage.board.applied());
    stage.board.until(u64::try_from(backlog).unwrap()).await;
    let pace = watch.end(backlog - usize::try_from(first).unwrap());
    pair.close().await;
    if let Some(foreign) = open {
        foreign.rollback().await.unwrap();
    }
    pace
}

impl Watch {
    pub(crate) fn begin() -> Self {
        Self { began: Instant::now(), processor: processor() }
    }

    /// So many messages were carried since.
    pub(crate) fn end(self, messages: usize) -> Pace {
        let (messages, processor) = (messages as f64, processor() - self.processor);
        Pace {
            rate: messages / self.began.elapsed().as_secs_f64(),
            cost: processor.as_secs_f64() * 1_000_000.0 / messages,
        }
    }
}
