//! How the outbox looks to staff.

use host::Links;
use kernel::Timestamp;
use notifications_api::{Letter, Mail, Status};
use orders_api::OrderId;
use serde::{Deserialize, Serialize};
use users_api::UserId;
use utoipa::{IntoParams, ToSchema};

/// Which mails are wanted; all that is said must hold.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// `queued`, `sent`, `failed` or `dropped`.
    #[param(value_type = Option<String>, example = "failed")]
    pub(super) status: Option<Status>,
    /// To whom they go: `usr_…`.
    #[param(value_type = Option<String>)]
    pub(super) person: Option<UserId>,
    /// Which order they are about: `ord_…`.
    #[param(value_type = Option<String>)]
    pub(super) order: Option<OrderId>,
}

/// A mail, from the outside.
#[derive(Serialize, ToSchema)]
pub(super) struct MailView {
    /// `mai_…`
    id: String,
    /// What it tells.
    #[schema(example = "order-placed")]
    kind: String,
    /// `queued`, `sent`, `failed` or `dropped`.
    #[schema(value_type = String, example = "sent")]
    status: Status,
    /// To whom it goes: `usr_…`.
    person: String,
    /// Which order it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<String>,
    /// Where it went.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// How often it was tried.
    attempts: u32,
    /// Why it was not sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    created_at: Timestamp,
    /// When it is tried next, while it is queued.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<Timestamp>,
    /// When the mail server took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_at: Option<Timestamp>,
    version: u64,
    #[serde(rename = "_links")]
    links: Links,
}

/// A mail and what it says.
#[derive(Serialize, ToSchema)]
pub(super) struct LetterView {
    #[serde(flatten)]
    mail: MailView,
    /// What it says, without what is secret in it.
    text: String,
}

impl From<Mail> for MailView {
    fn from(mail: Mail) -> Self {
        let mut links = Links::of(format!("/v1/admin/mails/{}", mail.id));
        if let Some(order) = mail.order {
            links = links.to("order", format!("/v1/admin/orders/{order}"));
        }
        Self {
            id: mail.id.to_string(),
            kind: mail.kind,
            status: mail.status,
            person: mail.person.to_string(),
            order_id: mail.order.map(|order| order.to_string()),
            to: mail.address,
            subject: mail.subject,
            attempts: mail.attempts,
            reason: mail.reason,
            created_at: mail.created_at,
            due_at: Some(mail.due_at).filter(|_| mail.status == Status::Queued),
            sent_at: mail.sent_at,
            version: mail.version.0,
            links,
        }
    }
}

impl From<Letter> for LetterView {
    fn from(Letter { mail, subject, text }: Letter) -> Self {
        let mail = MailView { subject: Some(subject), ..mail.into() };
        Self { mail, text }
    }
}
