//! The time limits of steps: whoever takes longer is undone.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use kernel::{Never, Timestamp};
use sea_orm::{ConnectionTrait, Value};
use storage::{Attachment, Database, Error, Failure, Tx, retry};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::{
    SagaId, store,
    transition::{self, Input},
};

/// How often the sweeper looks even if it knows of no limit: another process may have died with one.
const LOOK: Duration = Duration::from_secs(30);
/// The sagas that are read at a time.
const BATCH: usize = 100;

/// When the next limit of a database's sagas runs out.
struct Alarm {
    next: AtomicI64,
    earlier: Notify,
}

impl Alarm {
    fn of(db: &Database) -> Arc<Self> {
        loop {
            if let Some(alarm) = db.extension() {
                return alarm;
            }
            // Whoever was faster has left the same.
            drop(db.set_extension(Self { next: AtomicI64::new(i64::MAX), earlier: Notify::new() }));
        }
    }

    fn next(&self) -> Timestamp {
        Timestamp::from_micros(self.next.load(Ordering::SeqCst))
    }

    fn forget(&self) {
        self.next.store(i64::MAX, Ordering::SeqCst);
    }

    fn set(&self, at: Timestamp) {
        if self.next.fetch_min(at.micros(), Ordering::SeqCst) > at.micros() {
            self.earlier.notify_one();
        }
    }
}

/// The earliest limit that a transaction sets.
#[derive(Default)]
pub(super) struct Due(Option<Timestamp>);

impl Due {
    pub(super) fn add(&mut self, at: Timestamp) {
        self.0 = Some(self.0.map_or(at, |earliest| earliest.min(at)));
    }
}

#[async_trait]
impl Attachment for Due {
    async fn before_commit(&mut self, _tx: &Tx) -> Result<(), Error> {
        Ok(())
    }

    fn committed(self: Box<Self>, db: &Database) {
        if let Some(at) = self.0 {
            Alarm::of(db).set(at);
        }
    }
}

impl Engine {
    /// Watches the time limits until `stop`. Limits that ran out while nobody watched come first.
    pub async fn run(&self, stop: CancellationToken) {
        let alarm = Alarm::of(&self.db);
        let watch = async {
            loop {
                alarm.forget();
                match self.look().await {
                    Ok(Some(next)) => alarm.set(next),
                    Ok(None) => {}
                    Err(error) => tracing::warn!(%error, "the time limits of sagas were not read"),
                }
                self.sleep(&alarm).await;
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = watch => {}
        }
    }

    /// Turns back every saga whose step was not answered in time; gives their number.
    ///
    /// # Errors
    ///
    /// When the limits cannot be read. A saga that cannot be turned back is left for the next time.
    pub async fn sweep(&self) -> Result<usize, Error> {
        let mut sum = 0;
        loop {
            let due = self.due().await?;
            let mut turned_back = 0;
            for (id, turn) in &due {
                match self.time_out(id, *turn).await {
                    Ok(taken) => turned_back += usize::from(taken),
                    Err(error) => tracing::warn!(saga = %id, %error, "a saga was not turned back"),
                }
            }
            sum += turned_back;
            if due.len() < BATCH || turned_back == 0 {
                return Ok(sum);
            }
        }
    }

    /// Sweeps, and finds the limit that runs out next.
    async fn look(&self) -> Result<Option<Timestamp>, Error> {
        self.sweep().await?;
        let reader = self.db.reader();
        let sql = format!(
            "SELECT min(due_at) AS due_at FROM saga WHERE due_at > $1 AND plan_hash IN ({})",
            self.places(2)
        );
        let values = [self.clock.now().micros().into()].into_iter().chain(self.hashes());
        let row = reader.query_one_raw(store::statement(&reader, sql, values)).await?;
        let due_at: Option<i64> = match row {
            Some(row) => row.try_get("", "due_at")?,
            None => None,
        };
        Ok(due_at.map(Timestamp::from_micros))
    }

    async fn sleep(&self, alarm: &Alarm) {
        let last = tokio::time::Instant::now() + LOOK;
        loop {
            let due = alarm.next().since(self.clock.now());
            let until = last.min(tokio::time::Instant::now() + due.min(LOOK));
            tokio::select! {
                () = tokio::time::sleep_until(until) => return,
                () = alarm.earlier.notified() => {}
            }
        }
    }

    /// The sagas whose step is late, with the number of its command.
    async fn due(&self) -> Result<Vec<(SagaId, u64)>, Error> {
        let reader = self.db.reader();
        let sql = format!(
            "SELECT id, turn FROM saga WHERE due_at <= $1 AND plan_hash IN ({}) \
             ORDER BY due_at LIMIT {BATCH}",
            self.places(2)
        );
        let values = [self.clock.now().micros().into()].into_iter().chain(self.hashes());
        let rows = reader.query_all_raw(store::statement(&reader, sql, values)).await?;
        let mut due = Vec::with_capacity(rows.len());
        for row in rows {
            let id: String = row.try_get("", "id")?;
            let turn: i64 = row.try_get("", "turn")?;
            due.push((SagaId::from(id), turn.cast_unsigned()));
        }
        Ok(due)
    }

    async fn time_out(&self, id: &SagaId, turn: u64) -> Result<bool, Error> {
        let end = retry(|| async {
            let mut tx = self.db.begin().await?;
            let Some(mut locked) = self.lock(&tx, id).await? else { return Ok(false) };
            let (state, input) = (locked.row.state, Input::TimedOut { turn });
            let shape = locked.subject.bound.shape();
            let Some(step) = transition::next(shape, state, input) else { return Ok(false) };
            let why =
                format!("the step {} was not answered in time", shape.name_of(state.position));
            self.go(&mut tx, &mut locked, state, &step, &why).await?;
            tx.commit().await?;
            fault::point!("saga.turned-back");
            Ok(true)
        });
        end.await.map_err(|failure: Failure<Never>| match failure {
            Failure::Storage(error) => error,
            Failure::Refused(never) => match never {},
        })
    }

    /// The hashes of the plans this binary has. With none, one that no plan has in practice.
    pub(super) fn hashes(&self) -> impl Iterator<Item = Value> {
        let none = self.plans.is_empty().then_some(0);
        self.plans.keys().copied().chain(none).map(Value::from).collect::<Vec<_>>().into_iter()
    }

    /// Places for [`hashes`](Self::hashes), the first of them `$first`.
    pub(super) fn places(&self, first: usize) -> String {
        let places = (first..first + self.plans.len().max(1)).map(|place| format!("${place}"));
        places.collect::<Vec<_>>().join(", ")
    }
}
