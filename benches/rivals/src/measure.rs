//! Rounds of calls: how long each took, and what they cost in processor time.

use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures::future::BoxFuture;
use rustix::time::{ClockId, clock_gettime};
use tokio::task::JoinSet;

use crate::goods::WANTED;

/// One way to ask, and its name.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    /// Whether a broker works for it, whose processor time counts as well.
    pub(crate) brokered: bool,
    round: Box<dyn Fn(usize, Duration) -> BoxFuture<'static, Result<Calls>>>,
}

/// What one round came to.
pub(crate) struct Calls {
    /// In nanoseconds, ascending.
    latencies: Vec<u32>,
    elapsed: Duration,
    /// Of this process: both sides.
    cpu: Duration,
    /// Of the broker, where one is at work.
    broker: Option<Duration>,
}

impl Contestant {
    /// `ask` makes one call and says how many variants came back.
    pub(crate) fn new<F, A>(name: &'static str, ask: F) -> Self
    where
        F: Fn() -> A + Clone + Send + 'static,
        A: Future<Output = Result<usize>> + Send + 'static,
    {
        let round = move |callers, time| -> BoxFuture<'static, Result<Calls>> {
            Box::pin(round(ask.clone(), callers, time))
        };
        Self { name, brokered: false, round: Box::new(round) }
    }

    pub(crate) fn over_a_broker(self) -> Self {
        Self { brokered: true, ..self }
    }

    /// So many callers, each of which asks again as soon as it has its answer.
    pub(crate) async fn round(&self, callers: usize, time: Duration) -> Result<Calls> {
        (self.round)(callers, time).await
    }
}

async fn round<F, A>(ask: F, callers: usize, time: Duration) -> Result<Calls>
where
    F: Fn() -> A + Clone + Send + 'static,
    A: Future<Output = Result<usize>> + Send + 'static,
{
    let (cpu, begun) = (processor_time(), Instant::now());
    let mut asking = JoinSet::new();
    for _ in 0..callers {
        asking.spawn(keep_asking(ask.clone(), begun + time));
    }
    let asked = asking.join_all().await;
    let (cpu, elapsed) = (processor_time() - cpu, begun.elapsed());
    let mut latencies = asked.into_iter().collect::<Result<Vec<_>>>()?.concat();
    latencies.sort_unstable();
    Ok(Calls { latencies, elapsed, cpu, broker: None })
}

async fn keep_asking<F, A>(ask: F, until: Instant) -> Result<Vec<u32>>
where
    F: Fn() -> A,
    A: Future<Output = Result<usize>>,
{
    let mut latencies = Vec::new();
    let mut begun = Instant::now();
    while begun < until {
        let found = ask().await?;
        ensure!(found == WANTED, "{found} variants came back");
        let ended = Instant::now();
        latencies.push(u32::try_from((ended - begun).as_nanos()).unwrap_or(u32::MAX));
        begun = ended;
    }
    Ok(latencies)
}

/// User and system time of all threads of this process, from its start.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::from_secs(seconds)
        + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or_default())
}

impl Calls {
    pub(crate) fn with_broker(self, cpu: Option<Duration>) -> Self {
        Self { broker: cpu, ..self }
    }

    /// The latency that this share of the calls did not exceed, in microseconds.
    pub(crate) fn micros(&self, share: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        self.latencies.get(at).map_or(f64::NAN, |nanos| f64::from(*nanos) / 1e3)
    }

    /// Processor time of both sides for one call, in microseconds.
    pub(crate) fn cpu_micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.latencies.len() as f64
    }

    /// Processor time of the broker for one call, in microseconds.
    pub(crate) fn broker_micros(&self) -> Option<f64> {
        Some(self.broker?.as_secs_f64() * 1e6 / self.latencies.len() as f64)
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }
}
