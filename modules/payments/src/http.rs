//! The public routes of payments. Handlers see the port, the clock and the replies, never the store.

mod representation;
mod shopper;
mod staff;
mod webhooks;

use std::sync::Arc;

use actix_web::web::Data;
use host::{Policy, Route, Routes, idempotency::Replies};
use identity::Permission;
use kernel::Clock;
use payments_api::Payments;
use utoipa::OpenApi;

/// The largest webhook.
const WEBHOOK: usize = 256 * 1024;

pub(crate) fn routes(
    payments: Arc<dyn Payments>,
    clock: Arc<dyn Clock>,
    replies: Replies,
) -> Routes {
    let shopper = |route: Route| route.allow(Policy::Shopper);
    let staff = |route: Route, permission| route.allow(Policy::Permission(permission));
    let (read, capture, refund) =
        (Permission::PaymentRead, Permission::PaymentCapture, Permission::PaymentRefund);
    Routes::new("payments")
        .share(Data::from(payments))
        .share(Data::from(clock))
        .share(Data::new(replies))
        .route(shopper(Route::get("/v1/payments/{id}", shopper::payment)))
        .route(
            shopper(Route::post("/v1/payments/{id}/attempts", shopper::attempt))
                .needs_idempotency_key(),
        )
        .route(shopper(Route::post(
            "/v1/payments/{id}/actions/{action}/complete",
            shopper::complete_action,
        )))
        .route(shopper(Route::post("/v1/payment-tokens", shopper::tokenize)))
        .route(staff(Route::get("/v1/admin/payments/{id}", staff::payment), read))
        .route(staff(Route::get("/v1/admin/payments/{id}/ledger", staff::ledger), read))
        .route(staff(Route::get("/v1/admin/payments/{id}/refunds/{refund}", staff::refund), read))
        .route(
            staff(Route::post("/v1/admin/payments/{id}/captures", staff::capture), capture)
                .needs_idempotency_key(),
        )
        .route(staff(Route::post("/v1/admin/payments/{id}/void", staff::void), capture))
        .route(
            staff(Route::post("/v1/admin/payments/{id}/refunds", staff::give_back), refund)
                .needs_idempotency_key(),
        )
        .route(
            Route::post("/v1/webhooks/payments/{provider}", webhooks::receive)
                .allow(Policy::Public)
                .body_limit(WEBHOOK),
        )
        .document::<Document>()
}

#[derive(OpenApi)]
#[openapi(paths(
    shopper::payment,
    shopper::attempt,
    shopper::complete_action,
    shopper::tokenize,
    staff::payment,
    staff::ledger,
    staff::refund,
    staff::capture,
    staff::void,
    staff::give_back,
    webhooks::receive,
))]
struct Document;
