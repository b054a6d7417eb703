//! Addresses as rows.

use host::idempotency;
use kernel::{Page, Timestamp, Version};
use messaging::Publish;
use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait},
};
use storage::{Failure, Tx};
use users_api::{
    Address, AddressBook, AddressChange, AddressChanged, AddressOf, AddressesOf, Defaults, Error,
    PostalAddress, Status, UserId,
};

use super::{Outcome, Place, Store, one_more, parsed, refused};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "address")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub account: String,
    pub label: String,
    pub recipient: String,
    pub phone: Option<String>,
    pub line1: String,
    pub line2: Option<String>,
    pub city: String,
    pub region: Option<String>,
    pub postal_code: String,
    pub country: String,
    pub default_shipping: i64,
    pub default_billing: i64,
    pub created_at: i64,
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Store {
    /// Records an address if the owner has room for one more; the count is the lock of the book.
    pub(crate) async fn add_address(
        &self,
        owner: UserId,
        address: &Address,
        now: Timestamp,
    ) -> Outcome<()> {
        storage::retry(|| async {
            let mut tx = self.db.begin().await?;
            if !take_room(&tx, owner).await? {
                drop(tx);
                return match self.account(owner).await?.status {
                    Status::Erased => refused(Error::UnknownUser(owner)),
                    Status::Active | Status::Locked => refused(Error::TooManyAddresses),
                };
            }
            give_up_defaults(&tx, owner, address).await?;
            Entity::insert(row(owner, address, now)).exec_without_returning(&tx).await?;
            announce(&mut tx, owner, address, AddressChange::Added, now)?;
            idempotency::remember(&mut tx, address)?;
            Ok(tx.commit().await?)
        })
        .await
    }

    /// Replaces an address by what it is at the version before `address`.
    pub(crate) async fn replace_address(
        &self,
        owner: UserId,
        address: &Address,
        based_on: Version,
        now: Timestamp,
    ) -> Outcome<()> {
        storage::retry(|| async {
            let mut tx = self.db.begin().await?;
            lock(&tx, owner, 0).await?;
            give_up_defaults(&tx, owner, address).await?;
            let written = Entity::update_many()
                .set(row(owner, address, now).into_change())
                .filter(Column::Id.eq(address.id.to_string()))
                .filter(Column::Account.eq(owner.to_string()))
                .filter(Column::Version.eq(based_on.0.cast_signed()));
            if written.exec(&tx).await?.rows_affected != 1 {
                drop(tx);
                return self.stale(AddressOf { owner, address: address.id }).await;
            }
            announce(&mut tx, owner, address, AddressChange::Replaced, now)?;
            Ok(tx.commit().await?)
        })
        .await
    }

    /// Removes an address.
    pub(crate) async fn remove_address(
        &self,
        which: AddressOf,
        based_on: Version,
        now: Timestamp,
    ) -> Outcome<()> {
        storage::retry(|| async {
            let mut tx = self.db.begin().await?;
            lock(&tx, which.owner, -1).await?;
            let removed = Entity::delete_many()
                .filter(Column::Id.eq(which.address.to_string()))
                .filter(Column::Account.eq(which.owner.to_string()))
                .filter(Column::Version.eq(based_on.0.cast_signed()));
            if removed.exec(&tx).await?.rows_affected != 1 {
                drop(tx);
                return self.stale(which).await;
            }
            tx.publish(&AddressChanged {
                user: which.owner,
                address: which.address,
                change: AddressChange::Removed,
                at: now,
            })?;
            Ok(tx.commit().await?)
        })
        .await
    }

    /// Oldest first.
    pub(crate) async fn addresses(&self, whose: &AddressesOf) -> Outcome<AddressBook> {
        let mut found = Entity::find()
            .filter(Column::Account.eq(whose.owner.to_string()))
            .order_by_asc(Column::CreatedAt)
            .order_by_asc(Column::Id)
            .limit(one_more(whose.page.limit));
        if let Some(after) = &whose.page.after {
            let place = Place::read(after)?.values();
            let key = Expr::tuple([Expr::column(Column::CreatedAt), Expr::column(Column::Id)]);
            found = found.filter(key.gt(Expr::tuple(place.map(Expr::value))));
        }
        let rows = found.all(&self.db.reader()).await?;
        let Page { items, next } =
            Page::cut(rows, whose.page.limit, |row: &Model| Place::of(row.created_at, &row.id));
        let items = items.into_iter().map(address).collect::<Result<_, _>>()?;
        let kept = self.kept_addresses(whose.owner).await?;
        Ok(AddressBook { page: Page { items, next }, has_room: kept < Address::MAX as u64 })
    }

    pub(crate) async fn address(&self, which: AddressOf) -> Outcome<Address> {
        let row = Entity::find_by_id(which.address.to_string())
            .filter(Column::Account.eq(which.owner.to_string()))
            .one(&self.db.reader())
            .await?;
        let row = row.ok_or(Failure::Refused(Error::UnknownAddress(which.address)))?;
        Ok(address(row)?)
    }

    async fn kept_addresses(&self, owner: UserId) -> Outcome<u64> {
        let theirs = Entity::find().filter(Column::Account.eq(owner.to_string()));
        Ok(theirs.count(&self.db.reader()).await?)
    }

    /// Why an address was not at the version that was expected.
    async fn stale(&self, which: AddressOf) -> Outcome<()> {
        let current = self.address(which).await?.version;
        refused(Error::Stale { current })
    }
}

