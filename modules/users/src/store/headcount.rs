//! How many active accounts have a role that must not die out. The count is the check and the lock.

use identity::Role;
use sea_orm::{ConnectionTrait, DbErr, Statement};

/// Counts one more.
pub(super) async fn one_more(tx: &impl ConnectionTrait, role: Role) -> Result<(), DbErr> {
    let sql = "INSERT INTO headcount (role, active) VALUES ($1, 1) \
               ON CONFLICT (role) DO UPDATE SET active = headcount.active + 1";
    changed(tx, sql, role).await.map(drop)
}

/// Counts one less, unless that is the last one.
pub(super) async fn one_less(tx: &impl ConnectionTrait, role: Role) -> Result<bool, DbErr> {
    let sql = "UPDATE headcount SET active = active - 1 WHERE role = $1 AND active > 1";
    changed(tx, sql, role).await
}

async fn changed(tx: &impl ConnectionTrait, sql: &str, role: Role) -> Result<bool, DbErr> {
    let values = [role.as_str().into()];
    let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
    Ok(tx.execute_raw(statement).await?.rows_affected() == 1)
}
