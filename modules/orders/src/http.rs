//! Orders for browsers. Handlers know the port and representations, nothing else.

mod guests;
mod prefer;
mod request;
mod staff;
mod stream;
mod view;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::web::Data;
use host::{
    Answer, IdempotencyKey, Keyed, Param, Policy, Problem, Route, Routes, Who,
    idempotency::{InFlight, Replies},
};
use identity::Permission;
use orders_api::{
    Asker, CancelOrder, Contact, Error, Idempotency, Order, OrderId, OrderOf, Orders, PlaceOrder,
    ShipTo, Status, Wait,
};
use users_api::AddressId;
use utoipa::OpenApi;

pub(crate) use self::stream::Closing;
use self::{
    prefer::Patience,
    request::{AddressView, CancelRequest, PlaceRequest},
    view::{OrderView, ProgressView},
};

#[derive(OpenApi)]
#[openapi(
    paths(
        place,
        find,
        cancel,
        stream::events,
        guests::find,
        staff::list,
        staff::find,
        staff::cancel
    ),
    components(schemas(OrderView, PlaceRequest, CancelRequest, ProgressView))
)]
struct Doc;

pub(crate) fn routes(orders: Arc<dyn Orders>, replies: Replies, closing: Closing) -> Routes {
    let place = Route::post("/v1/orders", place).allow(Policy::Shopper).needs_idempotency_key();
    let events = Route::get("/v1/orders/{id}/events", stream::events).allow(Policy::Shopper);
    let read = Policy::Permission(Permission::OrderRead);
    let end = Policy::Permission(Permission::OrderCancel);
    Routes::new(crate::NAME)
        .share(Data::from(orders))
        .share(Data::new(InFlight::default()))
        .share(Data::new(replies))
        .share(Data::new(closing))
        .route(place)
        .route(Route::get("/v1/orders/{id}", find).allow(Policy::Shopper))
        .route(events)
        .route(Route::post("/v1/orders/{id}/cancellation", cancel).allow(Policy::Shopper))
        .route(Route::get("/v1/guest-orders/{number}", guests::find).allow(Policy::Public))
        .route(Route::get("/v1/admin/orders", staff::list).allow(read))
        .route(Route::get("/v1/admin/orders/{id}", staff::find).allow(read))
        .route(Route::post("/v1/admin/orders/{id}/cancellation", staff::cancel).allow(end))
        .document::<Doc>()
}

/// Turns a cart into an order.
///
/// The order is pending: its stock is held and its payment asked for. Follow `_links.self` to see it
/// completed, or `_links.payment` to see what became of the card; payments takes it up in a moment, and
/// answers 404 until then: ask again after a second. With `Prefer: wait=5` the answer waits that long for the card
/// to be charged or declined.
#[utoipa::path(
    post,
    path = "/v1/orders",
    tag = "orders",
    params(
        ("Idempotency-Key" = String, Header, description = "Names the intention: two requests with one key are one order."),
        ("Prefer" = Option<String>, Header, description = "`wait=5`: wait so many seconds, 30 at most, for a settled order."),
    ),
    request_body(content = PlaceRequest, example = json!({
        "cart_id": "crt_01jd8k3v7tf8ntx3v1a9g5r2qc",
        "expected_total": { "minor": 2489, "currency": "EUR" },
        "address": {
            "recipient": "Ada Lovelace", "line1": "Hauptstraße 1", "city": "Berlin",
            "postal_code": "10115", "country": "DE",
        },
        "contact": { "email": "ada@example.com" },
        "delivery_method": "standard",
        "payment": { "token": "pm_card_visa" },
    })),
    responses(
        (status = 201, description = "Placed. A repeated request gets the same answer with `Idempotent-Replayed: true`.", body = OrderView),
        Problem,
    ),
)]
async fn place(
    who: Who,
    orders: Data<dyn Orders>,
    in_flight: Data<InFlight>,
    patience: Patience,
    request: Keyed<PlaceRequest>,
) -> Result<Answer<OrderView>, Problem> {
    let customer = who.user()?;
    let intent = request.intent.ok_or_else(IdempotencyKey::missing)?;
    let _turn = in_flight.enter(&crate::service::scope(customer), &intent.key)?;
    let PlaceRequest { address_id, address, billing_address, .. } = request.body;
    let wish = PlaceOrder {
        customer,
        contact: request.body.contact.map(|contact| Contact { email: contact.email }),
        cart: request.body.cart_id,
        expected_total: request.body.expected_total,
        ship_to: ship_to(address_id, address)?,
        bill_to: billing_address.map(here),
        delivery_method: request.body.delivery_method,
        payment_token: request.body.payment.token,
        idempotency: Idempotency {
            key: intent.key.as_str().to_owned(),
            fingerprint: intent.fingerprint.as_str().to_owned(),
        },
    };
    let placed = orders.place(wish).await?;
    // A repetition is answered as it was recorded, which is before anybody has waited.
    let order = match patience.duration().filter(|_| !placed.replayed) {
        Some(patience) => charged(&orders, placed.order, patience).await?,
        None => placed.order,
    };
    let answer = OrderView::from(order).created().replayed(placed.replayed);
    Ok(patience.applied(answer))
}

