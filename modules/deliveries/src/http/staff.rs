//! What staff see of shipments, and do with them.

use actix_web::{
    HttpResponse,
    http::header::{CONTENT_DISPOSITION, ETAG},
    web::Data,
};
use deliveries_api::{Deliveries, Shipment, ShipmentId};
use host::{
    Answer, KeyOnly, Keyed, Listing, Paging, Param, Problem, Query, Who, etag, idempotency::Replies,
};
use kernel::Code;

use super::{
    label as pdf,
    representation::DeliveryView,
    wishes::{Filter, SplitRequest},
};

/// Shipments, the newest first.
#[utoipa::path(
    get, path = "/v1/admin/deliveries", tag = "deliveries", params(Filter),
    responses((status = 200, description = "The shipments.", body = Listing<DeliveryView>), Problem),
)]
pub(super) async fn list(
    deliveries: Data<dyn Deliveries>,
    filter: Query<Filter>,
    paging: Paging,
) -> Result<Answer<Listing<DeliveryView>>, Problem> {
    let page = deliveries.list(filter.0.wish(paging.page.clone())).await?;
    Ok(Answer::ok(Listing::new(&paging, page.map(DeliveryView::of_staff))))
}

/// A shipment, whosever it is.
#[utoipa::path(
    get, path = "/v1/admin/deliveries/{id}", tag = "deliveries",
    params(("id" = String, Path, description = "`shp_…`")),
    responses((status = 200, description = "The shipment.", body = DeliveryView), Problem),
)]
pub(super) async fn inspect(
    deliveries: Data<dyn Deliveries>,
    id: Param<ShipmentId>,
) -> Result<Answer<DeliveryView>, Problem> {
    Ok(represented(deliveries.inspect(id.0).await?))
}

/// The label of a parcel to print, on A6.
#[utoipa::path(
    get, path = "/v1/admin/deliveries/{id}/label", tag = "deliveries",
    params(("id" = String, Path, description = "`shp_…`")),
    responses(
        (status = 200, description = "The label.", body = Vec<u8>, content_type = "application/pdf",
            headers(("ETag" = String, description = "The version of the shipment."))),
        (status = 409, description = "It has no waybill yet, or will not be sent.", body = Problem,
            content_type = "application/problem+json"),
        Problem,
    ),
)]
pub(super) async fn label(
    deliveries: Data<dyn Deliveries>,
    id: Param<ShipmentId>,
) -> Result<HttpResponse, Problem> {
    let shipment = deliveries.inspect(id.0).await?;
    let no_label = || {
        let detail = format!("the shipment is {}: there is no label for it", shipment.status);
        Problem::of(Code::Conflict, detail)
    };
    let label = pdf::print(&shipment).ok_or_else(no_label)?;
    let name = format!("inline; filename=\"{}.pdf\"", shipment.id);
    Ok(HttpResponse::Ok()
        .content_type("application/pdf")
        .insert_header((ETAG, etag(shipment.version)))
        .insert_header((CONTENT_DISPOSITION, name))
        .body(label))
}

/// Gives a parcel to its carrier. It can no longer be called off then.
#[utoipa::path(
    post, path = "/v1/admin/deliveries/{id}/dispatch", tag = "deliveries",
    params(("id" = String, Path, description = "`shp_…`")),
    responses((status = 200, description = "The carrier has it.", body = DeliveryView), Problem),
)]
pub(super) async fn dispatch(
    deliveries: Data<dyn Deliveries>,
    replies: Data<Replies>,
    who: Who,
    id: Param<ShipmentId>,
    key: KeyOnly,
) -> Result<Answer<DeliveryView>, Problem> {
    let dispatched = deliveries.dispatch(id.0);
    Ok(replies.once(&who, "dispatch a delivery", key.0, dispatched).await?.answer(represented))
}

/// Calls off a parcel that the carrier does not have yet.
#[utoipa::path(
    post, path = "/v1/admin/deliveries/{id}/cancellation", tag = "deliveries",
    params(("id" = String, Path, description = "`shp_…`")),
    responses((status = 200, description = "It will not be sent.", body = DeliveryView), Problem),
)]
pub(super) async fn cancel(
    deliveries: Data<dyn Deliveries>,
    replies: Data<Replies>,
    who: Who,
    id: Param<ShipmentId>,
    key: KeyOnly,
) -> Result<Answer<DeliveryView>, Problem> {
    let cancelled = deliveries.cancel(id.0);
    Ok(replies.once(&who, "cancel a delivery", key.0, cancelled).await?.answer(represented))
}

/// Makes a parcel of its own, with a waybill of its own, of a part of one that the carrier does not have yet.
#[utoipa::path(
    post, path = "/v1/admin/deliveries/{id}/split", tag = "deliveries",
    params(("id" = String, Path, description = "`shp_…`")),
    request_body = SplitRequest,
    responses((status = 201, description = "The new parcel.", body = DeliveryView), Problem),
)]
pub(super) async fn split(
    deliveries: Data<dyn Deliveries>,
    replies: Data<Replies>,
    who: Who,
    id: Param<ShipmentId>,
    request: Keyed<SplitRequest>,
) -> Result<Answer<DeliveryView>, Problem> {
    let Keyed { intent, body } = request;
    let split = deliveries.split(body.wish(id.0));
    let split = replies.once(&who, "split a delivery", intent, split).await?;
    Ok(split.answer(|part| {
        let (version, view) = (part.version, DeliveryView::of_staff(part));
        Answer::created(&view.place(), view).version(version)
    }))
}

fn represented(shipment: Shipment) -> Answer<DeliveryView> {
    let version = shipment.version;
    Answer::ok(DeliveryView::of_staff(shipment)).version(version)
}
