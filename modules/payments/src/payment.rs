//! The payment with everything the module needs of it, more than its contract tells.

use kernel::{Moment, Money, Timestamp, Version};
use messaging::{Because, ReplyAddress};
use orders_api::{OrderId, PaymentId};
use payments_api::{AttemptStatus, CaptureMode, NextAction, RefundId, RefundStatus, Status};
use serde::{Deserialize, Serialize};
use users_api::UserId;

/// What a customer must do when the bank wants to see them.
const AUTHENTICATE: &str = "authenticate";
/// The only provider there was when attempts did not say whom they asked.
const FIRST_PROVIDER: &str = "sandbox";

/// One payment. A change of it is a new value with the next version.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Payment {
    pub(crate) id: PaymentId,
    pub(crate) order: OrderId,
    pub(crate) customer: UserId,
    pub(crate) amount: Money,
    pub(crate) capture: CaptureMode,
    pub(crate) status: Status,
    /// Oldest first; only the last one can be under way.
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) authorized: i64,
    /// What the staff wants to be taken of what is authorized; nothing when no capture is under way.
    pub(crate) capture_pending: i64,
    pub(crate) captured: i64,
    pub(crate) refund_pending: i64,
    pub(crate) refunded: i64,
    /// Oldest first.
    pub(crate) refunds: Vec<Refund>,
    /// What was announced.
    pub(crate) timeline: Vec<Moment>,
    /// Where the answer to `Collect` goes.
    pub(crate) collect: Option<ReplyAddress>,
    /// Present once it is to be closed: where the answers to `Void` go.
    pub(crate) undo: Option<Vec<ReplyAddress>>,
    pub(crate) expires_at: Timestamp,
    pub(crate) version: Version,
}

/// One try at taking the money, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) n: u32,
    /// Whom it asks.
    #[serde(default = "first_provider")]
    pub(crate) provider: String,
    /// Stands for a card; never a card number.
    pub(crate) token: String,
    /// The customer's own name for the attempt; none for the one that came with the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) provider_ref: Option<String>,
    pub(crate) status: AttemptStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) decline_code: Option<String>,
    /// Where the customer meets the bank, when that is a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) action_url: Option<String>,
    /// Whether the customer said to have done what the bank wanted.
    #[serde(default)]
    pub(crate) authenticated: bool,
    /// Why it was begun, for whoever asks later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) because: Option<Because>,
    /// When it was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) begun_at: Option<Timestamp>,
    /// When the provider last said something new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) answered_at: Option<Timestamp>,
}

/// Money on its way back, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refund {
    pub(crate) id: RefundId,
    pub(crate) amount: i64,
    pub(crate) reason: String,
    pub(crate) status: RefundStatus,
    pub(crate) provider_ref: Option<String>,
    pub(crate) requested_at: Timestamp,
    pub(crate) version: Version,
}

fn first_provider() -> String {
    FIRST_PROVIDER.to_owned()
}

impl Attempt {
    /// The `n`th try, about to begin.
    pub(crate) fn new(n: u32, provider: &str, token: String, key: Option<String>) -> Self {
        Self {
            n,
            provider: provider.to_owned(),
            token,
            key,
            provider_ref: None,
            status: AttemptStatus::Processing,
            decline_code: None,
            action_url: None,
            authenticated: false,
            because: None,
            begun_at: None,
            answered_at: None,
        }
    }

    /// Says when and why it was begun.
    pub(crate) fn begun(self, at: Timestamp, because: Option<Because>) -> Self {
        Self { begun_at: Some(at), because, ..self }
    }

    /// The name of what the customer has to do for it.
    pub(crate) fn action(&self) -> String {
        format!("act_{}", self.n)
    }
}

impl Payment {
    /// Names an attempt towards the provider. The same attempt is never named differently, so it is
    /// never charged twice.
    pub(crate) fn idempotency_key(&self, attempt: &Attempt) -> String {
        format!("{}:{}", self.id, attempt.n)
    }

    /// Whether it is to be closed.
    pub(crate) fn is_undone(&self) -> bool {
        self.undo.is_some()
    }

    /// The number of the next attempt.
    pub(crate) fn next_n(&self) -> u32 {
        self.attempts.last().map_or(1, |last| last.n + 1)
    }

    /// What was taken and is neither given back nor on its way back.
    pub(crate) fn refundable(&self) -> i64 {
        self.captured - self.refunded - self.refund_pending
    }

    /// What the customer must do now.
    pub(crate) fn next_action(&self) -> Option<NextAction> {
        let waiting = self.status == Status::RequiresAction && !self.is_undone();
        let attempt = self.attempts.last().filter(|_| waiting)?;
        let (id, url) = (attempt.action(), attempt.action_url.clone());
        Some(NextAction { id, kind: AUTHENTICATE.to_owned(), url })
    }

    /// One of its refunds, as others see it.
    pub(crate) fn shown(&self, refund: &Refund) -> payments_api::Refund {
        let Refund { id, amount, reason, status, requested_at, version, .. } = refund.clone();
        let amount = Money::new(amount, self.amount.currency);
        let payment = self.id;
        payments_api::Refund { id, payment, amount, reason, status, requested_at, version }
    }
}

impl From<Payment> for payments_api::Payment {
    fn from(payment: Payment) -> Self {
        Self {
            id: payment.id,
            order: payment.order,
            customer: payment.customer,
            amount: payment.amount,
            capture: payment.capture,
            status: payment.status,
            next_action: payment.next_action(),
            refunds: payment.refunds.iter().map(|refund| payment.shown(refund)).collect(),
            attempts: payment.attempts.into_iter().map(Into::into).collect(),
            authorized: payment.authorized,
            captured: payment.captured,
            refund_pending: payment.refund_pending,
            refunded: payment.refunded,
            expires_at: payment.expires_at,
            version: payment.version,
        }
    }
}

impl From<Attempt> for payments_api::Attempt {
    fn from(attempt: Attempt) -> Self {
        Self {
            n: attempt.n,
            provider: attempt.provider,
            provider_ref: attempt.provider_ref,
            status: attempt.status,
            decline_code: attempt.decline_code,
        }
    }
}
