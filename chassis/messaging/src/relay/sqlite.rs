//! The outbox on SQLite.
//!
//! There is one writer, so that the order of rows is the order of commits, without gaps. What this
//! process commits arrives through the hand-over; the table is read at the start, after an overflow
//! and where rows are missing because another process wrote them.

use std::sync::Arc;

use async_trait::async_trait;
use storage::{Database, Error};

use super::source::{COLUMNS, Next, PAGE, Point, Row, Rows, Source, Span, answered, one_of, read};
use crate::{
    handover::{Handed, Taken},
    journal::{self, Keeper, Published},
    relay::Routes,
    sql,
};

/// Rows that are moved in one transaction, so that nobody waits long for the writer's turn.
const MOVED: usize = 500;

pub(super) struct Outbox {
    db: Database,
    routes: Arc<Routes>,
    keeper: Keeper,
    /// The place of the first row that was not read yet.
    next: i64,
}

impl Outbox {
    pub(super) fn new(db: Database, routes: Arc<Routes>, keeper: Keeper) -> Self {
        Self { db, routes, keeper, next: 1 }
    }

    /// Takes the handed-over rows that continue what was read; tells when some are missing between.
    fn handed_over(&mut self, taken: &mut Taken) -> Vec<Row> {
        let mut rows = Vec::with_capacity(taken.rows.len());
        while let Some(Handed { pos, .. }) = taken.rows.front() {
            if *pos > self.next {
                taken.look = true;
                break;
            }
            if let Some(Handed { pos, envelope }) = taken.rows.pop_front()
                && pos == self.next
            {
                self.next += 1;
                rows.push(Row { pos, envelope });
            }
        }
        rows
    }

    async fn table(&mut self, taken: &mut Taken) -> Result<Vec<Row>, Error> {
        let sql = format!("SELECT {COLUMNS} FROM outbox WHERE pos >= $1 ORDER BY pos LIMIT {PAGE}");
        let found = read(&sql::all(&self.db.reader(), sql, [self.next.into()]).await?)?;
        if let Some(last) = found.last() {
            self.next = last.pos + 1;
        }
        taken.look = found.len() == PAGE;
        Ok(found)
    }
}

#[async_trait]
impl Source for Outbox {
    async fn next(&mut self, taken: &mut Taken) -> Result<Next, Error> {
        let from = Point::After(self.next - 1);
        let mut rows = Vec::new();
        if !taken.look {
            rows = self.handed_over(taken);
        }
        while taken.look && rows.is_empty() {
            rows = self.table(taken).await?;
            let ahead = taken.rows.front().map(|row| row.pos).filter(|pos| *pos > self.next);
            if let (false, Some(ahead)) = (taken.look, ahead) {
                // Whatever was missing between is not in the table either.
                self.next = ahead;
            }
        }
        if rows.is_empty() && taken.rows.is_empty() {
            return Ok(Next::Empty);
        }
        Ok(Next::Rows(Rows { rows, from, passed: Some(Point::After(self.next - 1)) }))
    }

    async fn again(&self, span: &Span<'_>, limit: usize) -> Result<Vec<Row>, Error> {
        let (Point::After(from), Point::After(to)) = (span.from, span.to) else {
            return Ok(Vec::new());
        };
        let (places, channels) = one_of(span.channels, 3);
        let sql = format!(
            "SELECT {COLUMNS} FROM outbox WHERE pos > $1 AND pos <= $2 \
             AND channel IN ({places}) ORDER BY pos LIMIT {limit}"
        );
        let values = [(*from.max(&span.after)).into(), (*to).into()];
        read(&sql::all(&self.db.reader(), sql, values.into_iter().chain(channels)).await?)
    }

    async fn reclaim(&mut self, passed: &Point) -> Result<(), Error> {
        let Point::After(pos) = passed else { return Ok(()) };
        let (condition, channels) = answered(&self.routes.answered, 2);
        let up_to = |pos: i64| [pos.into()].into_iter().chain(channels.iter().cloned());
        let delete = format!("DELETE FROM outbox WHERE pos <= $1 AND {condition}");
        if !self.keeper.keeps() {
            let tx = self.db.begin().await?;
            sql::execute(&tx, delete, up_to(*pos)).await?;
            return tx.commit().await;
        }
        let page = format!(
            "SELECT pos, envelope FROM outbox WHERE pos <= $1 AND {condition} ORDER BY pos LIMIT {MOVED}"
        );
        loop {
            let rows = sql::all(&self.db.reader(), page.as_str(), up_to(*pos)).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            let last: i64 = last.try_get("", "pos")?;
            let envelopes = rows.iter().map(|row| row.try_get::<String>("", "envelope"));
            let envelopes = envelopes.collect::<Result<Vec<_>, _>>()?;
            let kept: Vec<_> = envelopes.iter().filter_map(|it| Published::read(it)).collect();
            let tx = self.db.begin().await?;
            journal::insert(&tx, &kept).await?;
            sql::execute(&tx, delete.as_str(), up_to(last)).await?;
            tx.commit().await?;
            if rows.len() < MOVED {
                return Ok(());
            }
        }
    }

    async fn release(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
