//! What whoever pays may see and do.

use actix_web::web::Data;
use host::{
    Answer, Fingerprint, IdempotencyKey, Intent, KeyOnly, Keyed, Param, Problem, Who,
    idempotency::Replies,
};
use kernel::Clock;
use orders_api::PaymentId;
use payments_api::{ActionDone, Card, NewAttempt, Payment, PaymentOf, Payments, Status};
use serde_json::json;

use super::representation::{CardWish, PaymentView, TokenView, TokenWish};

/// A payment of yours.
#[utoipa::path(
    get, path = "/v1/payments/{id}", tag = "payments",
    params(("id" = String, Path, description = "`pay_…`")),
    responses((status = 200, description = "The payment.", body = PaymentView), Problem),
)]
pub(super) async fn payment(
    payments: Data<dyn Payments>,
    clock: Data<dyn Clock>,
    who: Who,
    id: Param<PaymentId>,
) -> Result<Answer<PaymentView>, Problem> {
    let which = PaymentOf { customer: who.user()?, payment: id.0 };
    let found = payments.payment(which).await?;
    let version = found.version;
    Ok(Answer::ok(PaymentView::new(found, clock.now())).version(version))
}

/// Tries another card on a payment that is still open.
///
/// A decline is a 402 and leaves the payment open. 202 says that the provider has not answered yet:
/// read the payment again, and do not pay a second time.
#[utoipa::path(
    post, path = "/v1/payments/{id}/attempts", tag = "payments",
    params(("id" = String, Path, description = "`pay_…`")),
    request_body = TokenWish,
    responses(
        (status = 200, description = "The money is taken, or the bank wants to see you.", body = PaymentView),
        (status = 202, description = "The provider has not answered yet.", body = PaymentView),
        Problem,
    ),
)]
pub(super) async fn attempt(
    payments: Data<dyn Payments>,
    clock: Data<dyn Clock>,
    replies: Data<Replies>,
    who: Who,
    id: Param<PaymentId>,
    wish: Keyed<TokenWish>,
) -> Result<Answer<PaymentView>, Problem> {
    let (intent, TokenWish { token }) = wish.required()?;
    let key = intent.key.as_str().to_owned();
    let wish = NewAttempt { customer: who.user()?, payment: id.0, token, key };
    let operation = format!("pay {}", id.0);
    let tried = replies.once(&who, &operation, Some(intent), payments.attempt(wish)).await?;
    Ok(tried.answer(|payment| represented(payment, &**clock)))
}

/// Says that you have done what your bank wanted; the payment goes on.
///
/// When the bank still wants to see you, that is a 409 with the code `payment-action-required`.
#[utoipa::path(
    post, path = "/v1/payments/{id}/actions/{action}/complete", tag = "payments",
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
pub(super) async fn complete_action(
    payments: Data<dyn Payments>,
    clock: Data<dyn Clock>,
    replies: Data<Replies>,
    who: Who,
    path: Param<(PaymentId, String)>,
    key: KeyOnly,
) -> Result<Answer<PaymentView>, Problem> {
    let Param((payment, action)) = path;
    let operation = format!("complete {action} of {payment}");
    let done = ActionDone { customer: who.user()?, payment, action };
    let went_on = replies.once(&who, &operation, key.0, payments.complete_action(done)).await?;
    Ok(went_on.answer(|payment| represented(payment, &**clock)))
}

/// Turns the number of a test card into a token to pay with. The number is not kept.
#[utoipa::path(
    post, path = "/v1/payment-tokens", tag = "payments",
    request_body = CardWish,
    responses((status = 200, description = "The token.", body = TokenView), Problem),
)]
pub(super) async fn tokenize(
    payments: Data<dyn Payments>,
    replies: Data<Replies>,
    who: Who,
    wish: Keyed<CardWish>,
) -> Result<Answer<TokenView>, Problem> {
    who.customer()?;
    let token = payments.tokenize(Card { number: wish.body.card_number }).await?;
    // Whatever is kept is made of the token: a hash of the number would give it away.
    let intent = wish.intent.map(|intent| of_token(intent.key, &token.token));
    let tokenized = async { Ok::<_, Problem>(token) };
    let once = replies.once(&who, "make a token", intent, tokenized).await?;
    Ok(once.answer(|token| Answer::ok(token.into())))
}

fn of_token(key: IdempotencyKey, token: &str) -> Intent {
    let fingerprint = Fingerprint::of("POST", "/v1/payment-tokens", &json!({ "token": token }));
    Intent { key, fingerprint }
}

/// With 202 as long as nobody knows what happened.
fn represented(payment: Payment, clock: &dyn Clock) -> Answer<PaymentView> {
    let (status, version) = (payment.status, payment.version);
    let view = PaymentView::new(payment, clock.now());
    match status {
        Status::Processing => Answer::accepted(view).version(version),
        _ => Answer::ok(view).version(version),
    }
}
