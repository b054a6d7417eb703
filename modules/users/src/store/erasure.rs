//! Forgetting who somebody was.

use sea_orm::{ConnectionTrait, DbErr, Statement, Value};
use storage::Tx;
use users_api::UserId;

/// What says who somebody was, beside the account itself: addresses, where log-ins came from, and the
/// recorded answers to requests of that person or about that person.
const PERSONAL: [&str; 4] = [
    "DELETE FROM address WHERE account = $1",
    "UPDATE account SET addresses = 0 WHERE id = $1",
    "UPDATE session SET user_agent = NULL, ip = NULL WHERE account = $1",
    "DELETE FROM idempotency WHERE scope LIKE ($1 || ' %') OR body LIKE ('%' || $1 || '%')",
];

/// Removes it.
pub(super) async fn forget(tx: &Tx, who: UserId) -> Result<(), DbErr> {
    for sql in PERSONAL {
        let values = [Value::from(who.to_string())];
        let statement = Statement::from_sql_and_values(tx.get_database_backend(), sql, values);
        tx.execute_raw(statement).await?;
    }
    Ok(())
}
