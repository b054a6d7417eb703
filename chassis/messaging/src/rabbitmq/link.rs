//! The way of a batch: to the broker, and its acknowledgements back from the subscriber.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::time::{Instant, timeout_at};

use super::{
    expected::Expected,
    publisher::{Letter, Postbox},
    topology::{Names, routing_key},
};
use crate::{Batch, Link, Undelivered};

/// The way to one group.
pub(super) struct Queued {
    pub(super) group: &'static str,
    pub(super) names: Names,
    pub(super) postbox: Postbox,
    pub(super) expected: Arc<Expected>,
    pub(super) resend_after: Duration,
}

/// The longest time after which a message is sent again.
const LONGEST: Duration = Duration::from_mins(10);

impl Queued {
    fn letters(&self, batch: &Batch) -> Result<Vec<Letter>, Undelivered> {
        let letter = |message: &Arc<crate::Envelope>| {
            let body = serde_json::to_vec(&**message)
                .map_err(|cause| Undelivered::Unanswered(format!("no JSON: {cause}")))?;
            let exchange = self.names.exchange(&message.channel);
            Ok(Letter { exchange, id: message.id, body })
        };
        batch.messages.iter().map(letter).collect()
    }

    /// How long the subscriber is waited for: twice as long each time.
    fn patience(&self, unheard: u32) -> Duration {
        self.resend_after.saturating_mul(1 << unheard.min(10)).min(LONGEST)
    }
}

#[async_trait]
impl Link for Queued {
    async fn carry(&self, batch: &Batch) -> Result<Vec<bool>, Undelivered> {
        let letters = self.letters(batch)?;
        let end = Instant::now() + self.patience(batch.unheard);
        let silent = |_| Undelivered::Unanswered("RabbitMQ is away".to_owned());
        timeout_at(end, self.expected.listens()).await.map_err(silent)?;
        let expectation = self.expected.expect(self.group, &batch.messages);
        let key = routing_key(self.group, batch.shard).into();
        let posted = timeout_at(end, self.postbox.post(key, letters)).await;
        if let Err(why) = posted.map_err(silent)? {
            let applied = expectation.applied();
            return if applied.contains(&true) { Ok(applied) } else { Err(why) };
        }
        if timeout_at(end, expectation.settled()).await.is_err() {
            // It may have been delivered to nobody, or nobody may hear the subscriber.
            self.postbox.redeclare();
            self.expected.doubt();
        }
        Ok(expectation.applied())
    }
}
