//! An open-loop load: each piece of work begins when its time has come, however slow the answers.
//!
//! Customers do not wait for each other. A generator that sends its next request after the last
//! answer would slow down together with the server and hide its worst moments (Gil Tene's
//! "coordinated omission"), so here the times of arrival are fixed beforehand, and latency counts
//! from the intended time of arrival. The timer's granularity of 1 ms counts as latency as well:
//! the figures err on the high side.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use hdrhistogram::Histogram;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

/// How many causes of failure are kept.
const CAUSES: usize = 5;

/// How much work arrives, and when.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// Arrivals a second, evenly spaced.
    pub(crate) rate: f64,
    /// Nothing arrives after this time,
    pub(crate) time: Duration,
    /// nor after this many arrivals.
    pub(crate) count: u64,
    /// Work at hand at one time. What arrives beyond it waits, and its latency counts the wait.
    pub(crate) concurrency: usize,
    /// How long after the last arrival unfinished work is waited for.
    pub(crate) patience: Duration,
}

/// What became of the work.
pub(crate) struct Report<T> {
    /// What the completed pieces returned, in order of completion.
    pub(crate) answers: Vec<T>,
    /// From intended arrival to completion; completed pieces only.
    pub(crate) latency: Latency,
    /// Pieces that returned an error.
    pub(crate) failed: u64,
    /// The first errors, for whoever has to explain `failed`.
    pub(crate) causes: Vec<String>,
    /// Pieces that had no answer when patience was over.
    pub(crate) unfinished: u64,
    /// From the first arrival to the last completion, or to the end of patience.
    pub(crate) elapsed: Duration,
}

impl Load {
    /// Puts the load on `work`, which is told the number of its arrival, from 0 on.
    pub(crate) async fn run<T, F>(self, work: impl Fn(u64) -> F) -> Report<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let begun = Instant::now();
        let places = Arc::new(Semaphore::new(self.concurrency));
        let mut pieces = JoinSet::new();
        let mut report = Report::new();
        for (number, arrival) in self.arrivals(begun) {
            sleep_until(arrival).await;
            let places = Arc::clone(&places);
            let piece = work(number);
            pieces.spawn(async move {
                let _place = places.acquire().await?;
                let answer = piece.await?;
                Ok((answer, arrival.elapsed()))
            });
            while let Some(ended) = pieces.try_join_next() {
                report.add(ended.map_err(anyhow::Error::from).flatten());
            }
        }
        let end = Instant::now() + self.patience;
        while let Ok(Some(ended)) = timeout_at(end, pieces.join_next()).await {
            report.add(ended.map_err(anyhow::Error::from).flatten());
        }
        report.unfinished = pieces.len() as u64;
        report.elapsed = begun.elapsed();
        report
    }

    fn arrivals(self, begun: Instant) -> impl Iterator<Item = (u64, Instant)> {
        let offset = move |number: u64| Duration::from_secs_f64(number as f64 / self.rate);
        (0..self.count)
            .map(move |number| (number, offset(number)))
            .take_while(move |(_, offset)| *offset < self.time)
            .map(move |(number, offset)| (number, begun + offset))
    }
}

impl<T> Report<T> {
    fn new() -> Self {
        Self {
            answers: Vec::new(),
            latency: Latency::new(),
            failed: 0,
            causes: Vec::new(),
            unfinished: 0,
            elapsed: Duration::ZERO,
        }
    }

    fn add(&mut self, piece: Result<(T, Duration)>) {
        match piece {
            Ok((answer, latency)) => {
                self.answers.push(answer);
                self.latency.record(latency);
            }
            Err(cause) => {
                self.failed += 1;
                if self.causes.len() < CAUSES {
                    self.causes.push(format!("{cause:#}"));
                }
            }
        }
    }

    /// Completed pieces a second, over the whole time.
    pub(crate) fn throughput(&self) -> f64 {
        self.answers.len() as f64 / self.elapsed.as_secs_f64()
    }
}

/// The longest duration that is told apart from longer ones: an hour, in microseconds.
const LONGEST: u64 = 3_600_000_000;

/// A distribution of durations, in microseconds, three digits exact.
pub(crate) struct Latency(Histogram<u64>);

impl Latency {
    pub(crate) fn new() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST, 3).expect("the bounds are in order"))
    }

    /// Counts everything that `other` has counted.
    pub(crate) fn add(&mut self, other: &Self) -> Result<()> {
        Ok(self.0.add(&other.0)?)
    }

    pub(crate) fn record(&mut self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(LONGEST);
        self.0.saturating_record(micros);
    }

    /// The duration that this share of the measured ones, as 0.99, does not exceed.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        Duration::from_micros(self.0.value_at_quantile(share))
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |share| self.quantile(share).as_secs_f64() * 1e3;
        let (p50, p90, p99, max) = (ms(0.5), ms(0.9), ms(0.99), ms(1.0));
        write!(f, "p50 {p50:.1} ms, p90 {p90:.1} ms, p99 {p99:.1} ms, max {max:.1} ms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn load() -> Load {
        Load { rate: 1000.0, time: 5000 * MS, count: 50, concurrency: 50, patience: 5000 * MS }
    }

    #[tokio::test]
    async fn all_work_is_counted_once() {
        let odd_ones_fail = |number| async move {
            anyhow::ensure!(number % 2 == 0, "{number} is odd");
            Ok(number)
        };
        let report = load().run(odd_ones_fail).await;
        let mut answers = report.answers;
        answers.sort_unstable();
        assert_eq!(answers, (0..50).step_by(2).collect::<Vec<u64>>());
        assert_eq!((report.failed, report.unfinished), (25, 0));
        assert_eq!(report.causes.len(), CAUSES);
        assert!(report.causes[0].contains("is odd"));
    }

    #[tokio::test]
    async fn nothing_arrives_when_the_time_is_over() {
        let report = Load { time: 20 * MS, ..load() }.run(|_| async { Ok(()) }).await;
        assert_eq!(report.answers.len(), 20);
        assert!(report.throughput() <= 1050.0);
    }

    #[tokio::test]
    async fn a_slow_answer_does_not_delay_the_next_arrival() {
        let slow = |_| async {
            tokio::time::sleep(100 * MS).await;
            Ok(())
        };
        let report = load().run(slow).await;
        assert!(report.elapsed < 1000 * MS, "one after the other takes 5 s");
    }

    #[tokio::test]
    async fn latency_counts_the_wait_for_a_free_place() {
        let slow = |_| async {
            tokio::time::sleep(10 * MS).await;
            Ok(())
        };
        let report = Load { concurrency: 1, ..load() }.run(slow).await;
        assert!(report.latency.quantile(1.0) >= 400 * MS, "{}", report.latency);
        assert!(report.latency.quantile(0.5) >= 200 * MS, "{}", report.latency);
    }

    #[tokio::test]
    async fn work_without_an_answer_is_reported_as_unfinished() {
        let never = |_| std::future::pending::<Result<()>>();
        let report = Load { count: 3, patience: 10 * MS, ..load() }.run(never).await;
        assert_eq!((report.answers.len(), report.failed, report.unfinished), (0, 0, 3));
    }
}
