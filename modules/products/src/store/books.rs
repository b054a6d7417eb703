//! The books of the warehouse: quantities change here and nowhere else, each with its movement.
//!
//! Everything takes place inside a transaction of somebody else, who rolls back when told to.

use std::sync::Arc;

use kernel::{Clock, Ids};
use products_api::{
    HoldLine, MovementId, Owner, Reservation, ReservationId, ReservationState, Shortage,
};
use sea_orm::{FromQueryResult, Value};
use storage::{Error, Tx};

use super::{
    reservation::{self, allowing},
    rows::{lines, read},
    sql::Sql,
};
use crate::domain::stock::{Change, in_variant_order, shortages};

/// Writes quantities and movements.
#[derive(Clone)]
pub(crate) struct Books {
    clock: Arc<dyn Clock>,
    ids: Ids,
}

/// What became of an attempt to sell what is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Committed {
    /// It is sold, now or before.
    Sold,
    /// There is nothing to sell, and nothing was changed.
    Unavailable(Vec<Shortage>),
}

/// A reservation whose state was just changed.
#[derive(FromQueryResult)]
struct Changed {
    id: String,
    lines: String,
}

impl Books {
    pub(crate) fn new(clock: Arc<dyn Clock>, ids: Ids) -> Self {
        Self { clock, ids }
    }

    /// Sets the lines aside, or says that there is not enough: then roll back.
    pub(super) async fn set_aside(
        &self,
        tx: &Tx,
        reservation: ReservationId,
        lines: &[HoldLine],
    ) -> Result<bool, Error> {
        let lines = in_variant_order(lines);
        for HoldLine { variant, quantity } in &lines {
            let taken = Sql::new("UPDATE stock_level SET reserved = reserved + ")
                .bind(i64::from(*quantity))
                .push(" WHERE variant = ")
                .bind(variant.to_string())
                .push(" AND on_hand - reserved >= $1")
                .execute(tx)
                .await?;
            if taken == 0 {
                return Ok(false);
            }
        }
        self.move_lines(tx, "reserved", reservation, &lines).await?;
        Ok(true)
    }

    /// Sells what `owner` holds, making the hold again if it was taken back and there is enough.
    pub(crate) async fn commit(&self, tx: &Tx, owner: &Owner) -> Result<Committed, Error> {
        if change(tx, owner, Change::Commit).await?.is_some() {
            return Ok(Committed::Sold);
        }
        let Some(found) = reservation::find(tx, owner).await? else {
            return Ok(Committed::Unavailable(Vec::new()));
        };
        match found.state {
            ReservationState::Committed | ReservationState::Consumed => Ok(Committed::Sold),
            ReservationState::Expired => self.remake(tx, found).await,
            ReservationState::Held | ReservationState::Released => {
                Ok(Committed::Unavailable(Vec::new()))
            }
        }
    }

    /// Makes a hold again that was taken back. Looks before it takes: the transaction goes on either way.
    async fn remake(&self, tx: &Tx, found: Reservation) -> Result<Committed, Error> {
        let available = reservation::available(tx, &found.lines).await?;
        let available: Vec<i64> = available.into_iter().map(Option::unwrap_or_default).collect();
        let shortages = shortages(&found.lines, &available);
        if !shortages.is_empty() {
            return Ok(Committed::Unavailable(shortages));
        }
        let lost = || Error::Serialization("the hold was made again by somebody else".to_owned());
        change(tx, &found.owner, Change::Remake).await?.ok_or_else(lost)?;
        match self.set_aside(tx, found.id, &found.lines).await? {
            true => Ok(Committed::Sold),
            false => Err(Error::Serialization("stock went while it was counted".to_owned())),
        }
    }

    /// Gives back what `owner` holds. If that is nothing, a tombstone makes sure that it stays so: it is
    /// written by the same statement, so that no hold slips in between.
    pub(crate) async fn release(&self, tx: &Tx, owner: &Owner) -> Result<(), Error> {
        let now = self.clock.now().micros();
        let id: ReservationId = self.ids.next();
        let released: Option<Changed> =
            Sql::new("INSERT INTO reservation (id, owner, lines, state, expires_at)")
                .rows([[
                    id.to_string().into(),
                    owner.0.clone().into(),
                    "[]".into(),
                    "released".into(),
                    now.into(),
                ]])
                .push(" ON CONFLICT (owner) DO UPDATE SET state = excluded.state")
                .push(&format!(" WHERE reservation.state IN {}", allowing(Change::Release)))
                .push(" RETURNING id, lines")
                .one(tx)
                .await?;
        let Some(Changed { id, lines: json }) = released else { return Ok(()) };
        self.give_back(tx, read(&id)?, &lines(&json)?).await
    }

    /// Takes back what is held by the reservation `id`, if it is still held and was due at `due`.
    pub(super) async fn expire(&self, tx: &Tx, id: &str, due: i64) -> Result<bool, Error> {
        let expired: Option<Changed> = Sql::new("UPDATE reservation SET state = 'expired'")
            .push(&format!(" WHERE state IN {} AND id = ", allowing(Change::Expire)))
            .bind(id)
            .push(" AND expires_at <= ")
            .bind(due)
            .push(" RETURNING id, lines")
            .one(tx)
            .await?;
        let Some(Changed { id, lines: json }) = expired else { return Ok(false) };
        self.give_back(tx, read(&id)?, &lines(&json)?).await?;
        Ok(true)
    }

    async fn give_back(
        &self,
        tx: &Tx,
        reservation: ReservationId,
        lines: &[HoldLine],
    ) -> Result<(), Error> {
        let lines = in_variant_order(lines);
        for HoldLine { variant, quantity } in &lines {
            Sql::new("UPDATE stock_level SET reserved = reserved - ")
                .bind(i64::from(*quantity))
                .push(" WHERE variant = ")
                .bind(variant.to_string())
                .execute(tx)
                .await?;
        }
        self.move_lines(tx, "released", reservation, &lines).await
    }

    async fn move_lines(
        &self,
        tx: &Tx,
        kind: &str,
        reservation: ReservationId,
        lines: &[HoldLine],
    ) -> Result<(), Error> {
        if lines.is_empty() {
            return Ok(());
        }
        let now = self.clock.now().micros();
        let row = |line: &HoldLine| -> [Value; 7] {
            [
                self.ids.next::<MovementId>().to_string().into(),
                line.variant.to_string().into(),
                kind.into(),
                i64::from(line.quantity).into(),
                "reservation".into(),
                reservation.to_string().into(),
                now.into(),
            ]
        };
        Sql::new(
            "INSERT INTO stock_movement (id, variant, kind, quantity, reason, reservation, at)",
        )
        .rows(lines.iter().map(row))
        .execute(tx)
        .await?;
        Ok(())
    }
}

/// Changes the state of the owner's reservation, if the state it is in allows it.
async fn change(tx: &Tx, owner: &Owner, change: Change) -> Result<Option<Changed>, Error> {
    Sql::new("UPDATE reservation SET state = ")
        .bind(reservation::target(change))
        .push(" WHERE owner = ")
        .bind(owner.0.clone())
        .push(&format!(" AND state IN {} RETURNING id, lines", allowing(change)))
        .one(tx)
        .await
}
