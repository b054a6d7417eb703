//! Reservations: made, given back, found.

use kernel::Timestamp;
use products_api::{Error, Extend, Hold, HoldLine, Owner, Reservation, ReservationState, Variant};
use sea_orm::FromQueryResult;
use storage::{Failure, Tx};

use super::{
    Result, Store,
    books::Terms,
    rows::{Held, Name, ReservationRow, lines_json, state_name},
    saving::raced,
    sql::Sql,
};
use crate::domain::stock::{self, Change, STATES, next};

/// How many overdue holds one round of the sweeper takes back.
const BATCH: i64 = 500;

/// What can be had of a variant.
#[derive(FromQueryResult)]
pub(super) struct Level {
    variant: String,
    available: i64,
    tracked: i64,
    for_sale: i64,
}

impl Level {
    pub(super) fn available(&self) -> i64 {
        if self.tracked != 0 { self.available } else { Variant::PLENTY }
    }
}

impl Store {
    /// Holds every line of `hold`, or none.
    pub(crate) async fn reserve(&self, hold: &Hold) -> Result<Reservation> {
        storage::retry(|| self.try_reserve(hold)).await
    }

    async fn try_reserve(&self, hold: &Hold) -> Result<Reservation> {
        let reservation = Reservation {
            id: self.ids.next(),
            owner: hold.owner.clone(),
            lines: hold.lines.clone(),
            state: ReservationState::Held,
            expires_at: hold.expires_at,
        };
        let mut tx = self.db.begin().await?;
        if !insert(&tx, &reservation).await? {
            let found =
                find(&tx, &hold.owner).await?.ok_or_else(|| raced("a reservation vanished"))?;
            return stock::again(found, hold).map_err(Failure::Refused);
        }
        if self.books.hold(&mut tx, &reservation, Terms::ForSale).await? {
            tx.commit().await?;
            return Ok(reservation);
        }
        tx.rollback().await?;
        Err(self.shortage(&hold.lines).await?)
    }

    /// Names every line for which there is not enough.
    async fn shortage(&self, lines: &[HoldLine]) -> Result<Failure<Error>> {
        let mut available = Vec::with_capacity(lines.len());
        for (line, level) in lines.iter().zip(levels(&self.db.reader(), lines).await?) {
            let Some(level) = level else {
                return Ok(Failure::Refused(Error::UnknownVariant(line.variant)));
            };
            if level.for_sale == 0 {
                return Ok(Failure::Refused(Error::NotForSale(line.variant)));
            }
            available.push(level.available());
        }
        let shortages = stock::shortages(lines, &available);
        if shortages.is_empty() {
            return Ok(raced("stock came back while it was counted"));
        }
        Ok(Failure::Refused(Error::InsufficientStock(shortages)))
    }

    /// Gives back what `owner` holds.
    pub(crate) async fn release(&self, owner: &Owner) -> Result<()> {
        storage::retry(|| async {
            let tx = self.db.begin().await?;
            self.books.release(&tx, owner).await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    /// Moves the end of a hold; nothing becomes of one that is sold.
    pub(crate) async fn extend(&self, wish: &Extend) -> Result<Reservation> {
        let tx = self.db.begin().await?;
        let held = Sql::new("UPDATE reservation SET expires_at = ")
            .bind(wish.expires_at.micros())
            .push(" WHERE owner = ")
            .bind(wish.owner.0.as_str())
            .push(" AND state = 'held' AND expires_at < $1")
            .execute(&tx)
            .await?;
        let found = find(&tx, &wish.owner).await?;
        if held == 1 {
            tx.commit().await?;
        }
        let unknown = || Failure::Refused(Error::UnknownReservation(wish.owner.clone()));
        stock::still_held(found.ok_or_else(unknown)?).map_err(Failure::Refused)
    }

    /// What `owner` holds or held.
    pub(crate) async fn reservation(&self, owner: &Owner) -> Result<Option<Reservation>> {
        Ok(find(&self.db.reader(), owner).await?)
    }

    /// The reservations that are held although they were due at `due`, the oldest first.
    pub(crate) async fn overdue(&self, due: Timestamp) -> Result<Vec<String>> {
        let rows: Vec<Name> =
            Sql::new("SELECT id AS name FROM reservation WHERE state = 'held' AND expires_at <= ")
                .bind(due.micros())
                .push(" ORDER BY expires_at LIMIT ")
                .bind(BATCH)
                .all(&self.db.reader())
                .await?;
        Ok(rows.into_iter().map(|row| row.name).collect())
    }

    /// Takes back what the reservation `id` holds; false when somebody else ended it before.
    pub(crate) async fn expire(&self, id: &str, due: Timestamp) -> Result<bool> {
        storage::retry(|| async {
            let tx = self.db.begin().await?;
            let expired = self.books.expire(&tx, id, due.micros()).await?;
            tx.commit().await?;
            Ok(expired)
        })
        .await
    }
}

/// What can be had of each line's variant, if it exists.
pub(super) async fn levels(
    on: &impl sea_orm::ConnectionTrait,
    lines: &[HoldLine],
) -> std::result::Result<Vec<Option<Level>>, storage::Error> {
    let mut found: Vec<Level> = Sql::new(
        "SELECT s.variant, s.on_hand - s.reserved AS available, s.tracked, \
         CAST(CASE WHEN p.status = 'active' THEN v.for_sale ELSE 0 END AS BIGINT) AS for_sale \
         FROM stock_level s JOIN variant v ON v.id = s.variant JOIN product p ON p.id = v.product \
         WHERE s.variant IN ",
    )
    .list(lines.iter().map(|line| line.variant.to_string().into()))
    .all(on)
    .await?;
    let mut level = |line: &HoldLine| {
        let name = line.variant.to_string();
        let place = found.iter().position(|level| level.variant == name)?;
        Some(found.swap_remove(place))
    };
    Ok(lines.iter().map(&mut level).collect())
}

/// Finds the reservation of `owner`.
pub(super) async fn find(
    on: &impl sea_orm::ConnectionTrait,
    owner: &Owner,
) -> std::result::Result<Option<Reservation>, storage::Error> {
    let row: Option<ReservationRow> =
        Sql::new("SELECT id, owner, lines, state, expires_at FROM reservation WHERE owner = ")
            .bind(owner.0.clone())
            .one(on)
            .await?;
    row.map(ReservationRow::reservation).transpose()
}

/// The states that allow `change`, as `('held', …)`.
pub(super) fn allowing(change: Change) -> String {
    let states = STATES.into_iter().filter(|state| next(*state, change).is_some());
    let names: Vec<_> = states.map(|state| format!("'{}'", state_name(state))).collect();
    format!("({})", names.join(", "))
}

/// The state that `change` leads to, from wherever it is allowed.
pub(super) fn target(change: Change) -> &'static str {
    state_name(change.target())
}

/// Adds the reservation unless its owner has one.
async fn insert(tx: &Tx, reservation: &Reservation) -> std::result::Result<bool, storage::Error> {
    let held = |line: &HoldLine| Held { line: *line, counted: true };
    let lines: Vec<Held> = reservation.lines.iter().map(held).collect();
    let added = Sql::new("INSERT INTO reservation (id, owner, lines, state, expires_at)")
        .rows([[
            reservation.id.to_string().into(),
            reservation.owner.0.clone().into(),
            lines_json(&lines)?.into(),
            state_name(reservation.state).into(),
            reservation.expires_at.micros().into(),
        ]])
        .push(" ON CONFLICT (owner) DO NOTHING")
        .execute(tx)
        .await?;
    Ok(added == 1)
}
