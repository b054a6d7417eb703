//! How payments look to the world.

mod staff;

use actix_web::http::Method;
use host::Links;
use kernel::{Money, Timestamp};
use payments_api::{AttemptStatus, CardToken, Payment, Status};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(super) use staff::{CaptureWish, LedgerEntryView, RefundView, RefundWish, StaffPaymentView};

/// A payment.
#[derive(Serialize, ToSchema)]
pub(super) struct PaymentView {
    /// `pay_…`
    id: String,
    /// `ord_…`
    order_id: String,
    amount: Money,
    status: PaymentStatusView,
    /// What the bank has set aside, what was taken of it included.
    authorized: Money,
    /// What was taken.
    captured: Money,
    /// What was given back.
    refunded: Money,
    /// Oldest first.
    attempts: Vec<AttemptView>,
    /// What you have to do before it can go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_action: Option<NextActionView>,
    /// After this instant no new attempt is begun.
    expires_at: Timestamp,
    version: u64,
    #[serde(rename = "_links")]
    links: Links,
}

/// How far a payment has got.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum PaymentStatusView {
    Requested,
    Processing,
    RequiresAction,
    Authorized,
    Captured,
    Failed,
    Voided,
    Expired,
}

/// One try at taking the money.
#[derive(Serialize, ToSchema)]
struct AttemptView {
    /// Counts from 1.
    n: u32,
    status: AttemptStatusView,
    /// Why the provider said no.
    #[serde(skip_serializing_if = "Option::is_none")]
    decline_code: Option<String>,
    /// Who was asked; for the staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    /// What the provider calls it; for the staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_ref: Option<String>,
}

/// How far an attempt has got.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum AttemptStatusView {
    Processing,
    RequiresAction,
    Authorized,
    Succeeded,
    Declined,
}

/// What a customer must do.
#[derive(Serialize, ToSchema)]
struct NextActionView {
    id: String,
    /// `authenticate`
    kind: String,
    /// The bank's page, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// Another card to try.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenWish {
    /// As `POST /v1/payment-tokens` gave it; never a card number.
    #[schema(example = "pm_card_visa", max_length = 255)]
    pub(super) token: String,
}

/// A card to turn into a token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CardWish {
    /// Digits, in groups if you like. Test cards only.
    #[schema(example = "4242 4242 4242 4242")]
    pub(super) card_number: String,
}

/// A token and what to show for it.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenView {
    /// Pay with this.
    token: String,
    /// The last four digits of the card.
    last4: String,
    #[serde(rename = "_links")]
    links: Links,
}

/// A webhook was taken.
#[derive(Serialize, ToSchema)]
pub(super) struct NoticedView {
    pub(super) received: bool,
}

impl PaymentView {
    /// How `payment` looks at `now` to whoever pays.
    pub(super) fn new(payment: Payment, now: Timestamp) -> Self {
        let links = links(&payment, now);
        Self::linked(payment, links)
    }

    fn linked(payment: Payment, links: Links) -> Self {
        let money = |minor| Money::new(minor, payment.amount.currency);
        Self {
            id: payment.id.to_string(),
            order_id: payment.order.to_string(),
            amount: payment.amount,
            status: payment.status.into(),
            authorized: money(payment.authorized),
            captured: money(payment.captured),
            refunded: money(payment.refunded),
            attempts: payment.attempts.into_iter().map(Into::into).collect(),
            next_action: payment.next_action.map(|action| NextActionView {
                id: action.id,
                kind: action.kind,
                url: action.url,
            }),
            expires_at: payment.expires_at,
            version: payment.version.0,
            links,
        }
    }
}

/// The payment, its order, and what can be done now.
fn links(payment: &Payment, now: Timestamp) -> Links {
    let here = format!("/v1/payments/{}", payment.id);
    let open = payment.status == Status::Requested && now < payment.expires_at;
    let links = Links::of(&here).to("order", format!("/v1/orders/{}", payment.order)).action(
        open,
        "attempts",
        Method::POST,
        format!("{here}/attempts"),
    );
    match &payment.next_action {
        Some(action) => {
            let complete = format!("{here}/actions/{}/complete", action.id);
            links.action(true, "complete", Method::POST, complete)
        }
        None => links,
    }
}

impl From<Status> for PaymentStatusView {
    fn from(status: Status) -> Self {
        match status {
            Status::Requested => Self::Requested,
            Status::Processing => Self::Processing,
            Status::RequiresAction => Self::RequiresAction,
            Status::Authorized => Self::Authorized,
            Status::Captured => Self::Captured,
            Status::Failed => Self::Failed,
            Status::Voided => Self::Voided,
            Status::Expired => Self::Expired,
        }
    }
}

impl From<payments_api::Attempt> for AttemptView {
    fn from(attempt: payments_api::Attempt) -> Self {
        let status = match attempt.status {
            AttemptStatus::Processing => AttemptStatusView::Processing,
            AttemptStatus::RequiresAction => AttemptStatusView::RequiresAction,
            AttemptStatus::Authorized => AttemptStatusView::Authorized,
            AttemptStatus::Succeeded => AttemptStatusView::Succeeded,
            AttemptStatus::Declined => AttemptStatusView::Declined,
        };
        let (n, decline_code) = (attempt.n, attempt.decline_code);
        Self { n, status, decline_code, provider: None, provider_ref: None }
    }
}

impl From<CardToken> for TokenView {
    fn from(card: CardToken) -> Self {
        let links = Links::default().action(true, "place-order", Method::POST, "/v1/orders");
        Self { token: card.token, last4: card.last4, links }
    }
}
