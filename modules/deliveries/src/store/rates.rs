//! The row of the table `rate_card`.

use kernel::Timestamp;
use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, Set,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use storage::{Error, Tx};

use crate::rates::Card;

mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "rate_card")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) id: i64,
        pub(crate) asked_at: i64,
        pub(crate) card: String,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What the carriers charge, as it was written last.
pub(crate) async fn read(on: &impl ConnectionTrait) -> Result<Option<Card>, Error> {
    let row = row::Entity::find_by_id(1).one(on).await?;
    let Some(row) = row else { return Ok(None) };
    let card: Card = serde_json::from_str(&row.card).map_err(broken)?;
    // The text tells seconds only.
    Ok(Some(Card { asked_at: Timestamp::from_micros(row.asked_at), ..card }))
}

/// Writes what the carriers charge, unless they were asked later by somebody else; says whether it did.
pub(crate) async fn write(tx: &Tx, card: &Card) -> Result<bool, Error> {
    let asked_at = card.asked_at.micros();
    let text = serde_json::to_string(card).map_err(broken)?;
    let row = row::ActiveModel { id: Set(1), asked_at: Set(asked_at), card: Set(text) };
    let mut newer = OnConflict::column(row::Column::Id);
    newer
        .update_columns([row::Column::AskedAt, row::Column::Card])
        .action_and_where(Expr::col((row::Entity, row::Column::AskedAt)).lte(asked_at));
    Ok(row::Entity::insert(row).on_conflict(newer).exec_without_returning(tx).await? == 1)
}

fn broken(cause: serde_json::Error) -> Error {
    Error::Other(DbErr::Custom(format!("what carriers charge cannot be read or written: {cause}")))
}
