//! One-time tokens that were mailed, and wishes for one that nobody has looked at yet.

use kernel::Timestamp;
use messaging::Publish;
use sea_orm::{
    ActiveValue::Set, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, entity::prelude::*,
};
use storage::{Failure, Tx};
use users_api::{Error, OneTimeToken, PasswordResetRequested, UserId};

use super::{Outcome, Store, parsed};
use crate::{domain::Account, secrets};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "one_time_token")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: String,
    pub account: String,
    pub purpose: String,
    pub created_at: i64,
    pub expires_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

mod wish {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "reset_wish")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: String,
        pub email_key: String,
        pub asked_at: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What a mailed token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    VerifyEmail,
    ResetPassword,
}

impl Purpose {
    fn text(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify-email",
            Self::ResetPassword => "reset-password",
        }
    }
}

/// A token on its way into a mail.
pub(crate) struct Mailed {
    pub(crate) token: OneTimeToken,
    pub(crate) purpose: Purpose,
    pub(crate) expires_at: Timestamp,
}

/// Somebody forgot the password of this address, if it has an account.
pub(crate) struct ResetWish {
    pub(crate) id: String,
    pub(crate) email_key: String,
    pub(crate) asked_at: Timestamp,
}

impl Store {
    /// Notes that somebody forgot a password: the same statements whether or not there is an account.
    pub(crate) async fn wish_for_reset(&self, wish: &ResetWish) -> Outcome<()> {
        storage::retry(|| async {
            let mut tx = self.db.begin().await?;
            let row = wish::ActiveModel {
                id: Set(wish.id.clone()),
                email_key: Set(wish.email_key.clone()),
                asked_at: Set(wish.asked_at.micros()),
            };
            wish::Entity::insert(row).exec_without_returning(&tx).await?;
            host::idempotency::remember(&mut tx, &())?;
            Ok(tx.commit().await?)
        })
        .await
    }

    /// The oldest wishes for a new password.
    pub(crate) async fn reset_wishes(&self, limit: u64) -> Outcome<Vec<ResetWish>> {
        let oldest = wish::Entity::find().order_by_asc(wish::Column::AskedAt).limit(limit);
        let rows = oldest.all(&self.db.reader()).await?;
        let wish = |row: wish::Model| ResetWish {
            id: row.id,
            email_key: row.email_key,
            asked_at: Timestamp::from_micros(row.asked_at),
        };
        Ok(rows.into_iter().map(wish).collect())
    }

    /// Grants a wish by having `proof` mailed to `account`, or without an account by forgetting it. Whoever
    /// is first does it; twice, nothing happens.
    pub(crate) async fn grant_reset(
        &self,
        wish: &ResetWish,
        account: Option<&Account>,
        proof: &Mailed,
        now: Timestamp,
    ) -> Outcome<()> {
        storage::retry(|| async {
            let mut tx = self.db.begin().await?;
            let taken = wish::Entity::delete_by_id(wish.id.clone()).exec(&tx).await?;
            if taken.rows_affected != 1 {
                return Ok(());
            }
            if let Some(account) = account {
                insert(&tx, account.id, proof, now).await?;
                tx.publish(&PasswordResetRequested {
                    user: account.id,
                    email: account.email.given.clone(),
                    name: account.name.clone(),
                    token: proof.token.clone(),
                    expires_at: proof.expires_at,
                    at: now,
                })?;
            }
            Ok(tx.commit().await?)
        })
        .await
    }

    /// Whether a token with this hash would be taken now.
    pub(crate) async fn is_good(
        &self,
        hash: &str,
        purpose: Purpose,
        now: Timestamp,
    ) -> Outcome<bool> {
        let found = Entity::find_by_id(hash.to_owned())
            .filter(Column::Purpose.eq(purpose.text()))
            .filter(Column::ExpiresAt.gt(now.micros()));
        Ok(found.one(&self.db.reader()).await?.is_some())
    }

    /// Removes tokens that have ended.
    pub(crate) async fn sweep_mailed(&self, now: Timestamp) -> Result<(), storage::Error> {
        let tx = self.db.begin().await?;
        let ended = Entity::delete_many().filter(Column::ExpiresAt.lte(now.micros()));
        ended.exec(&tx).await?;
        tx.commit().await
    }
}

pub(super) async fn insert(
    tx: &Tx,
    account: UserId,
    mailed: &Mailed,
    now: Timestamp,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        hash: Set(secrets::hash(mailed.token.expose())),
        account: Set(account.to_string()),
        purpose: Set(mailed.purpose.text().to_owned()),
        created_at: Set(now.micros()),
        expires_at: Set(mailed.expires_at.micros()),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
}

/// Uses up the token with this hash and says whose it is.
pub(super) async fn take(tx: &Tx, hash: &str, purpose: Purpose, now: Timestamp) -> Outcome<UserId> {
    let unknown = || Failure::Refused(Error::UnknownToken);
    let row = Entity::find_by_id(hash.to_owned()).one(tx).await?.ok_or_else(unknown)?;
    let taken = Entity::delete_many()
        .filter(Column::Hash.eq(hash))
        .filter(Column::Purpose.eq(purpose.text()))
        .filter(Column::ExpiresAt.gt(now.micros()));
    if taken.exec(tx).await?.rows_affected != 1 {
        return Err(unknown());
    }
    Ok(parsed(&row.account)?)
}

/// Makes somebody's tokens worthless: those for one purpose, or all.
pub(super) async fn forget(
    tx: &Tx,
    account: UserId,
    purpose: Option<Purpose>,
) -> Result<(), DbErr> {
    let mut theirs = Entity::delete_many().filter(Column::Account.eq(account.to_string()));
    if let Some(purpose) = purpose {
        theirs = theirs.filter(Column::Purpose.eq(purpose.text()));
    }
    theirs.exec(tx).await?;
    Ok(())
}
