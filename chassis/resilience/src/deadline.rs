//! A call ends by its deadline, and is not begun when there is not enough time left.

use std::{sync::Arc, time::Instant};

use ports::{Call, Reply, Transport, Unreachable, async_trait};

use crate::edge::{Edge, count};

/// Waits no longer than the edge's patience, and refuses at once what could not be answered in time.
pub struct Deadline<T> {
    edge: Arc<Edge>,
    inner: T,
}

impl<T: Transport> Deadline<T> {
    /// Around `inner`, with the patience of `edge`.
    pub fn new(edge: Arc<Edge>, inner: T) -> Self {
        Self { edge, inner }
    }
}

#[async_trait]
impl<T: Transport> Transport for Deadline<T> {
    async fn call(&self, mut call: Call) -> Result<Reply, Unreachable> {
        let edge = &*self.edge;
        let (began, now) = (Instant::now(), edge.clock.now());
        let (patience, decay) = {
            let numbers = edge.numbers();
            (numbers.patience, numbers.balancing.decay)
        };
        call.headers.deadline = call.headers.deadline.min(began + patience);
        let left = call.headers.deadline.saturating_duration_since(began);
        let usual = edge.methods.usual(&call.method);
        count(&edge.counted.calls);
        if left.is_zero() || left < usual.at(now, decay) {
            count(&edge.counted.late);
            count(&edge.counted.failed);
            return Err(Unreachable::DeadlineExceeded);
        }
        let answer = self.inner.call(call).await;
        match &answer {
            Ok(_) => {
                let then = edge.clock.now();
                usual.mean(then, then.saturating_sub(now), decay);
            }
            Err(_) => count(&edge.counted.failed),
        }
        answer
    }
}
