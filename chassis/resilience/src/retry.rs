//! A call that was lost is tried once more, where that cannot do harm.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ports::{Call, Kind, Reply, Transport, Unreachable, async_trait};

use crate::{
    core::budget::Allowance,
    edge::{Edge, count},
    numbers,
};

/// Tries once more at most. The second try says that it is one, and nobody behind it tries again.
pub struct Retry<T> {
    edge: Arc<Edge>,
    inner: T,
}

impl<T: Transport> Retry<T> {
    /// Around `inner`, with the budget of `edge`.
    pub fn new(edge: Arc<Edge>, inner: T) -> Self {
        Self { edge, inner }
    }
}

#[async_trait]
impl<T: Transport> Transport for Retry<T> {
    async fn call(&self, call: Call) -> Result<Reply, Unreachable> {
        let (edge, by) = (&*self.edge, allowance(&self.edge.numbers().retry));
        edge.budget.save(edge.clock.now(), by);
        let mut again = call.clone();
        let lost = match self.inner.call(call).await {
            Err(lost) if may_try_again(&again, &lost) => lost,
            answer => return answer,
        };
        let pause = pause(&edge.numbers().retry, rand::random());
        let until = Instant::now() + pause;
        if until >= again.headers.deadline || edge.breaker.is_refusing(edge.clock.now()) {
            return Err(lost);
        }
        if !edge.budget.spend(edge.clock.now(), by) {
            count(&edge.counted.unaffordable);
            return Err(lost);
        }
        tokio::time::sleep_until(until.into()).await;
        count(&edge.counted.retried);
        tracing::debug!(edge = edge.name, method = &*again.method, %lost, "trying once more");
        again.headers.is_repeat = true;
        self.inner.call(again).await
    }
}

/// Whether trying again can help, and cannot do anything twice.
fn may_try_again(call: &Call, lost: &Unreachable) -> bool {
    let is_harmless = match lost {
        Unreachable::NotTaken(_) | Unreachable::Busy(_) => true,
        Unreachable::NoReply(_) => {
            call.kind == Kind::Query || call.headers.idempotency_key.is_some()
        }
        // There is no time, or it would be answered as it was.
        Unreachable::DeadlineExceeded | Unreachable::Broken(_) => false,
    };
    is_harmless && !call.headers.is_repeat
}

pub(crate) fn allowance(by: &numbers::Retry) -> Allowance {
    Allowance { percent: by.percent, per_second: by.per_second }
}

/// Full jitter: any pause between the shortest and the longest.
fn pause(by: &numbers::Retry, dice: f64) -> Duration {
    by.least_pause + by.most_pause.saturating_sub(by.least_pause).mul_f64(dice)
}
