//! What a mail is: what it tells, to whom, and what becomes of it. No clock, no database.

use std::time::Duration;

use kernel::Timestamp;
use notifications_api::MailId;
use orders_api::{Line, OrderId};
use serde::{Deserialize, Serialize};
use users_api::UserId;

use crate::settings::Settings;

/// A mail that is to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) id: MailId,
    pub(crate) content: Content,
    /// What nobody but its reader may see.
    pub(crate) secret: Option<String>,
    pub(crate) person: UserId,
    pub(crate) order: Option<OrderId>,
    /// Where it goes and how the reader is called, when the event says so itself.
    pub(crate) to: Option<(String, String)>,
}

/// What a mail tells. Its name is the name of its templates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Content {
    OrderPlaced { items: Vec<Item>, shipping: String, total: String, expires_at: Timestamp },
    OrderPaid { items: Vec<Item>, total: String },
    OrderShipped { carrier: String, waybill: String },
    OrderDelivered {},
    OrderRefunded { amount: String },
    OrderCancelled { reason: String },
    OrderRejected { reason: String },
    OrderExpired {},
    EmailVerification { expires_at: Timestamp },
    PasswordReset { expires_at: Timestamp },
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) title: String,
    pub(crate) quantity: u32,
    pub(crate) price: String,
}

impl Content {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::OrderPlaced { .. } => "order-placed",
            Self::OrderPaid { .. } => "order-paid",
            Self::OrderShipped { .. } => "order-shipped",
            Self::OrderDelivered {} => "order-delivered",
            Self::OrderRefunded { .. } => "order-refunded",
            Self::OrderCancelled { .. } => "order-cancelled",
            Self::OrderRejected { .. } => "order-rejected",
            Self::OrderExpired {} => "order-expired",
            Self::EmailVerification { .. } => "email-verification",
            Self::PasswordReset { .. } => "password-reset",
        }
    }
}

impl From<Line> for Item {
    fn from(Line { quantity, title, price, .. }: Line) -> Self {
        Self { title, quantity, price: price.to_string() }
    }
}

/// Where a mail goes, as far as anybody has told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    Known {
        address: String,
        name: Option<String>,
    },
    /// Whoever knows has not told yet.
    Unknown,
    /// There is nobody any more.
    Gone,
}

/// What has become of one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tried {
    /// The server has taken it.
    Taken { address: String, subject: String },
    /// It may work later.
    NotNow(String),
    /// It will never work.
    Refused(String),
    /// There is nobody any more.
    Gone,
}

/// What becomes of a mail after a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Sent { address: String, subject: String },
    Again { at: Timestamp, reason: String },
    Failed { reason: String },
    Dropped,
}

/// Decides it, after so many `attempts` at a mail that was `created_at`.
pub(crate) fn fate(
    tried: Tried,
    attempts: u32,
    created_at: Timestamp,
    now: Timestamp,
    settings: &Settings,
) -> Fate {
    match tried {
        Tried::Taken { address, subject } => Fate::Sent { address, subject },
        Tried::Refused(reason) => Fate::Failed { reason },
        Tried::Gone => Fate::Dropped,
        Tried::NotNow(reason) => {
            let at = now.plus(pause(attempts, settings));
            match at > created_at.plus(settings.give_up_after) {
                true => Fate::Failed { reason: format!("given up: {reason}") },
                false => Fate::Again { at, reason },
            }
        }
    }
}

fn pause(attempts: u32, settings: &Settings) -> Duration {
    let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
    settings.first_pause.saturating_mul(doubled).min(settings.longest_pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_tried_with_growing_pauses_until_its_time_is_over() {
        let settings = Settings {
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
            give_up_after: Duration::from_secs(3600),
            ..Settings::default()
        };
        let born = Timestamp::from_micros(0);
        let after = |attempts, now: u64| {
            let now = born.plus(Duration::from_secs(now));
            fate(Tried::NotNow("busy".into()), attempts, born, now, &settings)
        };
        let again = |seconds| Fate::Again {
            at: born.plus(Duration::from_secs(seconds)),
            reason: "busy".into(),
        };
        assert_eq!(after(1, 0), again(1));
        assert_eq!(after(4, 10), again(18));
        assert_eq!(after(400, 100), again(160));
        assert_eq!(after(60, 3590), Fate::Failed { reason: "given up: busy".into() });
    }
}
