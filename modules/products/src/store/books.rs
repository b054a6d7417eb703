//! The books of the warehouse: quantities change here and nowhere else, each with its movement.
//!
//! Everything takes place inside a transaction of somebody else, who rolls back when told to.

use std::{collections::HashSet, sync::Arc};

use kernel::{Clock, Ids};
use messaging::Publish;
use products_api::{
    HoldLine, MovementId, Owner, Reservation, ReservationId, ReservationState, Shortage,
    StockDepleted,
};
use sea_orm::{FromQueryResult, Value};
use storage::{Error, Tx};

use super::{
    reservation::{self, allowing},
    rows::{Held, lines, lines_json, read},
    sql::{Sql, insert},
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

/// What must be so for a line to be set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Terms {
    /// It is for sale.
    ForSale,
    /// It was sold already.
    Sold,
}

impl Terms {
    fn condition(self) -> &'static str {
        match self {
            Self::ForSale => {
                " AND EXISTS (SELECT 1 FROM variant v JOIN product p ON p.id = v.product \
                 WHERE v.id = $2 AND v.for_sale = 1 AND p.status = 'active')"
            }
            Self::Sold => "",
        }
    }
}

/// What is left of a variant.
#[derive(FromQueryResult)]
struct Left {
    available: i64,
    tracked: i64,
}

/// A reservation that was just changed.
#[derive(FromQueryResult)]
pub(super) struct Changed {
    pub(super) id: String,
    pub(super) lines: String,
}

impl Books {
    pub(crate) fn new(clock: Arc<dyn Clock>, ids: Ids) -> Self {
        Self { clock, ids }
    }

    /// Sets the lines aside, in the order in which they were asked for; nothing when there is not enough of
    /// one, or `terms` are not met: then roll back. Says when the last one goes.
    pub(super) async fn set_aside(
        &self,
        tx: &mut Tx,
        reservation: ReservationId,
        lines: &[HoldLine],
        terms: Terms,
    ) -> Result<Option<Vec<Held>>, Error> {
        let mut counted = HashSet::new();
        let mut gone = Vec::new();
        for HoldLine { variant, quantity } in in_variant_order(lines) {
            let taken: Option<Left> =
                Sql::new("UPDATE stock_level SET reserved = reserved + CASE tracked WHEN 1 THEN ")
                    .bind(i64::from(quantity))
                    .push(" ELSE 0 END WHERE variant = ")
                    .bind(variant.to_string())
                    .push(" AND (tracked = 0 OR on_hand - reserved >= $1)")
                    .push(terms.condition())
                    .push(" RETURNING on_hand - reserved AS available, tracked")
                    .one(tx)
                    .await?;
            let Some(Left { available, tracked }) = taken else { return Ok(None) };
            if tracked != 0 {
                counted.insert(variant);
                gone.extend((available == 0).then_some(variant));
            }
        }
        let held = |line: &HoldLine| Held { line: *line, counted: counted.contains(&line.variant) };
        let held: Vec<Held> = lines.iter().map(held).collect();
        self.move_lines(tx, "reserved", reservation, &held).await?;
        for variant in gone {
            tx.publish(&StockDepleted { variant, at: self.clock.now() })?;
        }
        Ok(Some(held))
    }

    /// Sets the lines of a reservation aside and writes into it which of them are counted, unless all are,
    /// as it says already.
    pub(super) async fn hold(
        &self,
        tx: &mut Tx,
        reservation: &Reservation,
        terms: Terms,
    ) -> Result<bool, Error> {
        let lines = &reservation.lines;
        let Some(held) = self.set_aside(tx, reservation.id, lines, terms).await? else {
            return Ok(false);
        };
        if terms == Terms::Sold || held.iter().any(|held| !held.counted) {
            Sql::new("UPDATE reservation SET lines = ")
                .bind(lines_json(&held)?)
                .push(" WHERE id = ")
                .bind(reservation.id.to_string())
                .execute(tx)
                .await?;
        }
        Ok(true)
    }

    /// Sells what `owner` holds, making the hold again if it was taken back and there is enough.
    pub(crate) async fn commit(&self, tx: &mut Tx, owner: &Owner) -> Result<Committed, Error> {
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
    async fn remake(&self, tx: &mut Tx, found: Reservation) -> Result<Committed, Error> {
        let levels = reservation::levels(tx, &found.lines).await?;
        let available: Vec<i64> =
            levels.into_iter().map(|level| level.map_or(0, |level| level.available())).collect();
        let shortages = shortages(&found.lines, &available);
        if !shortages.is_empty() {
            return Ok(Committed::Unavailable(shortages));
        }
        let lost = || Error::Serialization("the hold was made again by somebody else".to_owned());
        change(tx, &found.owner, Change::Remake).await?.ok_or_else(lost)?;
        match self.hold(tx, &found, Terms::Sold).await? {
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

    pub(super) async fn give_back(
        &self,
        tx: &Tx,
        reservation: ReservationId,
        lines: &[Held],
    ) -> Result<(), Error> {
        for HoldLine { variant, quantity } in counted(lines) {
            Sql::new("UPDATE stock_level SET reserved = reserved - ")
                .bind(i64::from(quantity))
                .push(" WHERE variant = ")
                .bind(variant.to_string())
                .execute(tx)
                .await?;
        }
        self.move_lines(tx, "released", reservation, lines).await
    }

    pub(super) async fn move_lines(
        &self,
        tx: &Tx,
        kind: &str,
        reservation: ReservationId,
        lines: &[Held],
    ) -> Result<(), Error> {
        let now = self.clock.now().micros();
        let row = |line: HoldLine| -> [Value; 7] {
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
        let head =
            "INSERT INTO stock_movement (id, variant, kind, quantity, reason, reservation, at)";
        insert(tx, head, counted(lines).into_iter().map(row).collect(), "").await?;
        Ok(())
    }
}

/// The lines for which stock was set aside, in the order in which rows are locked.
pub(super) fn counted(lines: &[Held]) -> Vec<HoldLine> {
    let counted = lines.iter().filter(|held| held.counted).map(|held| held.line);
    in_variant_order(&counted.collect::<Vec<_>>())
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
