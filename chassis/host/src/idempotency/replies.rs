//! How a handler carries out an intention once.

use std::{future::Future, sync::Arc};

use kernel::{Clock, Code};
use serde::{Serialize, de::DeserializeOwned};
use storage::{Database, Failure};

use super::{
    InFlight, Lookup, lookup,
    remember::{Wanted, recorded},
    reused, sweeper,
};
use crate::{Answer, Background, Intent, Problem, Who};

/// The replies that a module gave under `Idempotency-Key`s. Made in the module's `open`, shared with its
/// routes. Cloning shares it.
#[derive(Clone)]
pub struct Replies {
    db: Database,
    clock: Arc<dyn Clock>,
    in_flight: InFlight,
}

/// The reply to an intention, and whether it was given before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once<T> {
    /// What the port replied, now or the first time.
    pub reply: T,
    /// Whether nothing was done now.
    pub replayed: bool,
}

impl Replies {
    /// The replies that are kept in `db`.
    pub fn new(db: Database, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock, in_flight: InFlight::default() }
    }

    /// Removes old replies, under the name `name`.
    pub fn sweeper(&self, name: &'static str) -> Background {
        sweeper(name, self.db.clone(), self.clock.clone())
    }

    /// Does `work`, unless `who` had it done before under the same key: then gives the reply of that time.
    ///
    /// `operation` tells apart what one caller may ask for. `work` is usually the call of a port whose
    /// service says [`remember`](super::remember) in the transaction of the effect. When it says nothing,
    /// the reply is recorded afterwards: enough when nothing was changed, or when doing it again
    /// changes nothing. Refusals are not recorded.
    ///
    /// # Errors
    /// 409 while its twin is being worked on, 422 when the key was used for another request, and the
    /// refusal of `work`.
    pub async fn once<T, E>(
        &self,
        who: &Who,
        operation: &str,
        intent: Option<Intent>,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<Once<T>, Problem>
    where
        T: Serialize + DeserializeOwned,
        E: Into<Problem>,
    {
        let Some(intent) = intent else { return work.await.map(Once::first).map_err(E::into) };
        let caller = who.0.as_ref().map_or("anybody", |principal| &*principal.subject);
        let scope = format!("{caller} {operation}");
        let _turn = self.in_flight.enter(&scope, &intent.key)?;
        let wanted = Wanted::new(self.db.clone(), scope, intent, self.clock.now());
        if let Some(earlier) = self.earlier(&wanted).await? {
            return Ok(earlier);
        }
        match wanted.clone().scope(work).await {
            Ok(reply) => {
                self.keep(&wanted, &reply).await;
                Ok(Once::first(reply))
            }
            // What is in the way may be a twin that another process has carried out meanwhile.
            Err(refusal) => match self.earlier(&wanted).await {
                Ok(Some(earlier)) => Ok(earlier),
                Ok(None) | Err(_) => Err(refusal.into()),
            },
        }
    }

    /// The reply that was given before, if one was.
    async fn earlier<T: DeserializeOwned>(
        &self,
        wanted: &Wanted,
    ) -> Result<Option<Once<T>>, Problem> {
        let Wanted { scope, intent, .. } = wanted;
        match lookup(&self.db.reader(), scope, intent).await.map_err(failed)? {
            Lookup::Fresh => Ok(None),
            Lookup::Reused => Err(reused()),
            Lookup::Replay(earlier) => {
                let reply = serde_json::from_str(&earlier.body).map_err(|cause| {
                    let detail = format!("a recorded reply to {scope} cannot be read: {cause}");
                    Problem::of(Code::Internal, detail)
                })?;
                Ok(Some(Once { reply, replayed: true }))
            }
        }
    }

    /// Records a reply that was not recorded together with its effect. The effect is there whatever
    /// becomes of this.
    async fn keep(&self, wanted: &Wanted, reply: &impl Serialize) {
        if wanted.is_remembered() {
            return;
        }
        let kept = storage::retry(async || -> Result<(), Failure<()>> {
            let tx = self.db.begin().await?;
            wanted.record(&tx, &recorded(reply)?).await?;
            Ok(tx.commit().await?)
        });
        match kept.await {
            Ok(()) | Err(Failure::Storage(storage::Error::Unique { .. })) => {}
            Err(cause) => tracing::warn!(scope = wanted.scope, %cause, "a reply is not kept"),
        }
    }
}

impl std::fmt::Debug for Replies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replies").field("db", &self.db).finish_non_exhaustive()
    }
}

impl<T> Once<T> {
    fn first(reply: T) -> Self {
        Self { reply, replayed: false }
    }

    /// The answer as `represent` makes it of the reply; it says `Idempotent-Replayed: true` if it is one.
    pub fn answer<B>(self, represent: impl FnOnce(T) -> Answer<B>) -> Answer<B> {
        represent(self.reply).replayed(self.replayed)
    }
}

fn failed(cause: storage::Error) -> Problem {
    let code = match cause {
        storage::Error::Unavailable(_) => Code::DependencyUnavailable,
        _ => Code::Internal,
    };
    Problem::of(code, format!("recorded replies cannot be read: {cause}"))
}
