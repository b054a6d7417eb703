//! Orders for whoever has no account: by the number on the invoice, and the token that the cart was
//! opened with.

use actix_web::web::Data;
use host::{Answer, Param, Problem, Query};
use identity::GuestToken;
use orders_api::{NumberOf, OrderNumber, Orders};
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::OrderView;

/// What a guest proves to be one by.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Proof {
    /// The guest token with which the order was placed: `gst_…`.
    token: String,
}

/// Finds a guest's order by its number.
#[utoipa::path(
    get,
    path = "/v1/guest-orders/{number}",
    operation_id = "find_by_number",
    tag = "orders",
    params(
        ("number" = String, Path, description = "With or without dashes: 4711-0815-39X."),
        Proof,
    ),
    responses(
        (status = 200, description = "As it is now.", body = OrderView),
        Problem,
    ),
)]
pub(super) async fn find(
    orders: Data<dyn Orders>,
    number: Param<OrderNumber>,
    proof: Query<Proof>,
) -> Result<Answer<OrderView>, Problem> {
    let token: GuestToken = proof.0.token.parse().map_err(|_| Problem::not_found())?;
    let customer = token.subject().parse().map_err(|_| Problem::not_found())?;
    let order = orders.numbered(NumberOf { customer, number: number.0 }).await?;
    Ok(OrderView::from(order).found())
}
