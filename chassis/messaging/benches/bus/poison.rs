//! How much messages that fail cost those about other keys.

use std::time::Instant;

use crate::{
    joints::{Bus, Pair},
    stage::{Place, Servers},
    way,
    world::{Counted, say},
};

/// Pairs of runs: one with healthy messages only, one with others among as many.
const ROUNDS: usize = 5;
/// Healthy messages of a run, and one that fails for so many of them.
const HEALTHY: usize = 10_000;
const ONE_IN: usize = 99;
/// Transactions that are open at once, and messages of each.
const WRITERS: usize = 32;
const TOGETHER: usize = 10;
/// Keys of healthy messages. Each that fails has its own.
const KEYS: usize = 500;

const SOME: [(Bus, Place); 4] = [
    (Bus::InProcess, Place::Sqlite),
    (Bus::InProcess, Place::Ticks),
    (Bus::Http, Place::Ticks),
    (Bus::RabbitMq, Place::Ticks),
];

pub(crate) async fn print(servers: &Servers) {
    println!("\npoison: healthy messages a second, beside one in a hundred that always fails");
    println!(
        "{:<22}{:>16}{:>16}{:>24}",
        "bus / relay", "none, 1/s", "poison, 1/s", "ratio, median of pairs"
    );
    for (bus, place) in SOME {
        let (mut without, mut with, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            // Neither is always the first.
            let order = if round % 2 == 0 { [false, true] } else { [true, false] };
            for poison in order {
                let rate = healthy(servers, bus, place, poison).await;
                if poison {
                    with.push(rate)
                } else {
                    without.push(rate)
                };
            }
            ratios.push(with[round] / without[round]);
        }
        println!(
            "{:<22}{:>16.0}{:>16.0}{:>24.3}",
            way(bus, place),
            median(without),
            median(with),
            median(ratios)
        );
    }
}

async fn healthy(servers: &Servers, bus: Bus, place: Place, poison: bool) -> f64 {
    let stage = servers.stage(place).await;
    let pair = Pair::open(servers, &stage, bus).await;
    say(&stage.shop, (0..1_000).map(|n| Counted::healthy(n % KEYS, n))).await;
    stage.board.until(1_000).await;
    let began = Instant::now();
    let writers = (0..WRITERS).map(|writer| {
        let shop = stage.shop.clone();
        tokio::spawn(async move {
            for turn in 0..HEALTHY / WRITERS / TOGETHER {
                let numbers = (0..TOGETHER).map(|one| (turn * TOGETHER + one) * WRITERS + writer);
                let mut events = Vec::with_capacity(TOGETHER + 1);
                for n in numbers {
                    let event = Counted::healthy(n % KEYS, n);
                    if poison && n % ONE_IN == 0 {
                        let key = format!("poison{n}");
                        events.push(Counted { key, poison: true, ..event.clone() });
                    }
                    events.push(event);
                }
                say(&shop, events).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let all = HEALTHY / WRITERS / TOGETHER * TOGETHER * WRITERS;
    stage.board.until(1_000 + u64::try_from(all).unwrap()).await;
    let rate = all as f64 / began.elapsed().as_secs_f64();
    pair.close().await;
    rate
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
