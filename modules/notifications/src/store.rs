//! The outbox at rest, and what is known of people and orders.

mod waiting;

use kernel::{Page, Timestamp};
use notifications_api::{Mail, MailId, Mails, Status};
use orders_api::{Contact, OrderId, OrderNumber};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement, Value};
use storage::{Database, Error, Tx};
use users_api::UserId;

use crate::domain::{Draft, Fate};
use waiting::{Row, SELECT};

pub(crate) use waiting::Waiting;

/// Writes a mail, unless its event has made one.
pub(crate) async fn enqueue(tx: &Tx, draft: Draft, now: Timestamp) -> Result<(), Error> {
    let Draft { id, content, secret, person, order, to } = draft;
    let (address, name) = to.unzip();
    let sql = "INSERT INTO mail (id, kind, content, secret, person, order_id, address, name, status, \
               attempts, due_at, created_at, version) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'queued', 0, $9, $10, 1) \
               ON CONFLICT (id) DO NOTHING";
    let values: Vec<Value> = vec![
        id.to_string().into(),
        content.kind().into(),
        serde_json::to_string(&content).map_err(unreadable)?.into(),
        secret.into(),
        person.to_string().into(),
        order.map(|order| order.to_string()).into(),
        address.into(),
        name.into(),
        now.micros().into(),
        now.micros().into(),
    ];
    execute(tx, sql, values).await.map(drop)
}

/// Remembers whose an order is and how it is called.
pub(crate) async fn remember_order(
    tx: &Tx,
    order: OrderId,
    number: &OrderNumber,
    customer: UserId,
    contact: Option<Contact>,
) -> Result<(), Error> {
    let sql = "INSERT INTO placed (id, number, customer, email) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (id) DO NOTHING";
    let email = contact.map(|contact| contact.email);
    let values = [order.to_string().into(), number.to_string().into(), customer.to_string().into()];
    execute(tx, sql, values.into_iter().chain([email.into()])).await.map(drop)
}

/// Remembers how somebody is reached.
pub(crate) async fn remember_person(
    tx: &Tx,
    person: UserId,
    email: String,
    name: Option<String>,
) -> Result<(), Error> {
    let sql = "INSERT INTO person (id, email, name) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET \
               email = excluded.email, name = COALESCE(excluded.name, person.name) \
               WHERE person.erased = 0";
    execute(tx, sql, [person.to_string().into(), email.into(), name.into()]).await.map(drop)
}

/// Forgets somebody: who it was, where mail went, and what was still to be sent.
pub(crate) async fn forget_person(tx: &Tx, person: UserId) -> Result<(), Error> {
    let sql = "INSERT INTO person (id, erased) VALUES ($1, 1) \
               ON CONFLICT (id) DO UPDATE SET email = NULL, name = NULL, erased = 1";
    execute(tx, sql, [person.to_string().into()]).await?;
    let sql = "UPDATE mail SET status = CASE WHEN status = 'queued' THEN 'dropped' ELSE status END, \
               address = NULL, name = NULL, secret = NULL, reason = NULL, version = version + 1 \
               WHERE person = $1";
    execute(tx, sql, [person.to_string().into()]).await.map(drop)
}

/// The mails whose time has come, the longest waiting first.
pub(crate) async fn due(db: &Database, now: Timestamp, limit: u64) -> Result<Vec<Waiting>, Error> {
    let sql = format!(
        "{SELECT} WHERE m.status = 'queued' AND m.due_at <= $1 ORDER BY m.due_at, m.id LIMIT {limit}"
    );
    all::<Row>(&db.reader(), &sql, [now.micros().into()])
        .await?
        .into_iter()
        .map(Waiting::try_from)
        .collect()
}

#[derive(FromQueryResult)]
struct Next {
    due_at: Option<i64>,
}

/// When the next time comes.
pub(crate) async fn next(db: &Database) -> Result<Option<Timestamp>, Error> {
    let sql = "SELECT MIN(due_at) AS due_at FROM mail WHERE status = 'queued'";
    let rows = all::<Next>(&db.reader(), sql, []).await?;
    Ok(rows.first().and_then(|row| row.due_at).map(Timestamp::from_micros))
}

