//! What staff read and do about stock.

use actix_web::web::Data;
use host::{Answer, Keyed, Listing, Paging, Param, Problem, Query, Who, idempotency::Replies};
use identity::Permission;
use products_api::{Owner, Products, Reservations, StockMovements};

use super::{
    shown::{Booked, Reservation, StockEntry, StockMovement},
    wishes::{LevelSearch, Movement, MovementSearch, ReservationSearch},
};

/// Lists how many there are of each variant, by SKU.
#[utoipa::path(get, path = "/v1/admin/stock", tag = "products",
    params(LevelSearch),
    responses((status = 200, body = Listing<StockEntry>, description = "A page of them."), Problem))]
pub(super) async fn levels(
    products: Data<dyn Products>,
    search: Query<LevelSearch>,
    paging: Paging,
) -> Result<Answer<Listing<StockEntry>>, Problem> {
    let found = products.stock(search.0.wish(paging.page.clone())?).await?;
    Ok(Answer::ok(Listing::new(&paging, found.map(StockEntry::from))))
}

/// Lists the movements of stock, the latest first.
#[utoipa::path(get, path = "/v1/admin/stock-movements", tag = "products",
    params(MovementSearch),
    responses((status = 200, body = Listing<StockMovement>, description = "A page of them."), Problem))]
pub(super) async fn movements(
    products: Data<dyn Products>,
    search: Query<MovementSearch>,
    paging: Paging,
) -> Result<Answer<Listing<StockMovement>>, Problem> {
    let wish: StockMovements = search.0.wish(paging.page.clone())?;
    let found = products.stock_movements(wish).await?;
    Ok(Answer::ok(Listing::new(&paging, found.map(StockMovement::from))))
}

/// Books stock that came, came back or was counted. The key names the movement: it is booked once.
#[utoipa::path(post, path = "/v1/admin/stock-movements", tag = "products", request_body = Movement,
    responses((status = 200, body = Booked, description = "How many there are now."), Problem))]
pub(super) async fn adjust(
    products: Data<dyn Products>,
    replies: Data<Replies>,
    who: Who,
    wish: Keyed<Movement>,
) -> Result<Answer<Booked>, Problem> {
    let staff = who.with(Permission::StockAdjust)?;
    let (intent, body) = wish.required()?;
    let cause = format!("{} {}", staff.subject, intent.key);
    let adjusted = products.adjust(body.caused_by(cause)?);
    let adjusted = replies.once(&who, "book a movement", Some(intent), adjusted).await?;
    Ok(adjusted.answer(|level| Answer::ok(Booked::from(level))))
}

/// Lists reservations, the latest first.
#[utoipa::path(get, path = "/v1/admin/reservations", tag = "products",
    params(ReservationSearch),
    responses((status = 200, body = Listing<Reservation>, description = "A page of them."), Problem))]
pub(super) async fn reservations(
    products: Data<dyn Products>,
    search: Query<ReservationSearch>,
    paging: Paging,
) -> Result<Answer<Listing<Reservation>>, Problem> {
    let state = search.0.state.map(Into::into);
    let found = products.reservations(Reservations { state, page: paging.page.clone() }).await?;
    Ok(Answer::ok(Listing::new(&paging, found.map(Reservation::from))))
}

/// Shows what somebody, usually an order, holds or held.
#[utoipa::path(get, path = "/v1/admin/reservations/{owner}", tag = "products",
    params(("owner" = String, Path)),
    responses((status = 200, body = Reservation, description = "What is or was held."), Problem))]
pub(super) async fn reservation(
    products: Data<dyn Products>,
    owner: Param<String>,
) -> Result<Answer<Reservation>, Problem> {
    let found = products.reservation(Owner(owner.0)).await?;
    Ok(Answer::ok(Reservation::from(found)))
}
