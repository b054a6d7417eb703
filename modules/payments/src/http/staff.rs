//! What the staff may see and do.

use actix_web::web::Data;
use host::{Answer, KeyOnly, Keyed, Listing, Paging, Param, Problem, Who, idempotency::Replies};
use orders_api::PaymentId;
use payments_api::{Capture, LedgerOf, NewRefund, Payment, Payments, RefundId, RefundOf, Status};

use super::representation::{
    CaptureWish, LedgerEntryView, RefundView, RefundWish, StaffPaymentView,
};

/// Any payment.
#[utoipa::path(
    get, path = "/v1/admin/payments/{id}", tag = "payments", operation_id = "inspect",
    params(("id" = String, Path, description = "`pay_…`")),
    responses((status = 200, description = "The payment.", body = StaffPaymentView), Problem),
)]
pub(super) async fn payment(
    payments: Data<dyn Payments>,
    who: Who,
    id: Param<PaymentId>,
) -> Result<Answer<StaffPaymentView>, Problem> {
    let found = payments.inspect(id.0).await?;
    Ok(shown(found, &who))
}

/// What was booked for a payment: every posting has two sides and sums to zero.
#[utoipa::path(
    get, path = "/v1/admin/payments/{id}/ledger", tag = "payments",
    params(("id" = String, Path, description = "`pay_…`")),
    responses((status = 200, description = "In the order of booking.", body = Listing<LedgerEntryView>), Problem),
)]
pub(super) async fn ledger(
    payments: Data<dyn Payments>,
    id: Param<PaymentId>,
    paging: Paging,
) -> Result<Answer<Listing<LedgerEntryView>>, Problem> {
    let which = LedgerOf { payment: id.0, page: paging.page.clone() };
    let page = payments.ledger(which).await?.map(|entry| LedgerEntryView::of(id.0, entry));
    Ok(Answer::ok(Listing::new(&paging, page)))
}

/// One refund of a payment.
#[utoipa::path(
    get, path = "/v1/admin/payments/{id}/refunds/{refund}", tag = "payments",
    params(
        ("id" = String, Path, description = "`pay_…`"),
        ("refund" = String, Path, description = "`ref_…`"),
    ),
    responses((status = 200, description = "The refund.", body = RefundView), Problem),
)]
pub(super) async fn refund(
    payments: Data<dyn Payments>,
    path: Param<(PaymentId, RefundId)>,
) -> Result<Answer<RefundView>, Problem> {
    let Param((payment, refund)) = path;
    let found = payments.refund(RefundOf { payment, refund }).await?;
    let version = found.version;
    Ok(Answer::ok(RefundView::from(found)).version(version))
}

/// Takes what is set aside, all of it or a part; the rest is let go.
///
/// 202 says that the provider has not answered yet.
#[utoipa::path(
    post, path = "/v1/admin/payments/{id}/captures", tag = "payments",
    params(("id" = String, Path, description = "`pay_…`")),
    request_body = CaptureWish,
    responses(
        (status = 200, description = "It is taken, now or before.", body = StaffPaymentView),
        (status = 202, description = "The provider has not answered yet.", body = StaffPaymentView),
        Problem,
    ),
)]
pub(super) async fn capture(
    payments: Data<dyn Payments>,
    replies: Data<Replies>,
    who: Who,
    id: Param<PaymentId>,
    wish: Keyed<CaptureWish>,
) -> Result<Answer<StaffPaymentView>, Problem> {
    let (intent, CaptureWish { amount }) = wish.required()?;
    let captured = payments.capture(Capture { payment: id.0, amount });
    let operation = format!("capture {}", id.0);
    let captured = replies.once(&who, &operation, Some(intent), captured).await?;
    Ok(captured.answer(|payment| changed(payment, &who)))
}

/// Lets go of what is set aside. What was taken is given back by a refund instead.
///
/// 202 says that the provider has not answered yet.
#[utoipa::path(
    post, path = "/v1/admin/payments/{id}/void", tag = "payments",
    params(("id" = String, Path, description = "`pay_…`")),
    responses(
        (status = 200, description = "It is let go, now or before.", body = StaffPaymentView),
        (status = 202, description = "The provider has not answered yet.", body = StaffPaymentView),
        Problem,
    ),
)]
pub(super) async fn void(
    payments: Data<dyn Payments>,
    replies: Data<Replies>,
    who: Who,
    id: Param<PaymentId>,
    key: KeyOnly,
) -> Result<Answer<StaffPaymentView>, Problem> {
    let operation = format!("void {}", id.0);
    let voided = replies.once(&who, &operation, key.0, payments.release(id.0)).await?;
    Ok(voided.answer(|payment| changed(payment, &who)))
}

/// Gives money back, as often as you like until all of it is back.
///
/// The refund is `pending`: its amount is reserved, and the provider is asked. More than is left is a 409
/// with the code `refund-exceeds-captured`.
#[utoipa::path(
    post, path = "/v1/admin/payments/{id}/refunds", tag = "payments",
    params(("id" = String, Path, description = "`pay_…`")),
    request_body = RefundWish,
    responses((status = 201, description = "The refund; follow `self` to see it succeed.", body = RefundView), Problem),
)]
pub(super) async fn give_back(
    payments: Data<dyn Payments>,
    replies: Data<Replies>,
    who: Who,
    id: Param<PaymentId>,
    wish: Keyed<RefundWish>,
) -> Result<Answer<RefundView>, Problem> {
    let (intent, RefundWish { amount, reason }) = wish.required()?;
    let given = payments.give_back(NewRefund { payment: id.0, amount, reason });
    let operation = format!("refund {}", id.0);
    let given = replies.once(&who, &operation, Some(intent), given).await?;
    Ok(given.answer(|refund| {
        let (location, version) = (RefundView::location(&refund), refund.version);
        Answer::created(&location, RefundView::from(refund)).version(version)
    }))
}

fn shown(payment: Payment, who: &Who) -> Answer<StaffPaymentView> {
    let version = payment.version;
    let view = StaffPaymentView::new(payment, who);
    Answer::ok(view).version(version)
}

/// With 202 as long as the provider has not answered.
fn changed(payment: Payment, who: &Who) -> Answer<StaffPaymentView> {
    let (status, version) = (payment.status, payment.version);
    let view = StaffPaymentView::new(payment, who);
    match status {
        Status::Authorized => Answer::accepted(view).version(version),
        _ => Answer::ok(view).version(version),
    }
}
