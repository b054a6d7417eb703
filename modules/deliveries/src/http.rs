//! The public routes of deliveries. Handlers see the port, never the store.

mod label;
mod representation;
mod staff;
mod webhooks;
mod wishes;

use std::sync::Arc;

use actix_web::web::Data;
use deliveries_api::{Deliveries, Destination, ShipmentId, ShipmentOf, ShipmentsOf, Waybill};
use host::{Answer, Param, Policy, Problem, Query, Route, Routes, Who, idempotency::Replies};
use identity::Permission;
use kernel::{Currency, Violation};
use orders_api::OrderId;
use utoipa::OpenApi;

use representation::{DeliveryList, DeliveryView, MethodList, TrackingView};
use wishes::Target;

/// The largest message of a carrier.
const WEBHOOK_LIMIT: usize = 16 * 1024;

pub(crate) fn routes(deliveries: Arc<dyn Deliveries>, replies: Replies) -> Routes {
    let read = Policy::Permission(Permission::DeliveryRead);
    let dispatch = Policy::Permission(Permission::DeliveryDispatch);
    let one = "/v1/admin/deliveries/{id}";
    let webhook = Route::post("/v1/webhooks/carriers/{carrier}", webhooks::receive);
    Routes::new("deliveries")
        .share(Data::from(deliveries))
        .share(Data::new(replies))
        .route(Route::get("/v1/deliveries/{id}", delivery).allow(Policy::Shopper))
        .route(Route::get("/v1/orders/{id}/deliveries", of_order).allow(Policy::Shopper))
        .route(Route::get("/v1/delivery-methods", methods).allow(Policy::Public))
        .route(Route::get("/v1/tracking/{waybill}", tracking).allow(Policy::Public))
        .route(Route::get("/v1/admin/deliveries", staff::list).allow(read))
        .route(Route::get(one, staff::inspect).allow(read))
        .route(Route::get(format!("{one}/label"), staff::label).allow(dispatch))
        .route(Route::post(format!("{one}/dispatch"), staff::dispatch).allow(dispatch))
        .route(Route::post(format!("{one}/cancellation"), staff::cancel).allow(dispatch))
        .route(Route::post(format!("{one}/split"), staff::split).allow(dispatch))
        .route(webhook.allow(Policy::Public).body_limit(WEBHOOK_LIMIT))
        .document::<Document>()
}

#[derive(OpenApi)]
#[openapi(paths(
    delivery,
    of_order,
    methods,
    tracking,
    staff::list,
    staff::inspect,
    staff::label,
    staff::dispatch,
    staff::cancel,
    staff::split,
    webhooks::receive
))]
struct Document;

/// A shipment of yours.
#[utoipa::path(
    get, path = "/v1/deliveries/{id}", tag = "deliveries",
    params(("id" = String, Path, description = "`shp_…`")),
    responses((status = 200, description = "The shipment.", body = DeliveryView), Problem),
)]
async fn delivery(
    deliveries: Data<dyn Deliveries>,
    who: Who,
    id: Param<ShipmentId>,
) -> Result<Answer<DeliveryView>, Problem> {
    let which = ShipmentOf { customer: who.user()?, shipment: id.0 };
    let shipment = deliveries.shipment(which).await?;
    let version = shipment.version;
    Ok(Answer::ok(DeliveryView::of_customer(shipment)).version(version))
}

/// The shipments of an order of yours; none before it is completed.
#[utoipa::path(
    get, path = "/v1/orders/{id}/deliveries", tag = "deliveries",
    params(("id" = String, Path, description = "`ord_…`")),
    responses((status = 200, description = "The shipments.", body = DeliveryList), Problem),
)]
async fn of_order(
    deliveries: Data<dyn Deliveries>,
    who: Who,
    order: Param<OrderId>,
) -> Result<Answer<DeliveryList>, Problem> {
    let which = ShipmentsOf { customer: who.user()?, order: order.0 };
    let shipments = deliveries.of_order(which).await?;
    Ok(Answer::ok(DeliveryList::new(order.0, shipments)))
}

/// Where a parcel is, for anybody who knows its waybill.
#[utoipa::path(
    get, path = "/v1/tracking/{waybill}", tag = "deliveries",
    params(("waybill" = String, Path, description = "As the carrier knows the parcel: `RX473124829DE`")),
    responses((status = 200, description = "The parcel.", body = TrackingView), Problem),
)]
async fn tracking(
    deliveries: Data<dyn Deliveries>,
    waybill: Param<Waybill>,
) -> Result<Answer<TrackingView>, Problem> {
    let tracking = deliveries.track(waybill.0).await?;
    let version = tracking.version;
    Ok(Answer::ok(TrackingView::from(tracking)).version(version))
}

/// The ways a parcel can go to a country, cheapest first.
#[utoipa::path(
    get, path = "/v1/delivery-methods", tag = "deliveries",
    params(Target),
    responses((status = 200, description = "The methods and their prices.", body = MethodList), Problem),
)]
async fn methods(
    deliveries: Data<dyn Deliveries>,
    target: Query<Target>,
) -> Result<Answer<MethodList>, Problem> {
    let Target { country, currency } = target.0;
    let currency = Currency::from_code(&currency).ok_or_else(|| {
        let detail = "a currency is three upper case letters of ISO 4217, such as EUR";
        Problem::invalid(Violation::new("/currency", "unknown-currency", detail))
    })?;
    let here = format!("/v1/delivery-methods?country={country}&currency={}", currency.code());
    let quotes = deliveries.quotes(Destination::new(country, currency)).await?;
    Ok(Answer::ok(MethodList::new(here, quotes)))
}
