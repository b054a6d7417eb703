//! What a server must be set to, so that its transaction log can be followed.

use storage::{Database, Error};

use crate::sql;

/// Looks at the server of `db`, of which so many `relays` follow the log, and says what is to be changed:
/// nothing, if the log can be followed. On SQLite there is nothing to follow and nothing to change.
///
/// # Errors
///
/// When the server cannot be asked.
pub async fn log_demands(db: &Database, relays: usize) -> Result<Vec<String>, Error> {
    let Some(login) = db.login() else { return Ok(Vec::new()) };
    // Numbers, because no column is anything but a number or a text here.
    let sql = "SELECT current_setting('wal_level') AS level, \
               CAST(current_setting('max_replication_slots') AS BIGINT) AS slots, \
               CAST(current_setting('max_wal_senders') AS BIGINT) AS senders, \
               (SELECT CAST(setting AS BIGINT) FROM pg_settings \
                WHERE name = 'max_slot_wal_keep_size') AS kept, \
               (SELECT COUNT(*) FROM pg_roles \
                WHERE rolname = current_user AND (rolsuper OR rolreplication)) AS replicates, \
               (SELECT COUNT(*) FROM pg_database WHERE datname = current_database() \
                AND has_database_privilege(oid, 'CREATE')) AS creates, \
               CAST(current_user AS TEXT) AS me, CAST(current_database() AS TEXT) AS here";
    let row = sql::one(&db.reader(), sql, []).await?;
    let Some(row) = row else { return Ok(Vec::new()) };
    let relays = i64::try_from(relays).unwrap_or(i64::MAX);
    let mut demands = Vec::new();
    if login.tls {
        demands.push(
            "its url insists on TLS, which the log is not followed over: use ticks".to_owned(),
        );
    }
    if row.try_get::<String>("", "level")? != "logical" {
        demands
            .push("set wal_level = logical in postgresql.conf and restart the server".to_owned());
    }
    for (setting, column) in [("max_replication_slots", "slots"), ("max_wal_senders", "senders")] {
        let there: i64 = row.try_get("", column)?;
        if there < relays {
            demands.push(format!(
                "set {setting} to {relays} or more (it is {there}): each relay takes one"
            ));
        }
    }
    if row.try_get::<i64>("", "kept")? < 0 {
        demands.push(
            "set max_slot_wal_keep_size, for example to 4GB: without it a relay that does not come \
             forward fills the disk"
                .to_owned(),
        );
    }
    let (me, here): (String, String) = (row.try_get("", "me")?, row.try_get("", "here")?);
    if row.try_get::<i64>("", "replicates")? == 0 {
        demands.push(format!("let {me} replicate: ALTER ROLE {me} REPLICATION"));
    }
    if row.try_get::<i64>("", "creates")? == 0 {
        demands
            .push(format!("let {me} make publications: GRANT CREATE ON DATABASE {here} TO {me}"));
    }
    Ok(demands)
}
