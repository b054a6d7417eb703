//! The outbox on SQLite.
//!
//! There is one writer, so that the order of rows is the order of commits, without gaps. What this
//! process commits arrives through the hand-over; the table is read at the start, after an overflow
//! and where rows are missing because another process wrote them.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use storage::{Database, Error};

use super::source::{COLUMNS, Next, PAGE, Passed, Source, answered, read};
use crate::{
    handover::{Handed, Taken},
    sql,
};

pub(super) struct Outbox {
    db: Database,
    answered: Arc<BTreeSet<&'static str>>,
    /// The place of the first row that was not read yet.
    next: i64,
}

impl Outbox {
    pub(super) fn new(db: Database, answered: Arc<BTreeSet<&'static str>>) -> Self {
        Self { db, answered, next: 1 }
    }

    /// Takes the handed-over rows that continue what was read; tells when some are missing between.
    fn handed_over(&mut self, taken: &mut Taken) -> Vec<crate::Envelope> {
        let mut envelopes = Vec::with_capacity(taken.rows.len());
        while let Some(Handed { pos, .. }) = taken.rows.front() {
            if *pos > self.next {
                taken.look = true;
                break;
            }
            if let Some(Handed { pos, envelope }) = taken.rows.pop_front()
                && pos == self.next
            {
                self.next += 1;
                envelopes.push(envelope);
            }
        }
        envelopes
    }

    async fn table(&mut self, taken: &mut Taken) -> Result<Vec<crate::Envelope>, Error> {
        let sql = format!("SELECT {COLUMNS} FROM outbox WHERE pos >= $1 ORDER BY pos LIMIT {PAGE}");
        let rows = sql::all(&self.db.reader(), sql, [self.next.into()]).await?;
        let found: Vec<_> = rows.iter().map(read).collect::<Result<_, _>>()?;
        if let Some((last, _)) = found.last() {
            self.next = last + 1;
        }
        taken.look = found.len() == PAGE;
        Ok(found.into_iter().map(|(_, envelope)| envelope).collect())
    }
}

#[async_trait]
impl Source for Outbox {
    async fn next(&mut self, taken: &mut Taken) -> Result<Next, Error> {
        let mut envelopes = Vec::new();
        if !taken.look {
            envelopes = self.handed_over(taken);
        }
        while taken.look && envelopes.is_empty() {
            envelopes = self.table(taken).await?;
            let ahead = taken.rows.front().map(|row| row.pos).filter(|pos| *pos > self.next);
            if let (false, Some(ahead)) = (taken.look, ahead) {
                // Whatever was missing between is not in the table either.
                self.next = ahead;
            }
        }
        if envelopes.is_empty() && taken.rows.is_empty() {
            return Ok(Next::Empty);
        }
        Ok(Next::Rows { envelopes, passed: Some(Passed::Pos(self.next - 1)) })
    }

    async fn reclaim(&mut self, passed: &Passed) -> Result<(), Error> {
        let Passed::Pos(pos) = passed else { return Ok(()) };
        let (condition, channels) = answered(&self.answered, 2);
        let sql = format!("DELETE FROM outbox WHERE pos <= $1 AND {condition}");
        let tx = self.db.begin().await?;
        sql::execute(&tx, sql, [(*pos).into()].into_iter().chain(channels)).await?;
        tx.commit().await
    }

    async fn release(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
