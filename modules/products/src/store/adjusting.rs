//! Receiving stock and correcting counts.

use messaging::Publish;
use products_api::{Adjust, Error, MovementId, StockDepleted, StockLevel};
use sea_orm::FromQueryResult;
use storage::{Failure, Tx};

use super::{Result, Store, sql::Sql};
use crate::domain::stock;

#[derive(FromQueryResult)]
struct Level {
    on_hand: i64,
    reserved: i64,
}

#[derive(FromQueryResult)]
struct Movement {
    variant: String,
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
            let Level { on_hand, reserved } = level(&tx, wish).await?;
            let would_be = on_hand + wish.change;
            let below = Error::BelowReserved { variant: wish.variant, would_be, reserved };
            return Err(Failure::Refused(below));
        };
        if wish.change < 0 && on_hand == reserved {
            tx.publish(&StockDepleted { variant: wish.variant, at: self.clock.now() })?;
        }
        tx.commit().await?;
        Ok(StockLevel { variant: wish.variant, on_hand, reserved })
    }

    /// Adds the movement; false when there is no such variant or the cause was used before.
    async fn note(&self, tx: &Tx, wish: &Adjust) -> Result<bool> {
        let id: MovementId = self.ids.next();
        let kind = if wish.change > 0 { "received" } else { "adjusted" };
        let added = Sql::new(
            "INSERT INTO stock_movement (id, kind, quantity, reason, cause, at, variant) SELECT ",
        )
        .bind(id.to_string())
        .push(", ")
        .bind(kind)
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
            Sql::new("SELECT variant, quantity FROM stock_movement WHERE cause = ")
                .bind(wish.cause.as_str())
                .one(tx)
                .await?;
        let Some(before) = before else {
            return Err(Failure::Refused(Error::UnknownVariant(wish.variant)));
        };
        if before.variant != wish.variant.to_string() || before.quantity != wish.change {
            return Err(Failure::Refused(stock::other_change()));
        }
        let Level { on_hand, reserved } = level(tx, wish).await?;
        Ok(StockLevel { variant: wish.variant, on_hand, reserved })
    }
}

async fn level(tx: &Tx, wish: &Adjust) -> Result<Level> {
    let found = Sql::new("SELECT on_hand, reserved FROM stock_level WHERE variant = ")
        .bind(wish.variant.to_string())
        .one(tx)
        .await?;
    found.ok_or(Failure::Refused(Error::UnknownVariant(wish.variant)))
}
