//! The public routes of deliveries. Handlers see the port, never the store.

mod representation;

use std::sync::Arc;

use actix_web::web::Data;
use deliveries_api::{Deliveries, Destination, ShipmentId, ShipmentOf, ShipmentsOf};
use host::{Answer, Param, Policy, Problem, Query, Route, Routes, Who};
use kernel::{Currency, Violation};
use orders_api::OrderId;
use utoipa::OpenApi;

use representation::{DeliveryList, DeliveryView, MethodList, Target};

pub(crate) fn routes(deliveries: Arc<dyn Deliveries>) -> Routes {
    Routes::new("deliveries")
        .share(Data::from(deliveries))
        .route(Route::get("/v1/deliveries/{id}", delivery).allow(Policy::Customer))
        .route(Route::get("/v1/orders/{id}/deliveries", of_order).allow(Policy::Customer))
        .route(Route::get("/v1/delivery-methods", methods).allow(Policy::Public))
        .document::<Document>()
}

#[derive(OpenApi)]
#[openapi(paths(delivery, of_order, methods))]
struct Document;

/// A shipment of yours.
#[utoipa::path(
    get, path = "/v1/deliveries/{id}", tag = "deliveries",
    params(("id" = String, Path, description = "`shp_…`")),
    responses((status = 200, description = "The shipment.", body = DeliveryView), Problem),
    security(("access_token" = [])),
)]
async fn delivery(
    deliveries: Data<dyn Deliveries>,
    who: Who,
    id: Param<ShipmentId>,
) -> Result<Answer<DeliveryView>, Problem> {
    let which = ShipmentOf { customer: who.user()?, shipment: id.0 };
    let shipment = deliveries.shipment(which).await?;
    let version = shipment.version;
    Ok(Answer::ok(DeliveryView::from(shipment)).version(version))
}

/// The shipments of an order of yours; none before it is completed.
#[utoipa::path(
    get, path = "/v1/orders/{id}/deliveries", tag = "deliveries",
    params(("id" = String, Path, description = "`ord_…`")),
    responses((status = 200, description = "The shipments.", body = DeliveryList), Problem),
    security(("access_token" = [])),
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
