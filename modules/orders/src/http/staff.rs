//! Orders for the shop's own people.

use actix_web::web::Data;
use host::{Answer, Keyed, Listing, Paging, Param, Problem, Query, Who, idempotency::Replies};
use kernel::Timestamp;
use orders_api::{
    Asker, CancelOrder, DeliveryStatus, OrderId, Orders, PaymentStatus, Search, Status,
};
use serde::Deserialize;
use users_api::UserId;
use utoipa::IntoParams;

use super::{
    request::CancelRequest,
    view::{RecordView, StaffOrderView},
};

/// Which orders are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filters {
    /// `pending`, `completed`, `cancelling`, `cancelled`, `expired` or `rejected`.
    #[param(value_type = Option<String>)]
    status: Option<Status>,
    /// `none`, `authorized`, `paid`, `partially_refunded` or `refunded`.
    #[param(value_type = Option<String>)]
    payment_status: Option<PaymentStatus>,
    /// `none`, `preparing`, `in_transit`, `partially_delivered`, `delivered`, `returning` or `returned`.
    #[param(value_type = Option<String>)]
    delivery_status: Option<DeliveryStatus>,
    /// Whose: `usr_…`.
    #[param(value_type = Option<String>)]
    customer_id: Option<UserId>,
    /// Placed then or later (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    placed_from: Option<Timestamp>,
    /// Placed before (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    placed_before: Option<Timestamp>,
}

/// Lists orders, the newest first.
#[utoipa::path(
    get,
    path = "/v1/admin/orders",
    operation_id = "list_any",
    tag = "orders",
    params(
        Filters,
    ),
    responses((status = 200, description = "One page.", body = Listing<StaffOrderView>), Problem),
)]
pub(super) async fn list(
    orders: Data<dyn Orders>,
    paging: Paging,
    filters: Query<Filters>,
) -> Result<Answer<Listing<StaffOrderView>>, Problem> {
    let Filters { status, payment_status, delivery_status, customer_id, .. } = filters.0;
    let wish = Search {
        customer: customer_id,
        status,
        payment_status,
        delivery_status,
        placed_from: filters.0.placed_from,
        placed_before: filters.0.placed_before,
        page: paging.page.clone(),
    };
    let page = orders.search(wish).await?.map(StaffOrderView::from);
    Ok(Answer::ok(Listing::new(&paging, page)))
}

/// Shows any order with everything that happened to it.
#[utoipa::path(
    get,
    path = "/v1/admin/orders/{id}",
    operation_id = "find_any",
    tag = "orders",
    params(("id" = String, Path, description = "ord_…")),
    responses(
        (status = 200, description = "As it is now.", body = RecordView),
        Problem,
    ),
)]
pub(super) async fn find(
    orders: Data<dyn Orders>,
    id: Param<OrderId>,
) -> Result<Answer<RecordView>, Problem> {
    Ok(RecordView::from(orders.record(id.0).await?).found())
}

/// Ends any order, as its customer could.
///
/// A pending order is cancelled at once. A completed one is `cancelling` until its delivery is called off and
/// its money given back; when the parcel has left already it becomes `completed` again.
#[utoipa::path(
    post,
    path = "/v1/admin/orders/{id}/cancellation",
    operation_id = "cancel_any",
    tag = "orders",
    params(
        ("id" = String, Path, description = "ord_…"),
    ),
    request_body = CancelRequest,
    responses(
        (status = 200, description = "Cancelled or cancelling, now or before.", body = StaffOrderView),
        Problem,
    ),
)]
pub(super) async fn cancel(
    who: Who,
    orders: Data<dyn Orders>,
    replies: Data<Replies>,
    id: Param<OrderId>,
    request: Keyed<CancelRequest>,
) -> Result<Answer<StaffOrderView>, Problem> {
    let Keyed { intent, body: CancelRequest { reason } } = request;
    let wish = CancelOrder { asker: Asker::Staff, order: id.0, reason };
    let cancelled = replies.once(&who, "cancel any order", intent, orders.cancel(wish)).await?;
    Ok(cancelled.answer(|order| StaffOrderView::from(order).found()))
}
