//! Messages that nobody can handle, put where such messages are: no neighbour publishes one.

use std::time::Duration;

use kernel::Ids;
use sea_orm::{ConnectionTrait, Database, DbBackend, Statement};
use serde_json::{Value, json};
use users_api::UserId;

use super::World;

/// How long it waits for the turn to write.
const PATIENCE: Duration = Duration::from_secs(20);

/// A mail about an account as notifications can read it, to a person whom nobody else knows.
pub(crate) fn mail_to(user: &str) -> Value {
    json!({
        "user": user, "email": "ada@example.com", "name": "Ada", "token": "tok_secret",
        "expires_at": "2126-01-01T00:00:00Z", "at": "2026-01-01T00:00:00Z",
    })
}

impl World {
    /// Parks mails at notifications, the first as one that could not be read and the others behind it. They are
    /// to somebody new, whose id is given: `users` has never spoken of them. `payload` says what is in each.
    pub(crate) async fn poison(&self, payloads: &[fn(&str) -> Value]) -> String {
        let user = Ids::system().next::<UserId>();
        let user = user.to_string();
        let rows = payloads.iter().zip(1..).map(|(payload, seq)| row(&user, seq, &payload(&user)));
        let values = rows.collect::<Vec<_>>().join(", ");
        let sql = |table: &str| {
            format!(
                "INSERT INTO {table} (subscriber, source, channel, key, seq, envelope, attempts, \
                 due_at, reason, state) VALUES {values}"
            )
        };
        match self.database() {
            Some(url) => {
                let db = Database::connect(url).await.unwrap();
                let sql = sql("notifications.parked");
                db.execute_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap();
                db.close().await.unwrap();
            }
            None => {
                let file = self.folder().join("notifications.db");
                let db = rusqlite::Connection::open(file).unwrap();
                db.busy_timeout(PATIENCE).unwrap();
                db.execute_batch(&sql("parked")).unwrap();
            }
        }
        user
    }
}

/// The values of one row of `parked`.
fn row(user: &str, seq: u32, payload: &Value) -> String {
    let id = kernel::Identifier::uuid(Ids::system().next::<UserId>());
    let envelope = json!({
        "id": id, "source": "users", "channel": "users.mail", "version": 1, "key": user,
        "type": "email-verification-requested", "shard": 0, "seq": seq, "kind": "event",
        "correlation_id": "sign-up", "causation_id": id, "content_type": "application/json",
        "payload": payload,
    });
    let (attempts, reason, state) = match seq {
        1 => (1, "missing field", "dead"),
        _ => (0, "others of its key come first", "waiting"),
    };
    format!(
        "('notifications', 'users', 'users.mail', '{user}', {seq}, '{envelope}', {attempts}, 0, \
         '{reason}', '{state}')"
    )
}
