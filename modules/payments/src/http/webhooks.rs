//! Where providers tell us what became of a charge.

use actix_web::{HttpRequest, http::header::HeaderName, web::Data};
use host::{Answer, Param, Problem, RawBody};
use kernel::Code;
use payments_api::{Payments, Webhook};

use super::representation::NoticedView;

/// Takes what a provider tells us, if it is signed by the provider: in the header `Stripe-Signature` of
/// Stripe's webhooks.
///
/// It is kept and looked into afterwards. The event's `id` is its key: told twice it is taken once.
#[utoipa::path(
    post, path = "/v1/webhooks/payments/{provider}", tag = "payments", operation_id = "webhook",
    params(("provider" = String, Path, description = "`stripe` or `sandbox`", example = "stripe")),
    request_body(content = Object, description = "An event, as the provider signed it."),
    responses((status = 200, description = "It is kept.", body = NoticedView), Problem),
)]
pub(super) async fn receive(
    payments: Data<dyn Payments>,
    request: HttpRequest,
    provider: Param<String>,
    body: RawBody,
) -> Result<Answer<NoticedView>, Problem> {
    let header = HeaderName::from_bytes(format!("{}-signature", provider.0).as_bytes());
    let signature = header.ok().and_then(|header| request.headers().get(header));
    let signature = signature.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = String::from_utf8(body.0.to_vec())
        .map_err(|_| Problem::of(Code::MalformedRequest, "the body is not UTF-8"))?;
    let webhook = Webhook { provider: provider.0, signature, body };
    let noticed = payments.notice(webhook).await?;
    Ok(Answer::ok(NoticedView { received: true }).replayed(noticed.again))
}
