//! What staff may ask about the mail that the shop sends.
//!
//! Nobody tells notifications what to send: it listens to what happens and decides by itself, so that no
//! other module has to think of mail. What is offered here is a look at the outbox: what was sent to whom,
//! what waits, and what was refused. A secret in a mail (a token that resets a password) is never shown.

use kernel::{Code, Fault, Page, PageRequest, Timestamp, Version, Violation};
use orders_api::OrderId;
use ports::{Unreachable, async_trait};
use serde::{Deserialize, Serialize};
use users_api::UserId;

kernel::id! {
    /// Names one mail. Made from the id of the event that it is about.
    MailId = "mai"
}

/// Notifications, as its neighbours see it.
#[async_trait]
pub trait Notifications: Send + Sync {
    /// One page of the outbox, the newest first.
    async fn mails(&self, wish: Mails) -> Result<Page<Mail>>;
    /// One mail and what it says.
    async fn mail(&self, id: MailId) -> Result<Letter>;
}

ports::remote! {
    Notifications in "notifications", Error => RemoteNotifications, NotificationsSkeleton,
        LocalNotifications {
        query mails(Mails) -> Page<Mail>;
        query mail(MailId) -> Letter;
    }
}

/// Which mails are wanted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Mails {
    /// How far they have got.
    pub status: Option<Status>,
    /// To whom they go.
    pub person: Option<UserId>,
    /// Which order they are about.
    pub order: Option<OrderId>,
    /// Which part of the list.
    pub page: PageRequest,
}

/// A mail, from the outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mail {
    /// Never reused.
    pub id: MailId,
    /// What it tells: `order-placed`.
    pub kind: String,
    /// How far it has got.
    pub status: Status,
    /// To whom it goes: a user, or a guest's id.
    pub person: UserId,
    /// Which order it is about, if it is about one.
    pub order: Option<OrderId>,
    /// Where it went; known once it is sent, and forgotten with the person.
    pub address: Option<String>,
    /// What it is called; known once it is sent.
    pub subject: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it was not sent, if it was tried or given up.
    pub reason: Option<String>,
    /// When what it tells happened here.
    pub created_at: Timestamp,
    /// When it is tried next, while it waits.
    pub due_at: Timestamp,
    /// When the mail server took it.
    pub sent_at: Option<Timestamp>,
    /// Its ETag.
    pub version: Version,
}

/// A mail and what it says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Letter {
    /// From the outside.
    pub mail: Mail,
    /// What it is called.
    pub subject: String,
    /// What it says, without what is secret in it.
    pub text: String,
}

/// How far a mail has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It waits: for its time, for an address, or for a mail server that takes it.
    Queued,
    /// A mail server has taken it.
    Sent,
    /// It was refused, or tried for too long.
    Failed,
    /// There is nobody any more who could read it.
    Dropped,
}

/// Why notifications said no.
#[derive(Clone, Debug, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each says what it is")]
pub enum Error {
    #[error("there is no mail {0}")]
    UnknownMail(MailId),
    #[error("the request is not valid")]
    Invalid(Vec<Violation>),
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    #[error("notifications failed")]
    Broken,
}

/// What every method of [`Notifications`] returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Fault for Error {
    fn code(&self) -> Code {
        match self {
            Self::UnknownMail(_) => Code::NotFound,
            Self::Invalid(_) => Code::ValidationFailed,
            Self::Unreachable(cause) => cause.code(),
            Self::Broken => Code::Internal,
        }
    }

    fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Invalid(violations) => violations.clone(),
            _ => Vec::new(),
        }
    }
}
