//! How payments, refunds and the ledger look to the staff.

use actix_web::http::Method;
use host::{Links, Who};
use identity::Permission;
use kernel::{Money, Timestamp};
use orders_api::PaymentId;
use payments_api::{Account, CaptureMode, LedgerEntry, Payment, Refund, RefundStatus, Status};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PaymentView;

/// A payment with all that the staff may know of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct StaffPaymentView {
    #[serde(flatten)]
    payment: PaymentView,
    /// `usr_…`
    customer_id: String,
    capture: CaptureView,
    /// What is being given back.
    refund_pending: Money,
    /// What can still be given back.
    refundable: Money,
    /// Oldest first.
    refunds: Vec<RefundView>,
}

/// When money is taken once it is set aside.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CaptureView {
    Automatic,
    Manual,
}

/// Money on its way back.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefundView {
    /// `ref_…`
    id: String,
    /// `pay_…`
    payment_id: String,
    amount: Money,
    reason: String,
    status: RefundStatusView,
    requested_at: Timestamp,
    #[serde(rename = "_links")]
    links: Links,
}

/// How far a refund has got.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RefundStatusView {
    Pending,
    Succeeded,
    Failed,
}

/// One side of a posting.
#[derive(Serialize, ToSchema)]
pub(crate) struct LedgerEntryView {
    /// `capture`, or `refund:` and the refund's id. All entries of one posting sum to zero.
    posting: String,
    account: AccountView,
    /// What the account gained; negative when it lost.
    amount: Money,
    recorded_at: Timestamp,
    #[serde(rename = "_links")]
    links: Links,
}

/// Between whom money moves.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AccountView {
    Customer,
    Provider,
}

/// What to take of what is set aside.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "amount": { "minor": 1999, "currency": "EUR" } }))]
pub(crate) struct CaptureWish {
    /// All of it when absent.
    #[serde(default)]
    pub(crate) amount: Option<Money>,
}

/// What to give back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "amount": { "minor": 500, "currency": "EUR" }, "reason": "a broken cup" }))]
pub(crate) struct RefundWish {
    pub(crate) amount: Money,
    /// Why, for people.
    #[schema(min_length = 1, max_length = 500)]
    pub(crate) reason: String,
}

impl StaffPaymentView {
    /// How `payment` looks to `who`, with what they may do.
    pub(crate) fn new(payment: Payment, who: &Who) -> Self {
        let links = links(&payment, who);
        let attempts: Vec<_> = payment
            .attempts
            .iter()
            .map(|attempt| (attempt.provider.clone(), attempt.provider_ref.clone()))
            .collect();
        let customer_id = payment.customer.to_string();
        let capture = match payment.capture {
            CaptureMode::Automatic => CaptureView::Automatic,
            CaptureMode::Manual => CaptureView::Manual,
        };
        let refund_pending = Money::new(payment.refund_pending, payment.amount.currency);
        let refundable = payment.refundable();
        let refunds = payment.refunds.iter().cloned().map(Into::into).collect();
        let mut view = PaymentView::linked(payment, links);
        for (attempt, (provider, reference)) in view.attempts.iter_mut().zip(attempts) {
            (attempt.provider, attempt.provider_ref) = (Some(provider), reference);
        }
        Self { payment: view, customer_id, capture, refund_pending, refundable, refunds }
    }
}

/// The payment, its ledger, and what `who` can do now.
fn links(payment: &Payment, who: &Who) -> Links {
    let here = format!("/v1/admin/payments/{}", payment.id);
    let waits = payment.status == Status::Authorized && who.may(Permission::PaymentCapture);
    let left = payment.status == Status::Captured && payment.refundable().minor > 0;
    let refunds = left && who.may(Permission::PaymentRefund);
    Links::of(&here)
        .to("ledger", format!("{here}/ledger"))
        .action(waits, "capture", Method::POST, format!("{here}/captures"))
        .action(waits, "void", Method::POST, format!("{here}/void"))
        .action(refunds, "refund", Method::POST, format!("{here}/refunds"))
}

impl RefundView {
    /// Where a refund lives.
    pub(crate) fn location(refund: &Refund) -> String {
        format!("/v1/admin/payments/{}/refunds/{}", refund.payment, refund.id)
    }
}

impl From<Refund> for RefundView {
    fn from(refund: Refund) -> Self {
        let payment = format!("/v1/admin/payments/{}", refund.payment);
        Self {
            links: Links::of(Self::location(&refund)).to("payment", payment),
            id: refund.id.to_string(),
            payment_id: refund.payment.to_string(),
            amount: refund.amount,
            reason: refund.reason,
            status: match refund.status {
                RefundStatus::Pending => RefundStatusView::Pending,
                RefundStatus::Succeeded => RefundStatusView::Succeeded,
                RefundStatus::Failed => RefundStatusView::Failed,
            },
            requested_at: refund.requested_at,
        }
    }
}

impl LedgerEntryView {
    /// An entry in the ledger of a payment, with the refund it belongs to.
    pub(crate) fn of(payment: PaymentId, entry: LedgerEntry) -> Self {
        let here = format!("/v1/admin/payments/{payment}");
        let refund = entry.posting.strip_prefix("refund:");
        let links = Links::default().to("payment", &here);
        Self {
            links: match refund {
                Some(refund) => links.to("refund", format!("{here}/refunds/{refund}")),
                None => links,
            },
            posting: entry.posting,
            account: match entry.account {
                Account::Customer => AccountView::Customer,
                Account::Provider => AccountView::Provider,
            },
            amount: entry.amount,
            recorded_at: entry.recorded_at,
        }
    }
}
