//! Carts at rest.

mod cart;

use carts_api::{CartId, CartOf, Error, Status};
use kernel::{Currency, Timestamp};
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, QueryFilter, Statement, Value, entity::prelude::*,
};
use storage::{Database, Failure, Tx};
use users_api::UserId;

use crate::domain::Cart;

/// What a unit of work here ends with.
pub(crate) type Outcome<T> = Result<T, Failure<Error>>;

/// A cart that is opened unless its customer has one.
pub(crate) struct Fresh {
    pub(crate) id: CartId,
    pub(crate) customer: UserId,
    pub(crate) currency: Currency,
    pub(crate) now: Timestamp,
    pub(crate) expires_at: Timestamp,
}

/// Opens a cart, or keeps the active one alive; one row either way, whoever else opens at once. None when the
/// active one is over.
const OPEN: &str = "INSERT INTO cart \
     (id, customer, currency, lines, status, created_at, expires_at, version) \
     VALUES ($1, $2, $3, '[]', 'active', $4, $5, 1) \
     ON CONFLICT (customer) WHERE status = 'active' \
     DO UPDATE SET expires_at = excluded.expires_at, version = cart.version + 1 \
     WHERE cart.expires_at > excluded.created_at \
     RETURNING *";

/// Changes an active cart that nobody has changed since it was read.
const CHANGE: &str = "UPDATE cart SET lines = $1, expires_at = $2, version = version + 1 \
     WHERE id = $3 AND version = $4 AND status = 'active'";

/// Ends an active cart.
const END: &str = "UPDATE cart SET status = $1, version = version + 1 \
     WHERE id = $2 AND status = 'active'";

/// Ends a guest's cart whose lines go into another one.
const LEAVE: &str = "UPDATE cart SET status = 'merged', merged_into = $1, version = version + 1 \
     WHERE id = $2 AND version = $3 AND status = 'active'";

/// Ends the cart of a customer that is over.
const FORGET: &str = "UPDATE cart SET status = 'expired', version = version + 1 \
     WHERE customer = $1 AND status = 'active' AND expires_at <= $2";

/// Ends every cart that nobody came back for.
const EXPIRE: &str = "UPDATE cart SET status = 'expired', version = version + 1 \
     WHERE status = 'active' AND expires_at <= $1";

pub(crate) struct Store {
    db: Database,
}

impl Store {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }

    /// The customer's active cart: `fresh`, or the one there was.
    pub(crate) async fn open(&self, fresh: &Fresh) -> Outcome<Cart> {
        storage::retry(|| async {
            let tx = self.db.begin().await?;
            let mut row = upsert(&tx, fresh).await?;
            if row.is_none() {
                let values: [Value; 2] =
                    [fresh.customer.to_string().into(), fresh.now.micros().into()];
                let forget =
                    Statement::from_sql_and_values(tx.get_database_backend(), FORGET, values);
                tx.execute_raw(forget).await?;
                row = upsert(&tx, fresh).await?;
            }
            let nothing = || DbErr::RecordNotFound("an upsert returned no cart".into());
            let opened = row.ok_or_else(nothing)?.try_into()?;
            tx.commit().await?;
            Ok(opened)
        })
        .await
    }

    pub(crate) async fn find(&self, which: CartOf) -> Outcome<Cart> {
        let row = cart::Entity::find_by_id(which.cart.to_string())
            .filter(cart::Column::Customer.eq(which.customer.to_string()))
            .one(&self.db.reader())
            .await?;
        let row = row.ok_or(Failure::Refused(Error::UnknownCart(which.cart)))?;
        Ok(row.try_into()?)
    }

    /// The customer's active cart, if there is one.
    pub(crate) async fn active(&self, customer: UserId) -> Outcome<Option<Cart>> {
        let row = cart::Entity::find()
            .filter(cart::Column::Customer.eq(customer.to_string()))
            .filter(cart::Column::Status.eq(cart::status_text(Status::Active)))
            .one(&self.db.reader())
            .await?;
        Ok(row.map(Cart::try_from).transpose()?)
    }

    /// Ends `guest` and records what `into` holds now, if neither has changed; says whether that is so.
    pub(crate) async fn merge(
        &self,
        guest: &Cart,
        into: &Cart,
        expires_at: Timestamp,
    ) -> Outcome<bool> {
        storage::retry(|| async {
            let tx = self.db.begin().await?;
            let leave: [Value; 3] = [
                into.id.to_string().into(),
                guest.id.to_string().into(),
                guest.version.0.cast_signed().into(),
            ];
            let change: [Value; 4] = [
                cart::document(&into.lines)?.into(),
                expires_at.micros().into(),
                into.id.to_string().into(),
                into.version.0.cast_signed().into(),
            ];
            for (sql, values) in [(LEAVE, leave.to_vec()), (CHANGE, change.to_vec())] {
                let statement =
                    Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
                if tx.execute_raw(statement).await?.rows_affected() != 1 {
                    tx.rollback().await?;
                    // What was faster is written and may not be durable yet; after this it can be read.
                    self.db.begin().await?.commit().await?;
                    return Ok(false);
                }
            }
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Ends every cart that nobody came back for by `now`; gives their number.
    pub(crate) async fn expire(&self, now: Timestamp) -> Result<u64, storage::Error> {
        let tx = self.db.begin().await?;
        let values: [Value; 1] = [now.micros().into()];
        let expire = Statement::from_sql_and_values(tx.get_database_backend(), EXPIRE, values);
        let expired = tx.execute_raw(expire).await?.rows_affected();
        tx.commit().await?;
        Ok(expired)
    }

    /// Replaces the lines of the cart if it is still active and at `cart.version`; says whether it was.
    pub(crate) async fn change(&self, cart: &Cart, expires_at: Timestamp) -> Outcome<bool> {
        storage::retry(|| async {
            let tx = self.db.begin().await?;
            let values: [Value; 4] = [
                cart::document(&cart.lines)?.into(),
                expires_at.micros().into(),
                cart.id.to_string().into(),
                cart.version.0.cast_signed().into(),
            ];
            let change = Statement::from_sql_and_values(tx.get_database_backend(), CHANGE, values);
            let changed = tx.execute_raw(change).await?.rows_affected() == 1;
            tx.commit().await?;
            Ok(changed)
        })
        .await
    }
}

async fn upsert(tx: &Tx, fresh: &Fresh) -> Result<Option<cart::Model>, DbErr> {
    let values: [Value; 5] = [
        fresh.id.to_string().into(),
        fresh.customer.to_string().into(),
        fresh.currency.code().into(),
        fresh.now.micros().into(),
        fresh.expires_at.micros().into(),
    ];
    let upsert = Statement::from_sql_and_values(tx.get_database_backend(), OPEN, values);
    cart::Entity::find().from_raw_sql(upsert).one(tx).await
}

/// Marks the cart converted, if it is active; otherwise nothing happens.
pub(crate) async fn convert(tx: &Tx, id: CartId) -> Result<(), DbErr> {
    let values = [cart::status_text(Status::Converted).into(), id.to_string().into()];
    let end = Statement::from_sql_and_values(tx.get_database_backend(), END, values);
    tx.execute_raw(end).await?;
    Ok(())
}
