//! One row of the outbox with what is known about its reader and its order.

use kernel::{Timestamp, Version};
use notifications_api::{Mail, MailId, Status};
use orders_api::OrderId;
use sea_orm::FromQueryResult;
use storage::Error;
use users_api::UserId;

use super::unreadable;
use crate::{
    domain::{Content, Reader},
    letters::Particulars,
};

/// Reads [`Row`]s; a condition follows.
pub(super) const SELECT: &str = "SELECT m.id, m.kind, m.content, m.secret, m.person, m.order_id, m.address, \
    m.name, m.subject, m.status, m.attempts, m.due_at, m.reason, m.created_at, m.sent_at, m.version, \
    o.number AS order_number, o.email AS guest, p.email AS email, p.name AS person_name, \
    p.erased AS erased \
    FROM mail m LEFT JOIN placed o ON o.id = m.order_id LEFT JOIN person p ON p.id = m.person";

#[derive(FromQueryResult)]
pub(super) struct Row {
    id: String,
    kind: String,
    content: String,
    secret: Option<String>,
    person: String,
    order_id: Option<String>,
    address: Option<String>,
    name: Option<String>,
    subject: Option<String>,
    status: String,
    attempts: i64,
    due_at: i64,
    reason: Option<String>,
    created_at: i64,
    sent_at: Option<i64>,
    version: i64,
    order_number: Option<String>,
    guest: Option<String>,
    email: Option<String>,
    person_name: Option<String>,
    erased: Option<i64>,
}

/// A mail with all that is needed to send it.
pub(crate) struct Waiting {
    pub(crate) id: MailId,
    pub(crate) content: Content,
    pub(crate) attempts: u32,
    pub(crate) created_at: Timestamp,
    pub(crate) version: i64,
    status: Status,
    person: UserId,
    order: Option<OrderId>,
    row: Row,
}

impl TryFrom<Row> for Waiting {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.id.parse().map_err(unreadable)?,
            content: serde_json::from_str(&row.content).map_err(unreadable)?,
            attempts: u32::try_from(row.attempts).map_err(unreadable)?,
            created_at: Timestamp::from_micros(row.created_at),
            version: row.version,
            status: serde_json::from_value(row.status.as_str().into()).map_err(unreadable)?,
            person: row.person.parse().map_err(unreadable)?,
            order: row.order_id.as_deref().map(str::parse).transpose().map_err(unreadable)?,
            row,
        })
    }
}

impl Waiting {
    /// The same mail at its next attempt.
    pub(super) fn in_hand(mut self) -> Self {
        self.attempts += 1;
        self.version += 1;
        self
    }

    /// Where it goes: where its event says, to the guest who ordered, or to the person as users knows it.
    /// A mail about an order waits until the order's name is known.
    pub(crate) fn reader(&self) -> Reader {
        let Row { address, name, guest, email, person_name, erased, .. } = &self.row;
        if *erased == Some(1) {
            return Reader::Gone;
        }
        if self.order.is_some() && self.row.order_number.is_none() {
            return Reader::Unknown;
        }
        let name = name.as_ref().or(person_name.as_ref()).cloned();
        match address.as_ref().or(guest.as_ref()).or(email.as_ref()) {
            Some(address) => Reader::Known { address: address.clone(), name },
            None => Reader::Unknown,
        }
    }

    /// What its text may say to its reader.
    pub(crate) fn particulars(&self, name: Option<String>) -> Particulars {
        Particulars { name, number: self.row.order_number.clone(), secret: self.row.secret.clone() }
    }

    /// What its text may say to anybody else.
    pub(crate) fn shown(&self) -> Particulars {
        let name = self.row.name.as_ref().or(self.row.person_name.as_ref()).cloned();
        Particulars { secret: None, ..self.particulars(name) }
    }
}

impl From<Waiting> for Mail {
    fn from(waiting: Waiting) -> Self {
        let Waiting { id, attempts, created_at, version, status, person, order, row, .. } = waiting;
        Self {
            id,
            kind: row.kind,
            status,
            person,
            order,
            address: row.address,
            subject: row.subject,
            attempts,
            reason: row.reason,
            created_at,
            due_at: Timestamp::from_micros(row.due_at),
            sent_at: row.sent_at.map(Timestamp::from_micros),
            version: Version(version.cast_unsigned()),
        }
    }
}