/// Takes a mail in hand until `until`: one more attempt. Nothing when somebody else has it.
pub(crate) async fn claim(
    db: &Database,
    mail: Waiting,
    until: Timestamp,
) -> Result<Option<Waiting>, Error> {
    let tx = db.begin().await?;
    let sql = "UPDATE mail SET due_at = $1, attempts = attempts + 1, version = version + 1 \
               WHERE id = $2 AND version = $3 AND status = 'queued'";
    let values = [until.micros().into(), mail.id.to_string().into(), mail.version.into()];
    let claimed = execute(&tx, sql, values).await? == 1;
    tx.commit().await?;
    Ok(claimed.then(|| mail.in_hand()))
}

/// Records what has become of a mail in hand, unless it was taken out of it.
pub(crate) async fn settle(
    db: &Database,
    mail: &Waiting,
    fate: &Fate,
    now: Timestamp,
) -> Result<(), Error> {
    let tx = db.begin().await?;
    let (change, mut values): (&str, Vec<Value>) = match fate {
        Fate::Sent { address, subject } => (
            "status = 'sent', secret = NULL, reason = NULL, address = $1, subject = $2, sent_at = $3",
            vec![address.clone().into(), subject.clone().into(), now.micros().into()],
        ),
        Fate::Again { at, reason } => {
            ("due_at = $1, reason = $2", vec![at.micros().into(), reason.clone().into()])
        }
        Fate::Failed { reason } => {
            ("status = 'failed', secret = NULL, reason = $1", vec![reason.clone().into()])
        }
        Fate::Dropped => ("status = 'dropped', secret = NULL, address = NULL, name = NULL", vec![]),
    };
    let (id, version) = (values.len() + 1, values.len() + 2);
    let sql = format!(
        "UPDATE mail SET {change}, version = version + 1 \
         WHERE id = ${id} AND version = ${version} AND status = 'queued'"
    );
    values.extend([mail.id.to_string().into(), mail.version.into()]);
    execute(&tx, &sql, values).await?;
    tx.commit().await
}

/// One page of the outbox.
pub(crate) async fn page(db: &Database, wish: &Mails) -> Result<Page<Mail>, Error> {
    let mut sql = format!("{SELECT} WHERE true");
    let mut values: Vec<Value> = Vec::new();
    let mut filter = |condition: &str, value: String| {
        values.push(value.into());
        sql.push_str(&format!(" AND {condition} ${}", values.len()));
    };
    if let Some(status) = wish.status {
        filter("m.status =", word(status).to_owned());
    }
    if let Some(person) = wish.person {
        filter("m.person =", person.to_string());
    }
    if let Some(order) = wish.order {
        filter("m.order_id =", order.to_string());
    }
    if let Some(after) = &wish.page.after {
        filter("m.id <", after.clone());
    }
    let limit = wish.page.limit;
    sql.push_str(&format!(" ORDER BY m.id DESC LIMIT {}", u64::from(limit) + 1));
    let rows = all::<Row>(&db.reader(), &sql, values).await?;
    let mails = rows.into_iter().map(|row| Waiting::try_from(row).map(Mail::from));
    Ok(Page::cut(mails.collect::<Result<_, _>>()?, limit, |mail: &Mail| mail.id.to_string()))
}

/// Finds a mail.
pub(crate) async fn find(db: &Database, id: MailId) -> Result<Option<Waiting>, Error> {
    let sql = format!("{SELECT} WHERE m.id = $1");
    let rows = all::<Row>(&db.reader(), &sql, [id.to_string().into()]).await?;
    rows.into_iter().next().map(Waiting::try_from).transpose()
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Queued => "queued",
        Status::Sent => "sent",
        Status::Failed => "failed",
        Status::Dropped => "dropped",
    }
}

async fn execute(
    on: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, Error> {
    let statement = Statement::from_sql_and_values(on.get_database_backend(), sql, values);
    Ok(on.execute_raw(statement).await?.rows_affected())
}

async fn all<R: FromQueryResult>(
    on: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<R>, Error> {
    let statement = Statement::from_sql_and_values(on.get_database_backend(), sql, values);
    let rows = on.query_all_raw(statement).await?;
    Ok(rows.iter().map(|row| R::from_query_result(row, "")).collect::<Result<_, DbErr>>()?)
}

/// A row that nothing here could have written.
fn unreadable(cause: impl std::fmt::Display) -> Error {
    Error::Other(DbErr::Custom(format!("a mail's row cannot be read or written: {cause}")))
}