/// Shows one order of the customer's.
#[utoipa::path(
    get,
    path = "/v1/orders/{id}",
    tag = "orders",
    params(("id" = String, Path, description = "ord_…")),
    responses(
        (status = 200, description = "As it is now.", body = OrderView),
        Problem,
    ),
)]
async fn find(
    who: Who,
    orders: Data<dyn Orders>,
    id: Param<OrderId>,
) -> Result<Answer<OrderView>, Problem> {
    let order = orders.order(OrderOf { customer: who.user()?, order: id.0 }).await?;
    Ok(OrderView::from(order).found())
}

/// Ends an order: its stock and its money are given back.
///
/// A pending order is cancelled at once. A completed one is `cancelling` until its delivery is called off and
/// its money given back; when the parcel has left already it becomes `completed` again. With
/// `Prefer: wait=5` the answer waits that long for it, and is 409 when it was too late.
#[utoipa::path(
    post,
    path = "/v1/orders/{id}/cancellation",
    tag = "orders",
    params(
        ("id" = String, Path, description = "ord_…"),
        ("Prefer" = Option<String>, Header, description = "`wait=5`: wait so many seconds, 30 at most, for a settled order."),
    ),
    request_body = CancelRequest,
    responses(
        (status = 200, description = "Cancelled or cancelling, now or before.", body = OrderView),
        Problem,
    ),
)]
async fn cancel(
    who: Who,
    orders: Data<dyn Orders>,
    replies: Data<Replies>,
    id: Param<OrderId>,
    patience: Patience,
    request: Keyed<CancelRequest>,
) -> Result<Answer<OrderView>, Problem> {
    let Keyed { intent, body: CancelRequest { reason } } = request;
    let asker = Asker::Customer(who.user()?);
    let wish = CancelOrder { asker, order: id.0, reason };
    let mut cancelled = replies.once(&who, "cancel an order", intent, orders.cancel(wish)).await?;
    if let Some(patience) = patience.duration() {
        cancelled.reply = called_off(&orders, cancelled.reply, patience).await?;
    }
    Ok(patience.applied(cancelled.answer(|order| OrderView::from(order).found())))
}

/// The order as soon as its card was charged or declined, or as it is when `patience` is over.
async fn charged(
    orders: &Data<dyn Orders>,
    order: Order,
    patience: Duration,
) -> Result<Order, Error> {
    later(orders, order, patience, |order, declined| order.status != Status::Pending || declined)
        .await
}

/// The order as soon as it is cancelled, or as it is when `patience` is over.
async fn called_off(
    orders: &Data<dyn Orders>,
    order: Order,
    patience: Duration,
) -> Result<Order, Error> {
    let began = order.status;
    let order =
        later(orders, order, patience, |order, _| order.status != Status::Cancelling).await?;
    match (began, order.status) {
        (Status::Cancelling, Status::Completed) => Err(Error::NotCancellable(order.status)),
        _ => Ok(order),
    }
}

/// The order as soon as it is `settled`, which is also told whether its last card was declined.
async fn later(
    orders: &Data<dyn Orders>,
    mut order: Order,
    patience: Duration,
    settled: impl Fn(&Order, bool) -> bool,
) -> Result<Order, Error> {
    let end = Instant::now() + patience;
    let mut declined = false;
    while !settled(&order, declined) {
        let patience = end.saturating_duration_since(Instant::now());
        let which = OrderOf { customer: order.customer, order: order.id };
        let wait = Wait { which, after: Some(order.version), patience };
        let record = orders.progress(wait).await?;
        if record.order.version == order.version {
            break;
        }
        declined = record.timeline.last().is_some_and(|last| last.what == "payment-declined");
        order = record.order;
    }
    Ok(order)
}

/// One of the two ways to say where an order goes.
fn ship_to(book: Option<AddressId>, address: Option<AddressView>) -> Result<ShipTo, Problem> {
    match (book, address) {
        (Some(address), None) => Ok(ShipTo::Book(address)),
        (None, Some(address)) => Ok(here(address)),
        (None, None) => Ok(ShipTo::Default),
        (Some(_), Some(_)) => Err(request::two_addresses()),
    }
}

fn here(address: AddressView) -> ShipTo {
    ShipTo::Here(address.into())
}
