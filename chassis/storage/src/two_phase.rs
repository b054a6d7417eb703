//! Two-phase commit: transactions in several Postgres databases of ours commit together, or none does.
//!
//! The protocol is *presumed abort* (Mohan, Lindsay, Obermarck: Transaction Management in the R* Distributed
//! Database Management System, 1986): every participant prepares, the decision to commit is written down, every
//! participant commits. What was prepared and has no decision is rolled back.
//!
//! It has a price, which is why nothing in a shop that can be a saga should be this instead: until the second
//! phase reaches it, a prepared transaction keeps its locks, whoever dies, and keeps back everything that waits
//! for the oldest open transaction of its server: vacuum, and relays of messages.

mod decisions;
mod recovery;

use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use crate::{Attachment, Backend, Database, Error, Tx};
use decisions::{Decisions, Outcome};
pub use recovery::Recovered;

/// Commits transactions in several databases together.
///
/// Whoever makes one also [`run`](Self::run)s it, so that what a dead process has left is ended.
pub struct Coordinator {
    name: String,
    decisions: Decisions,
    participants: Vec<Database>,
    within: Duration,
}

/// How long a commit may take until it is decided, unless said otherwise. What was prepared twice as long ago is
/// nobody's any more.
const WITHIN: Duration = Duration::from_secs(10);

impl Coordinator {
    /// A coordinator that keeps its decisions in `home` and commits in `participants`. Processes that share
    /// `name`, `home` and the participants help each other; nobody else uses the name.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] when a participant is not Postgres, or its server allows no prepared transactions:
    /// it says what to set. When `home` fails.
    pub async fn open(
        name: &str,
        home: Database,
        participants: Vec<Database>,
    ) -> Result<Self, Error> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(plain) {
            let why = format!(
                "{name:?} names no coordinator: take up to {LONGEST_NAME} lower-case letters, digits and dashes"
            );
            return Err(Error::Unavailable(why));
        }
        for participant in &participants {
            ready(participant).await?;
        }
        let decisions = Decisions::open(home, name).await?;
        Ok(Self { name: name.to_owned(), decisions, participants, within: WITHIN })
    }

    /// Gives up what is not decided `within` this time, and takes what was prepared twice as long ago for left
    /// behind.
    #[must_use]
    pub fn within(self, within: Duration) -> Self {
        Self { within, ..self }
    }

    /// Commits all `transactions` or none of them. It returns when it is durable that all will be: one whose
    /// database cannot be reached at that moment follows by [`recover`](Self::recover). When the returned future
    /// is dropped before, recovery ends what was begun.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] when nobody could say whether the decision was written down; with any other error
    /// nothing was committed.
    pub async fn commit(&self, transactions: Vec<Tx>) -> Result<(), Error> {
        let (id, begun) = (Uuid::now_v7(), Instant::now());
        let mut prepared = Vec::new();
        for (nth, tx) in transactions.into_iter().enumerate() {
            match self.prepare(tx, id, nth).await {
                Ok(one) => prepared.push(one),
                Err(cause) => return Err(give_up(prepared, cause).await),
            }
            fault::point!("two-phase.prepared-one");
        }
        fault::point!("two-phase.prepared");
        if begun.elapsed() > self.within {
            let why = format!("not every database was ready to commit within {:?}", self.within);
            return Err(give_up(prepared, Error::Unavailable(why)).await);
        }
        match self.decide(id, begun).await {
            Ok(Outcome::Commit) => {}
            Ok(Outcome::Abort) => {
                let why = "it took so long that it was taken for left behind and rolled back";
                return Err(give_up(prepared, Error::Unavailable(why.to_owned())).await);
            }
            Err(unknown @ Error::Unknown(_)) => return Err(unknown),
            Err(cause) => return Err(give_up(prepared, cause).await),
        }
        fault::point!("two-phase.decided");
        let mut all = true;
        for one in prepared {
            all &= one.commit().await;
            fault::point!("two-phase.committed-one");
        }
        // What cannot be forgotten now is forgotten by recovery.
        if all && let Err(cause) = self.decisions.forget(&[id]).await {
            tracing::debug!(%id, %cause, "a decision is kept although all have followed it");
        }
        fault::point!("two-phase.committed");
        Ok(())
    }

    async fn prepare(&self, tx: Tx, id: Uuid, nth: usize) -> Result<Prepared, Error> {
        let known = self.participants.iter().any(|db| db.is(tx.database()));
        if !known {
            let why = "a transaction of a database that is no participant of this coordinator";
            return Err(Error::Other(DbErr::Custom(why.to_owned())));
        }
        tx.prepare(format!("{}{id}/{nth}", self.prefix())).await
    }

    /// Writes down that it is committed, and gives what is written down. Once an answer was lost it asks until
    /// there is one.
    async fn decide(&self, id: Uuid, begun: Instant) -> Result<Outcome, Error> {
        let mut lost = false;
        loop {
            let cause = match self.decisions.decide(id, Outcome::Commit).await {
                Ok(outcome) => return Ok(outcome),
                Err(cause) => cause,
            };
            lost |= matches!(cause, Error::Unknown(_));
            if !lost {
                return Err(cause);
            }
            if begun.elapsed() > self.within {
                return Err(Error::Unknown(cause.to_string()));
            }
            tracing::debug!(%id, %cause, "whether it is decided is asked again");
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// What the names of this coordinator's prepared transactions begin with.
    fn prefix(&self) -> String {
        format!("rialto/{}/", self.name)
    }
}

const LONGEST_NAME: usize = 60;
const AGAIN: Duration = Duration::from_millis(100);

/// A transaction that can be committed whatever happens, and keeps its locks until that or its rollback.
pub(crate) struct Prepared {
    pub(crate) db: Database,
    pub(crate) name: String,
    pub(crate) attachments: Vec<Box<dyn Attachment>>,
}

impl Prepared {
    /// Commits it, and says whether that is so.
    async fn commit(self) -> bool {
        match Outcome::Commit.finish(&self.db, &self.name).await {
            Ok(_) => {
                for attachment in self.attachments {
                    attachment.committed(&self.db);
                }
                true
            }
            Err(cause) => {
                tracing::warn!(name = self.name, %cause, "what is to be committed waits for recovery");
                false
            }
        }
    }
}

/// Rolls back what was prepared, and gives the reason.
async fn give_up(prepared: Vec<Prepared>, why: Error) -> Error {
    for one in prepared {
        if let Err(cause) = Outcome::Abort.finish(&one.db, &one.name).await {
            tracing::warn!(name = one.name, %cause, "what is to be rolled back waits for recovery");
        }
    }
    why
}

/// Whether `db` can take part.
async fn ready(db: &Database) -> Result<(), Error> {
    if db.backend() != Backend::Postgres {
        let why = "a two-phase commit is between Postgres databases only; SQLite cannot prepare";
        return Err(Error::Unavailable(why.to_owned()));
    }
    let sql = "SELECT CAST(current_setting('max_prepared_transactions') AS BIGINT) AS allowed";
    let row = db.reader().query_one_raw(decisions::statement(db, sql, [])).await?;
    let allowed: i64 = row.map(|row| row.try_get("", "allowed")).transpose()?.unwrap_or_default();
    if allowed == 0 {
        let why = "its server allows no prepared transactions: set max_prepared_transactions in \
                   postgresql.conf, to max_connections for example, and restart it";
        return Err(Error::Unavailable(why.to_owned()));
    }
    Ok(())
}
