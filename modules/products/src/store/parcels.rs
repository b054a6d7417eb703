//! What leaves the house, or does not after all, parcel by parcel.

use products_api::{HoldLine, Owner, ReservationId, ReservationState};
use storage::{Error, Tx};

use super::{
    books::{Books, Changed, counted},
    rows::{Held, Name, lines, lines_json, read, state_name},
    sql::Sql,
};
use crate::domain::stock::taken;

/// A part of what was sold to somebody.
struct Part {
    reservation: ReservationId,
    lines: Vec<Held>,
    /// What of the reservation stays sold.
    left: Vec<Held>,
}

impl Books {
    /// Takes out of the house what a parcel of `owner` holds; no lines are all that is left. False when nothing of
    /// the kind is sold to them.
    pub(crate) async fn ship(
        &self,
        tx: &Tx,
        owner: &Owner,
        parcel: &[HoldLine],
    ) -> Result<bool, Error> {
        let Some(part) = part(tx, owner, parcel).await? else { return Ok(false) };
        keep(tx, &part, ReservationState::Consumed).await?;
        for HoldLine { variant, quantity } in counted(&part.lines) {
            Sql::new("UPDATE stock_level SET on_hand = on_hand - ")
                .bind(i64::from(quantity))
                .push(", reserved = reserved - $1 WHERE variant = ")
                .bind(variant.to_string())
                .execute(tx)
                .await?;
        }
        self.move_lines(tx, "shipped", part.reservation, &part.lines).await?;
        Ok(true)
    }

    /// Gives back what a parcel of `owner` holds that was called off; no lines are all that is left. False when
    /// nothing of the kind is sold to them any more.
    pub(crate) async fn call_off(
        &self,
        tx: &Tx,
        owner: &Owner,
        parcel: &[HoldLine],
    ) -> Result<bool, Error> {
        let Some(part) = part(tx, owner, parcel).await? else { return Ok(false) };
        let end = match part.left.is_empty() && !has_shipped(tx, part.reservation).await? {
            true => ReservationState::Released,
            false => ReservationState::Consumed,
        };
        keep(tx, &part, end).await?;
        self.give_back(tx, part.reservation, &part.lines).await?;
        Ok(true)
    }
}

/// What of the stock that is sold to `owner` is in a parcel. Nobody else changes the reservation until `tx` ends.
async fn part(tx: &Tx, owner: &Owner, parcel: &[HoldLine]) -> Result<Option<Part>, Error> {
    let sold = state_name(ReservationState::Committed);
    let found: Option<Changed> = Sql::new("UPDATE reservation SET state = ")
        .bind(sold)
        .push(" WHERE owner = ")
        .bind(owner.0.clone())
        .push(" AND state = $1 RETURNING id, lines")
        .one(tx)
        .await?;
    let Some(Changed { id, lines: json }) = found else { return Ok(None) };
    let (mut taken_out, mut left) = (Vec::new(), Vec::new());
    for Held { line, counted } in lines(&json)? {
        let quantity = taken(&line, parcel);
        let of = |quantity| Held { line: HoldLine { quantity, ..line }, counted };
        taken_out.extend((quantity > 0).then(|| of(quantity)));
        left.extend((quantity < line.quantity).then(|| of(line.quantity - quantity)));
    }
    let some = !taken_out.is_empty();
    Ok(some.then_some(Part { reservation: read(&id)?, lines: taken_out, left }))
}

/// Writes what stays sold; when that is nothing, the reservation comes to its `end`.
async fn keep(tx: &Tx, part: &Part, end: ReservationState) -> Result<(), Error> {
    let change = match part.left.is_empty() {
        true => Sql::new("UPDATE reservation SET state = ").bind(state_name(end)),
        false => Sql::new("UPDATE reservation SET lines = ").bind(lines_json(&part.left)?),
    };
    change.push(" WHERE id = ").bind(part.reservation.to_string()).execute(tx).await.map(drop)
}

async fn has_shipped(tx: &Tx, reservation: ReservationId) -> Result<bool, Error> {
    let shipped: Option<Name> =
        Sql::new("SELECT id AS name FROM stock_movement WHERE reservation = ")
            .bind(reservation.to_string())
            .push(" AND kind = 'shipped' LIMIT 1")
            .one(tx)
            .await?;
    Ok(shipped.is_some())
}
