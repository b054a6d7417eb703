//! Signing keys as rows.

use kernel::Timestamp;
use sea_orm::{
    ActiveValue::Set, EntityTrait, QueryFilter, QueryOrder, entity::prelude::*,
    sea_query::OnConflict,
};

use super::Store;
use crate::keys::PrivateKey;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "signing_key")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub generation: i64,
    pub kid: String,
    pub private_key: PrivateKey,
    pub created_at: i64,
    pub signs_from: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// A signing key at rest.
#[derive(Clone, Debug)]
pub(crate) struct StoredKey {
    /// Counts the keys from 1.
    pub(crate) generation: i64,
    pub(crate) kid: String,
    pub(crate) private_key: PrivateKey,
    pub(crate) created_at: Timestamp,
    /// Until then it is only published.
    pub(crate) signs_from: Timestamp,
}

impl Store {
    /// Keeps `key`, unless there is one of its generation already: whoever is first wins.
    pub(crate) async fn keep_key(&self, key: &StoredKey) -> Result<(), storage::Error> {
        let tx = self.db.begin().await?;
        let row = ActiveModel {
            generation: Set(key.generation),
            kid: Set(key.kid.clone()),
            private_key: Set(key.private_key.clone()),
            created_at: Set(key.created_at.micros()),
            signs_from: Set(key.signs_from.micros()),
        };
        let there_is_one = OnConflict::column(Column::Generation).do_nothing().to_owned();
        Entity::insert(row).on_conflict(there_is_one).exec_without_returning(&tx).await?;
        tx.commit().await
    }

    /// Every signing key, oldest first.
    pub(crate) async fn keys(&self) -> Result<Vec<StoredKey>, storage::Error> {
        let oldest_first = Entity::find().order_by_asc(Column::Generation);
        let rows = oldest_first.all(&self.db.reader()).await?;
        let key = |row: Model| StoredKey {
            generation: row.generation,
            kid: row.kid,
            private_key: row.private_key,
            created_at: Timestamp::from_micros(row.created_at),
            signs_from: Timestamp::from_micros(row.signs_from),
        };
        Ok(rows.into_iter().map(key).collect())
    }

    /// Removes the keys up to this generation, private halves and all.
    pub(crate) async fn remove_keys(&self, up_to: i64) -> Result<(), storage::Error> {
        let tx = self.db.begin().await?;
        Entity::delete_many().filter(Column::Generation.lte(up_to)).exec(&tx).await?;
        tx.commit().await
    }
}
