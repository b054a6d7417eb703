//! Sends what waits, when its time has come.
//!
//! A mail is claimed before it is posted: its time moves on behind the moment at which the server must
//! have answered. Whoever dies in between leaves it to be found again, and replicas do not send it twice.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use kernel::Clock;
use storage::{Database, Error};
use tokio::{sync::Notify, time::sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    domain::{self, Reader, Tried},
    letters::Letters,
    post::{NotTaken, Outgoing, Post},
    settings::Settings,
    store::{self, Waiting},
};

/// Mails looked at in one round.
const AT_ONCE: u64 = 64;
/// The longest time between two looks: another process may have written a mail.
const LONGEST_LOOK: Duration = Duration::from_secs(10);
/// How much longer than the server may take a mail is claimed.
const GRACE: Duration = Duration::from_secs(10);

pub(crate) struct Sender {
    pub(crate) db: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) letters: Arc<Letters>,
    pub(crate) post: Post,
    pub(crate) settings: Settings,
    /// Somebody has written a mail.
    pub(crate) woken: Arc<Notify>,
}

impl Sender {
    /// Works until `stop`; then finishes what it has in hand.
    pub(crate) async fn run(self, stop: CancellationToken) {
        loop {
            let pause = match self.round(&stop).await {
                Ok(pause) => pause,
                Err(cause) => {
                    tracing::error!(%cause, "mails that wait were not looked for");
                    LONGEST_LOOK
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.woken.notified() => {}
                () = sleep(pause) => {}
            }
        }
    }

    /// Sends what is due; gives the time until the next look.
    async fn round(&self, stop: &CancellationToken) -> Result<Duration, Error> {
        let due = store::due(&self.db, self.clock.now(), AT_ONCE).await?;
        stream::iter(due)
            .take_while(|_| std::future::ready(!stop.is_cancelled()))
            .for_each_concurrent(self.settings.parallel.max(1), async |mail| {
                let id = mail.id;
                if let Err(cause) = self.attempt(mail).await {
                    tracing::error!(mail = %id, %cause, "what became of a mail was not recorded");
                }
            })
            .await;
        let next = store::next(&self.db).await?;
        let left = next.map_or(LONGEST_LOOK, |next| next.since(self.clock.now()));
        Ok(left.min(LONGEST_LOOK))
    }

    async fn attempt(&self, mail: Waiting) -> Result<(), Error> {
        let claimed = self.clock.now().plus(self.settings.timeout + GRACE);
        let Some(mail) = store::claim(&self.db, mail, claimed).await? else { return Ok(()) };
        let tried = self.post(&mail).await;
        let now = self.clock.now();
        let fate = domain::fate(tried, mail.attempts, mail.created_at, now, &self.settings);
        store::settle(&self.db, &mail, &fate, now).await
    }

    async fn post(&self, mail: &Waiting) -> Tried {
        let (address, name) = match mail.reader() {
            Reader::Known { address, name } => (address, name),
            Reader::Unknown => {
                return Tried::NotNow("nobody has told where it goes yet".to_owned());
            }
            Reader::Gone => return Tried::Gone,
        };
        let particulars = mail.particulars(name.clone());
        let written = match self.letters.write(&mail.content, &particulars) {
            Ok(written) => written,
            Err(cause) => return Tried::Refused(format!("it cannot be written: {cause}")),
        };
        let (address, name) = (address.as_str(), name.as_deref());
        let (id, created_at) = (mail.id, mail.created_at);
        let outgoing = Outgoing { id, address, name, written: &written, created_at };
        match self.post.send(&outgoing).await {
            Ok(()) => Tried::Taken { address: address.to_owned(), subject: written.subject },
            Err(NotTaken::Now(reason)) => {
                tracing::warn!(mail = %mail.id, reason, attempts = mail.attempts, "a mail was not taken");
                Tried::NotNow(reason)
            }
            Err(NotTaken::Ever(reason)) => {
                tracing::error!(mail = %mail.id, reason, "a mail was refused");
                Tried::Refused(reason)
            }
        }
    }
}