/// Counts one more address of `owner`, if there is room; the row stays locked until the end.
async fn take_room(tx: &impl ConnectionTrait, owner: UserId) -> Result<bool, DbErr> {
    let sql = "UPDATE account SET addresses = addresses + 1 \
               WHERE id = $1 AND addresses < $2 AND status <> 'erased'";
    let most = i64::try_from(Address::MAX).unwrap_or(i64::MAX);
    let values = [owner.to_string().into(), most.into()];
    let counted = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    Ok(tx.execute_raw(counted).await?.rows_affected() == 1)
}

/// Changes the count by `change` when the rest of `tx` succeeds; nobody else changes the book before.
async fn lock(tx: &impl ConnectionTrait, owner: UserId, change: i64) -> Result<(), DbErr> {
    let sql = "UPDATE account SET addresses = addresses + $1 WHERE id = $2 AND addresses + $1 >= 0";
    let values = [change.into(), owner.to_string().into()];
    let counted = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    tx.execute_raw(counted).await.map(drop)
}

/// Takes what `heir` is a default for away from the addresses that are it now. What they say has changed
/// then, so that they have a new version.
async fn give_up_defaults(tx: &Tx, owner: UserId, heir: &Address) -> Result<(), DbErr> {
    for (wanted, column) in [
        (heir.defaults.shipping, Column::DefaultShipping),
        (heir.defaults.billing, Column::DefaultBilling),
    ] {
        if wanted {
            Entity::update_many()
                .col_expr(column, Expr::value(0_i64))
                .col_expr(Column::Version, Expr::col(Column::Version).add(1_i64))
                .filter(Column::Account.eq(owner.to_string()))
                .filter(column.eq(1_i64))
                .filter(Column::Id.ne(heir.id.to_string()))
                .exec(tx)
                .await?;
        }
    }
    Ok(())
}

fn announce(
    tx: &mut Tx,
    user: UserId,
    address: &Address,
    change: AddressChange,
    at: Timestamp,
) -> Result<(), storage::Error> {
    tx.publish(&AddressChanged { user, address: address.id, change, at })
}

fn row(owner: UserId, address: &Address, now: Timestamp) -> ActiveModel {
    let place = address.address.clone();
    ActiveModel {
        id: Set(address.id.to_string()),
        account: Set(owner.to_string()),
        label: Set(address.label.clone()),
        recipient: Set(place.recipient),
        phone: Set(place.phone),
        line1: Set(place.line1),
        line2: Set(place.line2),
        city: Set(place.city),
        region: Set(place.region),
        postal_code: Set(place.postal_code),
        country: Set(place.country),
        default_shipping: Set(address.defaults.shipping.into()),
        default_billing: Set(address.defaults.billing.into()),
        created_at: Set(now.micros()),
        version: Set(address.version.0.cast_signed()),
    }
}

impl ActiveModel {
    /// What changes in a row that exists.
    fn into_change(self) -> Self {
        use sea_orm::ActiveValue::NotSet;
        Self { id: NotSet, account: NotSet, created_at: NotSet, ..self }
    }
}

fn address(row: Model) -> Result<Address, DbErr> {
    Ok(Address {
        id: parsed(&row.id)?,
        label: row.label,
        address: PostalAddress {
            recipient: row.recipient,
            phone: row.phone,
            line1: row.line1,
            line2: row.line2,
            city: row.city,
            region: row.region,
            postal_code: row.postal_code,
            country: row.country,
        },
        defaults: Defaults {
            shipping: row.default_shipping == 1,
            billing: row.default_billing == 1,
        },
        version: Version(row.version.cast_unsigned()),
    })
}
