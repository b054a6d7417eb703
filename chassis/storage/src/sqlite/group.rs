//! Group commit: transactions that share one COMMIT, hence one wait for the disk.
//!
//! The first member begins the transaction itself and needs no savepoint, since nothing else is
//! inside of it while it runs; the others each have one. Whether a member commits or rolls back
//! is its own affair. The group is committed when nobody waits for the turn any more, or when it
//! is full; while that COMMIT runs, those who come form the next group.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use rusqlite::Connection;
use sea_orm::DbErr;
use tokio::sync::oneshot;

use super::{
    failure::{self, wrap},
    turn::Writer,
};
use crate::{Attachment, Database, Error};

/// The transactions inside of the open one that have ended well.
pub(super) struct Group {
    since: Instant,
    members: Vec<Member>,
}

/// A transaction that waits to become durable.
pub(super) struct Member {
    pub(super) attachments: Vec<Box<dyn Attachment>>,
    pub(super) db: Database,
    pub(super) durable: oneshot::Sender<Result<(), Error>>,
}

impl Group {
    pub(super) fn begun_now() -> Self {
        Self { since: Instant::now(), members: Vec::new() }
    }

    pub(super) fn admit(&mut self, member: Member) {
        self.members.push(member);
    }

    /// Whether its members should not be kept waiting for yet another one.
    pub(super) fn is_full(&self, window: Duration) -> bool {
        self.members.len() >= MOST_MEMBERS || self.since.elapsed() >= window
    }
}

const MOST_MEMBERS: usize = 256;

/// Commits the open transaction and tells its members, in the order in which they ended.
pub(super) fn commit(writer: &Writer) {
    let Some(group) = writer.with_group(Option::take) else { return };
    writer.statements.count();
    let result = try_commit(&writer.connection());
    if let Err(error) = &result {
        tracing::error!(%error, members = group.members.len(), "a commit failed");
    }
    for member in group.members {
        member.tell(result.clone());
    }
}

fn try_commit(connection: &Connection) -> Result<(), Error> {
    if connection.is_autocommit() {
        return Err(lost());
    }
    let Err(error) = run(connection, "COMMIT") else { return Ok(()) };
    if !connection.is_autocommit()
        && let Err(error) = run(connection, "ROLLBACK")
    {
        tracing::error!(%error, "cannot roll back after a failed commit");
    }
    Err(failure::of_commit(error))
}

/// Whether there is a group whose transaction is gone.
pub(super) fn is_lost(writer: &Writer) -> bool {
    writer.with_group(|group| group.is_some()) && writer.connection().is_autocommit()
}

/// After some errors (a full disk, an unreadable page) SQLite rolls back the whole transaction,
/// so with the one who met it, all who had ended before.
pub(super) fn lost() -> Error {
    Error::Unavailable("SQLite has rolled back the transaction after an error".to_owned())
}

/// Runs a statement that controls the transaction.
pub(super) fn run(connection: &Connection, sql: &str) -> Result<(), DbErr> {
    let mut statement = connection.prepare_cached(sql).map_err(wrap)?;
    statement.raw_execute().map_err(wrap)?;
    Ok(())
}

impl Member {
    fn tell(self, result: Result<(), Error>) {
        if result.is_ok() {
            for attachment in self.attachments {
                let told = catch_unwind(AssertUnwindSafe(|| attachment.committed(&self.db)));
                if told.is_err() {
                    tracing::error!("an attachment panicked when told of its commit");
                }
            }
        }
        if self.durable.send(result).is_err() {
            tracing::debug!("nobody waits for this commit any more");
        }
    }
}
