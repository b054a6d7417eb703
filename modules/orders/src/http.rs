//! Orders for browsers. Handlers know the port and representations, nothing else.

mod view;

use std::sync::Arc;

use actix_web::web::Data;
use host::{
    Answer, Body, IdempotencyKey, Keyed, Param, Policy, Problem, Route, Routes, Who,
    idempotency::InFlight,
};
use orders_api::{CancelOrder, Idempotency, OrderId, OrderOf, Orders, PlaceOrder, ShipTo};
use utoipa::OpenApi;

use self::view::{AddressView, CancelRequest, OrderView, PaymentRequest, PlaceRequest};

#[derive(OpenApi)]
#[openapi(paths(place, find, cancel), components(schemas(OrderView, PlaceRequest, CancelRequest)))]
struct Doc;

pub(crate) fn routes(orders: Arc<dyn Orders>) -> Routes {
    let place = Route::post("/v1/orders", place).allow(Policy::Customer).needs_idempotency_key();
    Routes::new(crate::NAME)
        .share(Data::from(orders))
        .share(Data::new(InFlight::default()))
        .route(place)
        .route(Route::get("/v1/orders/{id}", find).allow(Policy::Customer))
        .route(Route::post("/v1/orders/{id}/cancellation", cancel).allow(Policy::Customer))
        .document::<Doc>()
}

/// Turns a cart into an order.
///
/// The order is pending: its stock is held and its payment asked for. Follow `_links.self` to see it
/// completed, or `_links.payment` to see what became of the card.
#[utoipa::path(
    post,
    path = "/v1/orders",
    tag = "orders",
    params(("Idempotency-Key" = String, Header, description = "Names the intention: two requests with one key are one order.")),
    request_body = PlaceRequest,
    responses(
        (status = 201, description = "Placed. A repeated request gets the same answer with `Idempotent-Replayed: true`.", body = OrderView),
        Problem,
    ),
    security(("access_token" = [])),
)]
async fn place(
    who: Who,
    orders: Data<dyn Orders>,
    in_flight: Data<InFlight>,
    request: Keyed<PlaceRequest>,
) -> Result<Answer<OrderView>, Problem> {
    let customer = who.user()?;
    let intent = request.intent.ok_or_else(IdempotencyKey::missing)?;
    let _turn = in_flight.enter(&crate::service::scope(customer), &intent.key)?;
    let PlaceRequest { cart_id, expected_total, address_id, address, delivery_method, payment } =
        request.body;
    let PaymentRequest { token } = payment;
    let placed = orders
        .place(PlaceOrder {
            customer,
            contact: None,
            cart: cart_id,
            expected_total,
            ship_to: ship_to(address_id, address)?,
            delivery_method,
            payment_token: token,
            idempotency: Idempotency {
                key: intent.key.as_str().to_owned(),
                fingerprint: intent.fingerprint.as_str().to_owned(),
            },
        })
        .await?;
    Ok(OrderView::from(placed.order).created(placed.replayed))
}

/// Shows one order of the customer's.
#[utoipa::path(
    get,
    path = "/v1/orders/{id}",
    tag = "orders",
    params(("id" = String, Path, description = "ord_…")),
    responses(
        (status = 200, description = "As it is now.", body = OrderView),
        (status = 304, description = "As `If-None-Match` said."),
        Problem,
    ),
    security(("access_token" = [])),
)]
async fn find(
    who: Who,
    orders: Data<dyn Orders>,
    id: Param<OrderId>,
) -> Result<Answer<OrderView>, Problem> {
    let order = orders.order(OrderOf { customer: who.user()?, order: id.0 }).await?;
    Ok(OrderView::from(order).found())
}

/// Ends a pending order: its stock is given back and nothing is charged.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/cancellation",
    tag = "orders",
    params(("id" = String, Path, description = "ord_…")),
    request_body = CancelRequest,
    responses(
        (status = 200, description = "Cancelled, now or before.", body = OrderView),
        Problem,
    ),
    security(("access_token" = [])),
)]
async fn cancel(
    who: Who,
    orders: Data<dyn Orders>,
    id: Param<OrderId>,
    request: Body<CancelRequest>,
) -> Result<Answer<OrderView>, Problem> {
    let wish = CancelOrder { customer: who.user()?, order: id.0, reason: request.0.reason };
    Ok(OrderView::from(orders.cancel(wish).await?).found())
}

/// One of the two ways to say where an order goes.
fn ship_to(
    book: Option<users_api::AddressId>,
    here: Option<AddressView>,
) -> Result<ShipTo, Problem> {
    match (book, here) {
        (Some(address), None) => Ok(ShipTo::Book(address)),
        (None, Some(address)) => Ok(ShipTo::Here(address.checked()?)),
        (Some(_), Some(_)) | (None, None) => Err(view::one_address()),
    }
}
