//! Carts for browsers. Handlers see the port, never the store.

mod representation;

use std::sync::Arc;

use actix_web::{http::header::ETAG, web::Data};
use carts_api::{CartId, CartOf, Carts, OpenCart, PutLine, RemoveLine};
use host::{Answer, Body, Keyed, Param, Policy, Problem, Route, Routes, Who, idempotency::Replies};
use kernel::{Currency, Version};
use products_api::VariantId;
use utoipa::OpenApi;

use self::representation::{Cart, NewCart, Wanted};

/// What prices are in when nobody says.
const CURRENCY: Currency = Currency::EUR;

#[derive(OpenApi)]
#[openapi(paths(open, cart, put_line, remove_line))]
struct Document;

pub(crate) fn routes(carts: Arc<dyn Carts>, replies: Replies) -> Routes {
    let line = "/v1/carts/{id}/lines/{variant}";
    Routes::new("carts")
        .route(Route::post("/v1/carts", open).allow(Policy::Customer))
        .route(Route::get("/v1/carts/{id}", cart).allow(Policy::Customer))
        .route(Route::put(line, put_line).allow(Policy::Customer))
        .route(Route::delete(line, remove_line).allow(Policy::Customer))
        .share(Data::from(carts))
        .share(Data::new(replies))
        .document::<Document>()
}

/// Opens a cart, or gives the active one: a customer has one at a time.
#[utoipa::path(post, path = "/v1/carts", tag = "carts", request_body = NewCart,
    responses((status = 201, description = "The cart is open.", body = Cart),
        (status = 200, description = "There was an active cart.", body = Cart), Problem))]
async fn open(
    carts: Data<dyn Carts>,
    replies: Data<Replies>,
    who: Who,
    wish: Keyed<NewCart>,
) -> Result<Answer<Cart>, Problem> {
    let currency = wish.body.currency.unwrap_or(CURRENCY);
    let opened = carts.open(OpenCart { customer: who.user()?, currency });
    let opened = replies.once(&who, "open a cart", wish.intent, opened).await?;
    let (cart, replayed) = (opened.reply, opened.replayed);
    let (location, version) = (representation::href(cart.id), cart.version);
    let cart = Cart::try_from(cart)?;
    // Every later change counts the version on, also being opened again.
    let answer = match version {
        Version::FIRST => Answer::created(&location, cart),
        _ => Answer::ok(cart),
    };
    Ok(tagged(answer, version).replayed(replayed))
}

/// Shows a cart and what stands between it and an order.
#[utoipa::path(get, path = "/v1/carts/{id}", tag = "carts", params(("id" = String, Path)),
    responses((status = 200, description = "The cart.", body = Cart), Problem))]
async fn cart(
    carts: Data<dyn Carts>,
    who: Who,
    id: Param<CartId>,
) -> Result<Answer<Cart>, Problem> {
    let cart = carts.cart(CartOf { customer: who.user()?, cart: id.0 }).await?;
    answer(cart)
}

/// Sets how many of a variant are in the cart, at today's price.
#[utoipa::path(put, path = "/v1/carts/{id}/lines/{variant}", tag = "carts", request_body = Wanted,
    params(("id" = String, Path), ("variant" = String, Path)),
    responses((status = 200, description = "The changed cart.", body = Cart), Problem))]
async fn put_line(
    carts: Data<dyn Carts>,
    who: Who,
    path: Param<(CartId, VariantId)>,
    wanted: Body<Wanted>,
) -> Result<Answer<Cart>, Problem> {
    let Param((cart, variant)) = path;
    let wish = PutLine { customer: who.user()?, cart, variant, quantity: wanted.0.quantity };
    answer(carts.put_line(wish).await?)
}

/// Takes a variant out of the cart.
#[utoipa::path(delete, path = "/v1/carts/{id}/lines/{variant}", tag = "carts",
    params(("id" = String, Path), ("variant" = String, Path)),
    responses((status = 200, description = "The changed cart.", body = Cart), Problem))]
async fn remove_line(
    carts: Data<dyn Carts>,
    who: Who,
    path: Param<(CartId, VariantId)>,
) -> Result<Answer<Cart>, Problem> {
    let Param((cart, variant)) = path;
    let cart = carts.remove_line(RemoveLine { customer: who.user()?, cart, variant }).await?;
    answer(cart)
}

fn answer(cart: carts_api::Cart) -> Result<Answer<Cart>, Problem> {
    let version = cart.version;
    Ok(tagged(Answer::ok(Cart::try_from(cart)?), version))
}

/// Tags the answer with the cart's version, but never lets it become a 304: requirements follow
/// products, whose changes do not count the cart's version on.
fn tagged(answer: Answer<Cart>, version: Version) -> Answer<Cart> {
    answer.with(ETAG, &host::etag(version))
}
