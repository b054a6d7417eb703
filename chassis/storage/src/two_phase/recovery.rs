//! Ends what coordinators that died, or could not reach a database, have left.

use std::collections::HashSet;

use sea_orm::{ConnectionTrait, Value};
use uuid::Uuid;

use super::{
    Coordinator,
    decisions::{Outcome, statement},
};
use crate::{Database, Error};

/// What was ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Transactions that were committed, because that was decided.
    pub committed: usize,
    /// Transactions that were rolled back, because nothing was decided.
    pub rolled_back: usize,
}

/// A prepared transaction of this coordinator.
struct Left {
    name: String,
    id: Uuid,
    /// Nobody can be about to decide it.
    due: bool,
}

impl Coordinator {
    /// Ends what was prepared and left behind, in every participant that can be reached, and forgets what
    /// everybody has followed.
    ///
    /// # Errors
    ///
    /// What failed first, when something could not be looked at or ended; the rest was done.
    pub async fn recover(&self) -> Result<Recovered, Error> {
        // Read first: whatever was decided by now is prepared everywhere by now, or committed.
        let decided = self.decisions.to_commit().await?;
        let mut recovered = Recovered::default();
        let (mut there, mut failure) = (HashSet::new(), None);
        for participant in &self.participants {
            match self.left(participant).await {
                Ok(found) => {
                    there.extend(found.iter().map(|left| left.id));
                    for left in found.into_iter().filter(|left| left.due) {
                        let ended = self.end(participant, &left, &mut recovered).await;
                        failure = failure.or(ended.err());
                    }
                }
                Err(cause) => failure = failure.or(Some(cause)),
            }
        }
        if let Some(cause) = failure {
            return Err(cause);
        }
        let followed: Vec<_> = decided.into_iter().filter(|id| !there.contains(id)).collect();
        self.decisions.forget(&followed).await?;
        self.decisions.forget_the_past().await?;
        Ok(recovered)
    }

    /// Recovers again and again; runs until it is dropped.
    pub async fn run(&self) {
        loop {
            match self.recover().await {
                Ok(nothing) if nothing == Recovered::default() => {}
                Ok(recovered) => {
                    tracing::info!(coordinator = self.name, ?recovered, "transactions were ended");
                }
                Err(cause) => {
                    tracing::warn!(coordinator = self.name, %cause, "not everything could be ended");
                }
            }
            tokio::time::sleep(self.within).await;
        }
    }

    async fn left(&self, db: &Database) -> Result<Vec<Left>, Error> {
        let sql = "SELECT gid AS name, \
                   CAST(prepared < clock_timestamp() - $2 * INTERVAL '1 millisecond' AS INT) AS due \
                   FROM pg_prepared_xacts \
                   WHERE database = current_database() AND starts_with(gid, $1)";
        let prefix = self.prefix();
        let patience = i64::try_from(2 * self.within.as_millis()).unwrap_or(i64::MAX);
        let values: [Value; 2] = [prefix.clone().into(), patience.into()];
        let rows = db.reader().query_all_raw(statement(db, sql, values)).await?;
        let mut left = Vec::new();
        for row in rows {
            let (name, due): (String, i32) = (row.try_get("", "name")?, row.try_get("", "due")?);
            let id = name.strip_prefix(&prefix).and_then(|rest| rest.split('/').next());
            if let Some(Ok(id)) = id.map(str::parse) {
                left.push(Left { name, id, due: due != 0 });
            }
        }
        Ok(left)
    }

    async fn end(
        &self,
        db: &Database,
        left: &Left,
        recovered: &mut Recovered,
    ) -> Result<(), Error> {
        // Whoever prepared it and comes to commit it only now finds that it was decided otherwise.
        let outcome = match fault::guard!("decision") {
            true => self.decisions.decide(left.id, Outcome::Abort).await?,
            false => Outcome::Abort,
        };
        fault::point!("two-phase.recovering");
        let ended = usize::from(outcome.finish(db, &left.name).await?);
        match outcome {
            Outcome::Commit => recovered.committed += ended,
            Outcome::Abort => recovered.rolled_back += ended,
        }
        fault::point!("two-phase.recovered");
        Ok(())
    }
}
