//! What providers tell us of their own accord: kept at once, looked into afterwards.
//!
//! A webhook is verified and stored, and nothing else, before it is answered. What it says about money is
//! not believed: it is a reason to ask the provider, and asking twice changes nothing. So webhooks may
//! come twice, late, out of order, and before the answer to the charge that they are about.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use kernel::Clock;
use payments_api::{Error, Noticed, Webhook};
use storage::{Database, Failure};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{
    domain,
    handover::Handover,
    provider::{Providers, Silence},
    settler::Settler,
    store::inbox::{self, Waiting},
};

/// How many are looked into in one round, and how many of them at once.
const ROUND: u64 = 64;
const AT_ONCE: usize = 8;

/// Where webhooks come in. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Inbox {
    pub(crate) db: Database,
    pub(crate) providers: Providers,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) news: Arc<Notify>,
}

impl Inbox {
    /// Keeps a webhook, if it is the provider's.
    pub(crate) async fn receive(&self, webhook: &Webhook) -> Result<Noticed, Failure<Error>> {
        let unknown = || Failure::Refused(Error::UnknownProvider(webhook.provider.clone()));
        let provider = self.providers.named(&webhook.provider).ok_or_else(unknown)?;
        let now = self.clock.now();
        let notice = provider.verify_webhook(webhook, now).map_err(|forged| {
            tracing::warn!(provider = webhook.provider, why = forged.0, "a webhook is refused");
            Failure::Refused(Error::Forged(forged.0.to_owned()))
        })?;
        let (provider, body) = (&*webhook.provider, &*webhook.body);
        let new = inbox::keep(&self.db, provider, &notice, body, now).await?;
        if new {
            self.news.notify_one();
        }
        Ok(Noticed { again: !new })
    }
}

/// Looks into what came in.
pub(crate) struct Reader {
    pub(crate) inbox: Inbox,
    pub(crate) settler: Arc<Settler>,
    pub(crate) driver: Handover,
}

impl Reader {
    /// Reads until `stop`: whenever something comes in, and now and then what could not be looked into.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let every = self.settler.settings.reconcile_every;
        while !stop.is_cancelled() {
            if self.round().await {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.inbox.news.notified() => {}
                () = tokio::time::sleep(every) => {}
            }
        }
    }

    /// Looks into the oldest ones; says whether there may be more that can be looked into now.
    async fn round(&self) -> bool {
        let waiting = match inbox::waiting(&self.inbox.db, ROUND).await {
            Ok(waiting) => waiting,
            Err(cause) => {
                tracing::error!(%cause, "webhooks were not looked for");
                return false;
            }
        };
        let full = waiting.len() as u64 == ROUND;
        let looked = stream::iter(waiting).map(|one| self.look_into(one));
        let done: Vec<bool> = looked.buffer_unordered(AT_ONCE).collect().await;
        full && done.contains(&true)
    }

    async fn look_into(&self, waiting: Waiting) -> bool {
        let done = match self.look(&waiting).await {
            Ok(()) => inbox::done(&self.inbox.db, &waiting, self.inbox.clock.now()).await,
            Err(Failure::Storage(cause)) => Err(cause),
            Err(Failure::Refused(silence)) => {
                tracing::warn!(event = waiting.event, %silence, "a webhook waits for its provider");
                return false;
            }
        };
        if let Err(cause) = &done {
            tracing::error!(event = waiting.event, %cause, "a webhook was not looked into");
        }
        done.is_ok()
    }

    /// Asks the provider about the payment, and leaves what is to be done then to the driver.
    async fn look(&self, waiting: &Waiting) -> Result<(), Failure<Silence>> {
        let Some(id) = waiting.payment else { return Ok(()) };
        let Some(payment) = self.settler.look(id).await? else { return Ok(()) };
        if domain::work(&payment, self.inbox.clock.now()).is_some() {
            self.driver.give(payment);
        }
        Ok(())
    }
}

/// How often webhooks that were looked into long ago are removed.
pub(crate) const SWEEP: Duration = Duration::from_secs(3600);

/// Removes what was looked into long ago.
pub(crate) async fn sweep(db: &Database, kept: Duration, clock: &dyn Clock) {
    if let Err(cause) = inbox::sweep(db, kept, clock.now()).await {
        tracing::warn!(%cause, "old webhooks could not be removed");
    }
}
