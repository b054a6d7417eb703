//! Receiving stock and correcting counts.

use host::idempotency::remember;
use messaging::Publish;
use products_api::{
    Adjust, Adjustment, Error, MovementId, MovementKind, StockDepleted, StockLevel,
};
use sea_orm::FromQueryResult;
use storage::{Failure, Tx};

use super::{Result, Store, rows, sql::Sql};
use crate::domain::stock;

#[derive(FromQueryResult)]
struct Level {
    on_hand: i64,
    reserved: i64,
}

#[derive(FromQueryResult)]
struct Movement {
    variant: String,
    kind: String,
    quantity: i64,
}

impl Store {
    /// Changes what is on hand, once for each cause.
    pub(crate) async fn adjust(&self, wish: &Adjust) -> Result<StockLevel> {
        storage::retry(|| self.try_adjust(wish)).await
    }

    async fn try_adjust(&self, wish: &Adjust) -> Result<StockLevel> {
        let mut tx = self.db.begin().await?;
        if !self.note(&tx, wish).await? {
            return self.adjusted_before(&tx, wish).await;
        }
        let changed: Option<Level> = Sql::new("UPDATE stock_level SET on_hand = on_hand + ")
            .bind(wish.change)
            .push(" WHERE variant = ")
            .bind(wish.variant.to_string())
            .push(" AND on_hand + $1 >= reserved RETURNING on_hand, reserved")
            .one(&tx)
            .await?;
        let Some(Level { on_hand, reserved }) = changed else {
            let StockLevel { on_hand, reserved, .. } = self.level(&tx, wish.variant).await?;
            let would_be = on_hand + wish.change;
            let below = Error::BelowReserved { variant: wish.variant, would_be, reserved };
            return Err(Failure::Refused(below));
        };
        if wish.change < 0 && on_hand == reserved {
            tx.publish(&StockDepleted { variant: wish.variant, at: self.clock.now() })?;
        }
        let level = StockLevel { variant: wish.variant, on_hand, reserved };
        remember(&mut tx, &level)?;
        tx.commit().await?;
        Ok(level)
    }

    /// Adds the movement; false when there is no such variant or the cause was used before.
    async fn note(&self, tx: &Tx, wish: &Adjust) -> Result<bool> {
        let id: MovementId = self.ids.next();
        let added = Sql::new(
            "INSERT INTO stock_movement (id, kind, quantity, reason, cause, at, variant) SELECT ",
        )
        .bind(id.to_string())
        .push(", ")
        .bind(kind_name(wish))
        .push(", ")
        .bind(wish.change)
        .push(", ")
        .bind(wish.reason.as_str())
        .push(", ")
        .bind(wish.cause.as_str())
        .push(", ")
        .bind(self.clock.now().micros())
        .push(", variant FROM stock_level WHERE variant = ")
        .bind(wish.variant.to_string())
        .push(" ON CONFLICT (cause) DO NOTHING")
        .execute(tx)
        .await?;
        Ok(added == 1)
    }

    async fn adjusted_before(&self, tx: &Tx, wish: &Adjust) -> Result<StockLevel> {
        let before: Option<Movement> =
            Sql::new("SELECT variant, kind, quantity FROM stock_movement WHERE cause = ")
                .bind(wish.cause.as_str())
                .one(tx)
                .await?;
        let Some(before) = before else {
            return Err(Failure::Refused(Error::UnknownVariant(wish.variant)));
        };
        let same = before.variant == wish.variant.to_string()
            && before.quantity == wish.change
            && before.kind == kind_name(wish);
        if !same {
            return Err(Failure::Refused(stock::other_change()));
        }
        self.level(tx, wish.variant).await
    }
}

fn kind_name(wish: &Adjust) -> &'static str {
    rows::kind_name(match wish.kind {
        Adjustment::Received => MovementKind::Received,
        Adjustment::Returned => MovementKind::Returned,
        Adjustment::Adjusted => MovementKind::Adjusted,
    })
}
