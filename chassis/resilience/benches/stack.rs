//! What the stack of an edge costs a call that is answered at once: `cargo bench -p resilience`.
//!
//! Rounds are interleaved, so that the ratios can be trusted even on a busy machine.

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use discovery::Instances;
use ports::{Call, Context, Kind, Outcome, Reply, Transport, Unreachable, async_trait};
use resilience::{Clock, Edge, Ingress, Limiter, Numbers};

const ROUNDS: usize = 31;
const CALLS: u32 = 20_000;

/// Answers at once.
struct Echo;

#[async_trait]
impl Transport for Echo {
    async fn call(&self, call: Call) -> Result<Reply, Unreachable> {
        Ok(Reply { outcome: Outcome::Done, body: call.body, age: None })
    }
}

fn stack(instances: usize) -> Arc<dyn Transport> {
    let addresses = (0..instances).map(|number| format!("127.0.0.1:{number}"));
    let dial = Box::new(|_: &discovery::Instance| Arc::new(Echo) as Arc<dyn Transport>);
    let known = Instances::fixed(addresses);
    Edge::new(("carts", "products"), Numbers::default(), Clock::system(), known, dial).transport()
}

fn main() {
    let limiter = Limiter::new(&Ingress::default(), Clock::system());
    let doors: [(&str, Arc<dyn Transport>); 4] = [
        ("no stack", Arc::new(Echo)),
        ("limit of a process", limiter.before(Arc::new(Echo))),
        ("stack, one instance", stack(1)),
        ("stack, four instances", stack(4)),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let mut measured = [const { Vec::new() }; 4];
    for _ in 0..ROUNDS {
        for ((_, door), rounds) in doors.iter().zip(&mut measured) {
            rounds.push(runtime.block_on(calls(&**door)));
        }
    }
    let nanos = measured.map(|rounds| median(rounds).as_secs_f64() * 1e9 / f64::from(CALLS));
    println!("one call, the median of {ROUNDS} interleaved rounds of {CALLS}");
    for ((name, _), took) in doors.iter().zip(nanos) {
        println!("{name:26} {took:>8.1} ns {:>+8.1} ns", took - nanos[0]);
    }
}

async fn calls(door: &dyn Transport) -> Duration {
    let headers = Context::begin("carts", Duration::from_secs(3600)).into();
    let (module, method) = ("products".into(), "variants".into());
    let body = Bytes::from_static(b"[]");
    let call = Call { module, method, kind: Kind::Query, headers, body };
    let began = Instant::now();
    for _ in 0..CALLS {
        black_box(door.call(call.clone()).await).expect("an answer");
    }
    began.elapsed()
}

fn median(mut rounds: Vec<Duration>) -> Duration {
    rounds.sort_unstable();
    rounds[rounds.len() / 2]
}
