//! The public routes of payments. Handlers see the port and the clock, never the store.

mod representation;

use std::sync::Arc;

use actix_web::web::Data;
use host::{Answer, Body, IdempotencyKey, Param, Policy, Problem, Route, Routes, Who};
use kernel::Clock;
use orders_api::PaymentId;
use payments_api::{ActionDone, Card, NewAttempt, PaymentOf, Payments, Status};
use utoipa::OpenApi;

use representation::{CardWish, PaymentView, TokenView, TokenWish};

pub(crate) fn routes(payments: Arc<dyn Payments>, clock: Arc<dyn Clock>) -> Routes {
    Routes::new("payments")
        .share(Data::from(payments))
        .share(Data::from(clock))
        .route(Route::get("/v1/payments/{id}", payment).allow(Policy::Customer))
        .route(
            Route::post("/v1/payments/{id}/attempts", attempt)
                .allow(Policy::Customer)
                .needs_idempotency_key(),
        )
        .route(
            Route::post("/v1/payments/{id}/actions/{action}/complete", complete_action)
                .allow(Policy::Customer),
        )
        .route(Route::post("/v1/payment-tokens", tokenize).allow(Policy::Customer))
        .document::<Document>()
}

#[derive(OpenApi)]
#[openapi(paths(payment, attempt, complete_action, tokenize))]
struct Document;

/// A payment of yours.
#[utoipa::path(
    get, path = "/v1/payments/{id}", tag = "payments", security(("access_token" = [])),
    params(("id" = String, Path, description = "`pay_…`")),
    responses((status = 200, description = "The payment.", body = PaymentView), Problem),
)]
async fn payment(
    payments: Data<dyn Payments>,
    clock: Data<dyn Clock>,
    who: Who,
    id: Param<PaymentId>,
) -> Result<Answer<PaymentView>, Problem> {
    let which = PaymentOf { customer: who.user()?, payment: id.0 };
    let found = payments.payment(which).await?;
    Ok(represented(found, &**clock))
}

/// Tries another card on a payment that is still open.
///
/// A decline is a 402 and leaves the payment open. 202 says that the provider has not answered yet:
/// read the payment again, and do not pay a second time.
#[utoipa::path(
    post, path = "/v1/payments/{id}/attempts", tag = "payments", security(("access_token" = [])),
    params(
        ("id" = String, Path, description = "`pay_…`"),
        ("Idempotency-Key" = String, Header, description = "Names the attempt: one key, one try."),
    ),
    request_body = TokenWish,
    responses(
        (status = 200, description = "The money is taken, or the bank wants to see you.", body = PaymentView),
        (status = 202, description = "The provider has not answered yet.", body = PaymentView),
        Problem,
    ),
)]
async fn attempt(
    payments: Data<dyn Payments>,
    clock: Data<dyn Clock>,
    who: Who,
    id: Param<PaymentId>,
    key: IdempotencyKey,
    wish: Body<TokenWish>,
) -> Result<Answer<PaymentView>, Problem> {
    let (token, key) = (wish.0.token, key.as_str().to_owned());
    let wish = NewAttempt { customer: who.user()?, payment: id.0, token, key };
    Ok(represented(payments.attempt(wish).await?, &**clock))
}

/// Says that you have done what your bank wanted; the payment goes on.
#[utoipa::path(
    post, path = "/v1/payments/{id}/actions/{action}/complete", tag = "payments", security(("access_token" = [])),
    params(
        ("id" = String, Path, description = "`pay_…`"),
        ("action" = String, Path, description = "The `id` of `next_action`."),
    ),
    responses(
        (status = 200, description = "The payment went on.", body = PaymentView),
        (status = 202, description = "The provider has not answered yet.", body = PaymentView),
        Problem,
    ),
)]
async fn complete_action(
    payments: Data<dyn Payments>,
    clock: Data<dyn Clock>,
    who: Who,
    path: Param<(PaymentId, String)>,
) -> Result<Answer<PaymentView>, Problem> {
    let Param((payment, action)) = path;
    let wish = ActionDone { customer: who.user()?, payment, action };
    Ok(represented(payments.complete_action(wish).await?, &**clock))
}

/// Turns the number of a test card into a token to pay with. The number is not kept.
#[utoipa::path(
    post, path = "/v1/payment-tokens", tag = "payments", security(("access_token" = [])),
    request_body = CardWish,
    responses((status = 200, description = "The token.", body = TokenView), Problem),
)]
async fn tokenize(
    payments: Data<dyn Payments>,
    who: Who,
    wish: Body<CardWish>,
) -> Result<Answer<TokenView>, Problem> {
    who.customer()?;
    let token = payments.tokenize(Card { number: wish.0.card_number }).await?;
    Ok(Answer::ok(token.into()))
}

/// With 202 as long as nobody knows what happened.
fn represented(payment: payments_api::Payment, clock: &dyn Clock) -> Answer<PaymentView> {
    let (status, version) = (payment.status, payment.version);
    let view = PaymentView::new(payment, clock.now());
    match status {
        Status::Processing => Answer::accepted(view).version(version),
        _ => Answer::ok(view).version(version),
    }
}
