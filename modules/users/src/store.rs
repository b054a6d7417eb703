//! Accounts, addresses, sessions and signing keys at rest.

mod account;
mod address;
mod session;
mod signing_key;

use std::str::FromStr;

use kernel::Timestamp;
use messaging::Publish;
use sea_orm::{
    ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, Statement,
    entity::prelude::*, sea_query::OnConflict,
};
use serde::{Serialize, de::DeserializeOwned};
use storage::{Database, Failure};
use users_api::{Address, AddressOf, Error, UserId, UserRegistered};

use crate::{domain::Account, keys::PrivateKey, passwords::Hash, session::Session};

/// What a unit of work here ends with.
pub(crate) type Outcome<T> = Result<T, Failure<Error>>;

/// The first signing key; rotation counts on from it.
const FIRST_GENERATION: i64 = 1;

/// A signing key at rest.
pub(crate) struct StoredKey {
    pub(crate) kid: String,
    pub(crate) private_key: PrivateKey,
}

pub(crate) struct Store {
    db: Database,
}

impl Store {
    pub(crate) fn new(db: Database) -> Self {
        Self { db }
    }

    /// Records a new account and its announcement, or neither.
    pub(crate) async fn open_account(&self, account: &Account, hash: &Hash) -> Outcome<()> {
        storage::retry(|| async {
            let mut tx = self.db.begin().await?;
            let row = account::row(account, hash.clone())?;
            let inserted = account::Entity::insert(row).exec_without_returning(&tx).await;
            match inserted.map_err(storage::Error::from) {
                Err(storage::Error::Unique { constraint }) if constraint.contains("email_key") => {
                    return Err(Failure::Refused(Error::EmailTaken));
                }
                other => other?,
            };
            tx.publish(&UserRegistered {
                user: account.id,
                email: account.email.given.clone(),
                name: account.name.clone(),
                at: account.created_at,
            })?;
            Ok(tx.commit().await?)
        })
        .await
    }

    pub(crate) async fn account(&self, id: UserId) -> Outcome<Account> {
        let row = account::Entity::find_by_id(id.to_string()).one(&self.db.reader()).await?;
        let row = row.ok_or(Failure::Refused(Error::UnknownUser(id)))?;
        Ok(row.try_into()?)
    }

    /// The account with this e-mail address and the hash of its password.
    pub(crate) async fn credentials(&self, email_key: &str) -> Outcome<Option<(Account, Hash)>> {
        let by_email = account::Entity::find().filter(account::Column::EmailKey.eq(email_key));
        let Some(row) = by_email.one(&self.db.reader()).await? else { return Ok(None) };
        let hash = row.password_hash.clone();
        Ok(Some((row.try_into()?, hash)))
    }

    pub(crate) async fn open_session(&self, session: &Session) -> Outcome<()> {
        storage::retry(|| async {
            let tx = self.db.begin().await?;
            session::Entity::insert(session::row(session)).exec_without_returning(&tx).await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    /// Records an address if the owner has room for one more; the count is the lock.
    pub(crate) async fn add_address(
        &self,
        owner: UserId,
        address: &Address,
        now: Timestamp,
    ) -> Outcome<()> {
        storage::retry(|| async {
            let tx = self.db.begin().await?;
            if !take_room(&tx, owner).await? {
                drop(tx);
                self.account(owner).await?;
                return Err(Failure::Refused(Error::TooManyAddresses));
            }
            let row = address::row(owner, address, now);
            address::Entity::insert(row).exec_without_returning(&tx).await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    /// Oldest first.
    pub(crate) async fn addresses(&self, owner: UserId) -> Outcome<Vec<Address>> {
        let rows = address::Entity::find()
            .filter(address::Column::Account.eq(owner.to_string()))
            .order_by_asc(address::Column::CreatedAt)
            .order_by_asc(address::Column::Id)
            .all(&self.db.reader())
            .await?;
        let addresses = rows.into_iter().map(address::address).collect::<Result<_, _>>()?;
        Ok(addresses)
    }

    pub(crate) async fn address(&self, which: AddressOf) -> Outcome<Address> {
        let row = address::Entity::find_by_id(which.address.to_string())
            .filter(address::Column::Account.eq(which.owner.to_string()))
            .one(&self.db.reader())
            .await?;
        let row = row.ok_or(Failure::Refused(Error::UnknownAddress(which.address)))?;
        Ok(address::address(row)?)
    }

    /// Keeps `key` as the first signing key, unless there is one already: whoever is first wins.
    pub(crate) async fn keep_first_key(
        &self,
        key: &StoredKey,
        now: Timestamp,
    ) -> Result<(), storage::Error> {
        let tx = self.db.begin().await?;
        let row = signing_key::ActiveModel {
            generation: Set(FIRST_GENERATION),
            kid: Set(key.kid.clone()),
            private_key: Set(key.private_key.clone()),
            created_at: Set(now.micros()),
        };
        let there_is_one =
            OnConflict::column(signing_key::Column::Generation).do_nothing().to_owned();
        signing_key::Entity::insert(row)
            .on_conflict(there_is_one)
            .exec_without_returning(&tx)
            .await?;
        tx.commit().await
    }

    /// Every signing key, oldest first.
    pub(crate) async fn keys(&self) -> Result<Vec<StoredKey>, storage::Error> {
        let oldest_first =
            signing_key::Entity::find().order_by_asc(signing_key::Column::Generation);
        let rows = oldest_first.all(&self.db.reader()).await?;
        let key =
            |row: signing_key::Model| StoredKey { kid: row.kid, private_key: row.private_key };
        Ok(rows.into_iter().map(key).collect())
    }
}

/// Counts one more address of `owner`, if there is room; the row stays locked until the end.
async fn take_room(tx: &impl ConnectionTrait, owner: UserId) -> Result<bool, DbErr> {
    let sql = "UPDATE account SET addresses = addresses + 1 WHERE id = $1 AND addresses < $2";
    let most = i64::try_from(Address::MAX).unwrap_or(i64::MAX);
    let values = [owner.to_string().into(), most.into()];
    let counted = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    Ok(tx.execute_raw(counted).await?.rows_affected() == 1)
}

/// Reads an id that we wrote.
fn parsed<T: FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, DbErr> {
    text.parse().map_err(|cause| DbErr::Type(format!("a stored value is broken: {cause}")))
}

/// Reads JSON that we wrote.
fn json<T: DeserializeOwned>(text: &str) -> Result<T, DbErr> {
    serde_json::from_str(text)
        .map_err(|cause| DbErr::Type(format!("a stored value is broken: {cause}")))
}

fn text(value: &impl Serialize) -> Result<String, DbErr> {
    serde_json::to_string(value).map_err(|cause| DbErr::Type(format!("no JSON form: {cause}")))
}
