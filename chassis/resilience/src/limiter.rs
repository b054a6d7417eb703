//! A process takes no more calls at once than it can answer as fast as it usually does.

use std::{sync::Arc, time::Duration};

use ports::{Call, Reply, Transport, Unreachable, async_trait};
use serde::{Deserialize, Serialize};

use crate::{
    Clock,
    core::gradient::{Bounds, Class, Gradient},
    numbers::Unusable,
};

/// Between what the limit of a process moves, and how it is shared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ingress {
    /// The limit is never lower.
    pub least: u32,
    /// The limit is never higher; it begins there.
    pub most: u32,
    /// The part of it that calls are sure of for which nobody waits, in percent; the rest is for the others.
    pub batch_percent: u32,
}

/// The limit of one process, for all of its ways in. Cloning shares it.
#[derive(Clone)]
pub struct Limiter(Arc<Inner>);

struct Inner {
    gradient: Gradient,
    bounds: Bounds,
    clock: Clock,
    shed: [std::sync::atomic::AtomicU64; 2],
}

/// A call that was let in. It counts until this is dropped, and its time only when it was answered.
pub struct Entry {
    limiter: Limiter,
    class: Class,
    began: Duration,
    took: Option<Duration>,
}

/// How full a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// How many calls it takes at once now.
    pub limit: u32,
    /// Calls at work for which somebody waits.
    pub live: u32,
    /// Calls at work for which nobody waits.
    pub batch: u32,
    /// Calls that were turned away, of both classes.
    pub shed: u64,
}

impl Default for Ingress {
    fn default() -> Self {
        Self { least: 32, most: 1024, batch_percent: 10 }
    }
}

impl Ingress {
    /// These numbers, if a process can work with them.
    ///
    /// # Errors
    /// Says which number is wrong, and what would do.
    pub fn checked(self) -> Result<Self, Unusable> {
        let rules = [
            (self.least > 0, "least is 0, so nothing might be let in: take 32"),
            (self.least <= self.most, "least is above most: exchange them"),
            (self.batch_percent <= 100, "batch_percent is above 100: take 10"),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            Some((_, sentence)) => Err(Unusable(sentence.to_owned())),
            None => Ok(self),
        }
    }
}

impl Limiter {
    /// The limit of a process that starts now.
    pub fn new(numbers: &Ingress, clock: Clock) -> Self {
        let Ingress { least, most, batch_percent } = *numbers;
        let bounds = Bounds { least, most, batch_percent };
        Self(Arc::new(Inner {
            gradient: Gradient::new(bounds),
            bounds,
            clock,
            shed: std::array::from_fn(|_| 0.into()),
        }))
    }

    /// Lets a call in, if there is room for its class.
    pub fn enter(&self, class: Class) -> Option<Entry> {
        if !self.0.gradient.enter(class, self.0.bounds) {
            let relaxed = std::sync::atomic::Ordering::Relaxed;
            self.0.shed[usize::from(class == Class::Batch)].fetch_add(1, relaxed);
            return None;
        }
        let began = self.0.clock.now();
        Some(Entry { limiter: self.clone(), class, began, took: None })
    }

    /// How full the process is.
    pub fn load(&self) -> Load {
        let (live, batch) = self.0.gradient.at_work();
        let shed = self.0.shed.iter().map(|it| it.load(std::sync::atomic::Ordering::Relaxed)).sum();
        Load { limit: self.0.gradient.limit(self.0.bounds), live, batch, shed }
    }

    /// `inner` behind this limit.
    pub fn before(&self, inner: Arc<dyn Transport>) -> Arc<dyn Transport> {
        Arc::new(Limited { limiter: self.clone(), inner })
    }
}

impl Entry {
    /// It was answered.
    pub fn answered(mut self) {
        self.took = Some(self.limiter.0.clock.now().saturating_sub(self.began));
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let Inner { gradient, bounds, clock, .. } = &*self.limiter.0;
        gradient.leave(self.class, self.took, clock.now(), *bounds);
    }
}

struct Limited {
    limiter: Limiter,
    inner: Arc<dyn Transport>,
}

#[async_trait]
impl Transport for Limited {
    async fn call(&self, call: Call) -> Result<Reply, Unreachable> {
        let Some(entry) = self.limiter.enter(class(&call)) else {
            return Err(Unreachable::Busy(format!("{} has too much to do", call.module)));
        };
        let answer = self.inner.call(call).await;
        if answer.is_ok() {
            entry.answered();
        }
        answer
    }
}

/// What people do to operate a module waits behind what shoppers wait for.
fn class(call: &Call) -> Class {
    if call.method.starts_with("operations.") { Class::Batch } else { Class::Live }
}
