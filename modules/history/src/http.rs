//! Orders and their timelines for browsers. Handlers know the port and representations, nothing else.

mod representation;

use std::sync::Arc;

use actix_web::{HttpRequest, web::Data};
use history_api::{History, OrdersOf, TimelineOf};
use host::{Answer, Listing, Paging, Param, Policy, Problem, Query, Route, Routes, Who};
use kernel::Violation;
use orders_api::{OrderId, Position};
use utoipa::OpenApi;

use representation::{OrderEntry, TimelineEntry, Wanted, WantedTimeline};

/// The header that names a change which the answer must know.
const READ_AFTER: &str = "read-after";

#[derive(OpenApi)]
#[openapi(paths(orders, timeline))]
struct Document;

pub(crate) fn routes(history: Arc<dyn History>) -> Routes {
    Routes::new("history")
        .share(Data::from(history))
        .route(Route::get("/v1/orders", orders).allow(Policy::Shopper))
        .route(Route::get("/v1/orders/{id}/timeline", timeline).allow(Policy::Shopper))
        .document::<Document>()
}

/// Your orders, the newest first.
///
/// The list is a copy and usually some milliseconds old. To see a change that you have just made, send
/// the `Position` of its answer: the list waits for it, up to 2 seconds, and is a 503 after that.
#[utoipa::path(
    get, path = "/v1/orders", tag = "history", security(("access_token" = [])),
    params(
        Wanted,
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 by default.", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
        ("Read-After" = Option<String>, Header, description = "The header `Position` of an earlier answer."),
    ),
    responses((status = 200, description = "One page of them.", body = Listing<OrderEntry>), Problem),
)]
async fn orders(
    history: Data<dyn History>,
    who: Who,
    request: HttpRequest,
    wanted: Query<Wanted>,
    paging: Paging,
) -> Result<Answer<Listing<OrderEntry>>, Problem> {
    let after = position(&request, wanted.0.after_position.as_deref())?;
    let (customer, filter, page) = (who.user()?, wanted.0.filter(), paging.page.clone());
    let page = history.orders(OrdersOf { customer, filter, page, after }).await?;
    Ok(Answer::ok(Listing::new(&paging, page.map(OrderEntry::from))))
}

/// What happened to an order of yours, the oldest first.
#[utoipa::path(
    get, path = "/v1/orders/{id}/timeline", tag = "history", security(("access_token" = [])),
    params(
        ("id" = String, Path, description = "`ord_…`"),
        WantedTimeline,
        ("limit" = Option<u32>, Query, description = "1 to 100, 20 by default.", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
        ("Read-After" = Option<String>, Header, description = "The header `Position` of an earlier answer."),
    ),
    responses((status = 200, description = "One page of it.", body = Listing<TimelineEntry>), Problem),
)]
async fn timeline(
    history: Data<dyn History>,
    who: Who,
    id: Param<OrderId>,
    request: HttpRequest,
    wanted: Query<WantedTimeline>,
    paging: Paging,
) -> Result<Answer<Listing<TimelineEntry>>, Problem> {
    let after = position(&request, wanted.0.after_position.as_deref())?;
    let (customer, page) = (who.user()?, paging.page.clone());
    let page = history.timeline(TimelineOf { customer, order: id.0, page, after }).await?;
    let mut listing = Listing::new(&paging, page.map(TimelineEntry::from));
    listing.links = listing.links.to("order", format!("/v1/orders/{}", id.0));
    Ok(Answer::ok(listing))
}

/// What the answer must know: the header, or the parameter for those who cannot send one.
fn position(request: &HttpRequest, parameter: Option<&str>) -> Result<Option<Position>, Problem> {
    let header = request.headers().get(READ_AFTER);
    let header = header.map(|value| value.to_str().unwrap_or_default());
    let Some(text) = header.or(parameter) else { return Ok(None) };
    text.parse().map(Some).map_err(|no: orders_api::InvalidPosition| {
        Problem::invalid(Violation::new("/after_position", "invalid-position", no.to_string()))
    })
}
