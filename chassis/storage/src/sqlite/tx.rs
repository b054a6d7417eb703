//! One transaction, alone or as a member of a group.

use std::sync::Arc;

use rusqlite::Connection;
use sea_orm::{DbErr, ExecResult, QueryResult, Statement};
use tokio::sync::oneshot;

use super::{
    connection::patiently,
    failure,
    group::{self, Group, Member, run},
    statement,
    turn::{Turn, Writer},
};
use crate::{Attachment, Database, Error};

/// A transaction that holds the writer's turn. Dropped, it takes back its own part only.
pub(crate) struct Tx {
    part: Part,
    turn: Turn,
}

/// What belongs to a transaction inside of the open one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// All of it: it is the first of its group.
    Whole,
    /// What came after its savepoint.
    Savepoint,
    /// Nothing any more: it has ended.
    Ended,
}

impl Tx {
    pub(super) async fn begin(writer: &Arc<Writer>) -> Result<Self, Error> {
        let turn = writer.turn().await?;
        if group::is_lost(writer) {
            group::commit(writer); // which tells its members so
        }
        if writer.with_group(|group| group.is_some()) {
            writer.statements.count();
            run(&writer.connection(), "SAVEPOINT member")?;
            return Ok(Self { part: Part::Savepoint, turn });
        }
        writer.statements.count();
        patiently(writer.patience, || run(&writer.connection(), "BEGIN IMMEDIATE"))
            .await
            .map_err(held_elsewhere)?;
        writer.with_group(|group| *group = Some(Group::begun_now()));
        Ok(Self { part: Part::Whole, turn })
    }

    pub(crate) fn execute(&self, it: &Statement) -> Result<ExecResult, DbErr> {
        self.run(|db| statement::execute(db, it))
    }

    pub(crate) fn execute_batch(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.run(|db| statement::execute_batch(db, sql))
    }

    pub(crate) fn query_one(&self, it: &Statement) -> Result<Option<QueryResult>, DbErr> {
        self.run(|db| statement::query_one(db, it))
    }

    pub(crate) fn query_all(&self, it: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.run(|db| statement::query_all(db, it))
    }

    fn run<T>(&self, statement: impl FnOnce(&Connection) -> Result<T, DbErr>) -> Result<T, DbErr> {
        let writer = self.turn.writer();
        let connection = writer.connection();
        if connection.is_autocommit() {
            return Err(DbErr::Custom(group::lost().to_string()));
        }
        writer.statements.count();
        statement(&connection)
    }

    /// Ends well and waits until that is durable.
    pub(crate) async fn commit(
        self,
        attachments: Vec<Box<dyn Attachment>>,
        db: Database,
    ) -> Result<(), Error> {
        let (durable, told) = oneshot::channel();
        self.end(Member { attachments, db, durable })?;
        told.await.unwrap_or_else(|_| Err(Error::Unknown("the committer is gone".to_owned())))
    }

    /// Leaves its part to the group and passes the turn on.
    fn end(mut self, member: Member) -> Result<(), Error> {
        let writer = self.turn.writer();
        {
            let connection = writer.connection();
            if connection.is_autocommit() {
                return Err(group::lost());
            }
            if self.part == Part::Savepoint {
                writer.statements.count();
                run(&connection, "RELEASE member")?;
            }
        }
        writer.with_group(|group| group.get_or_insert_with(Group::begun_now).admit(member));
        self.part = Part::Ended;
        Ok(())
    }

    fn take_back(&self, connection: &Connection) -> Result<(), DbErr> {
        let writer = self.turn.writer();
        match self.part {
            Part::Ended => {}
            Part::Whole => {
                writer.with_group(|group| *group = None);
                if !connection.is_autocommit() {
                    writer.statements.count();
                    run(connection, "ROLLBACK")?;
                }
            }
            Part::Savepoint if connection.is_autocommit() => {}
            Part::Savepoint => {
                writer.statements.count();
                run(connection, "ROLLBACK TO member")?;
                writer.statements.count();
                run(connection, "RELEASE member")?;
            }
        }
        Ok(())
    }
}

fn held_elsewhere(error: DbErr) -> Error {
    if failure::is_lock(&error) {
        return Error::Unavailable("another process is writing to the database".to_owned());
    }
    error.into()
}

impl Drop for Tx {
    fn drop(&mut self) {
        let connection = self.turn.writer().connection();
        let Err(error) = self.take_back(&connection) else { return };
        tracing::error!(%error, "cannot undo a transaction alone; its whole group is undone");
        if let Err(error) = run(&connection, "ROLLBACK") {
            tracing::error!(%error, "cannot undo a group");
        }
    }
}
