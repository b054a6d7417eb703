//! A wish that comes twice under one key is done once.

use host::{
    Intent,
    idempotency::{self, Lookup, Recorded},
};
use kernel::Clock;
use serde::{Serialize, de::DeserializeOwned};
use storage::{Database, Failure, Tx};

use crate::{Error, Result};

/// What is recorded beside a reply.
const DONE: u16 = 200;

/// What a try ends with.
pub(crate) type Ended<T> = std::result::Result<T, Failure<Error>>;

/// Something that is wanted, and the name of the intention, if it has one.
pub(crate) struct Once<'a> {
    pub(crate) db: &'a Database,
    pub(crate) clock: &'a dyn Clock,
    /// Whose wish it is, and for what: two who choose the same key do not mean the same.
    pub(crate) scope: String,
    pub(crate) intent: Option<&'a Intent>,
}

impl Once<'_> {
    /// Does `work`, which says [`record`](Self::record) in the transaction of its effect, unless it was done before;
    /// then gives what it came to, and says so.
    pub(crate) async fn carry_out<T, W, F>(&self, work: W) -> Result<(T, bool)>
    where
        T: DeserializeOwned + Send,
        W: Fn() -> F + Send + Sync,
        F: Future<Output = Ended<T>> + Send,
    {
        let attempt = || async {
            match self.earlier().await? {
                Some(earlier) => Ok((earlier, true)),
                None => Ok((work().await?, false)),
            }
        };
        match storage::retry(attempt).await {
            Ok(done) => Ok(done),
            Err(Failure::Refused(refusal)) => match self.earlier().await {
                // What is in the way may be what its twin has done meanwhile.
                Ok(Some(earlier)) => Ok((earlier, true)),
                Ok(None) | Err(_) => Err(refusal),
            },
            Err(Failure::Storage(storage::Error::Unique { .. })) => match self.earlier().await {
                Ok(Some(earlier)) => Ok((earlier, true)),
                Ok(None) => Err(Error::Broken),
                Err(Failure::Refused(refusal)) => Err(refusal),
                Err(Failure::Storage(cause)) => Err(broken(cause)),
            },
            Err(Failure::Storage(cause)) => Err(broken(cause)),
        }
    }

    /// Records what it came to, if it has a name, in the transaction of its effect.
    pub(crate) async fn record(&self, tx: &Tx, reply: &impl Serialize) -> Ended<()> {
        let Some(intent) = self.intent else { return Ok(()) };
        let body = serde_json::to_string(reply).map_err(|cause| unreadable(&cause))?;
        let answer = Recorded { status: DONE, body };
        idempotency::record(tx, &self.scope, intent, &answer, self.clock.now()).await?;
        Ok(())
    }

    /// What it came to before.
    async fn earlier<T: DeserializeOwned>(&self) -> Ended<Option<T>> {
        let Some(intent) = self.intent else { return Ok(None) };
        match idempotency::lookup(&self.db.reader(), &self.scope, intent).await? {
            Lookup::Fresh => Ok(None),
            Lookup::Reused => Err(Failure::Refused(Error::KeyReused)),
            Lookup::Replay(Recorded { body, .. }) => {
                Ok(Some(serde_json::from_str(&body).map_err(|cause| unreadable(&cause))?))
            }
        }
    }
}

fn unreadable(cause: &serde_json::Error) -> storage::Error {
    sea_orm::DbErr::Json(format!("a recorded reply: {cause}")).into()
}

/// A failure of the database as whoever asked hears of it.
pub(crate) fn broken(cause: storage::Error) -> Error {
    tracing::error!(%cause, "the module's books cannot be shown or changed");
    match cause {
        storage::Error::Unavailable(cause) => ports::Unreachable::NoReply(cause).into(),
        _ => Error::Broken,
    }
}
