//! Carts for browsers. Handlers see the port, never the store.

mod representation;

use std::sync::Arc;

use actix_web::{http::header::CACHE_CONTROL, web::Data};
use carts_api::{CartId, CartOf, Carts, Merge, OpenCart, PutLine, QuotesFor, RemoveLine};
use host::{
    Answer, Body, Keyed, Param, Policy, Problem, Query, Route, Routes, Who, idempotency::Replies,
};
use identity::GuestToken;
use kernel::{Currency, Version, Violation};
use products_api::VariantId;
use utoipa::OpenApi;

use self::representation::{Cart, Country, GuestCart, NewCart, Quotes, Wanted};

/// What prices are in when nobody says.
const CURRENCY: Currency = Currency::EUR;

#[derive(OpenApi)]
#[openapi(paths(open, cart, put_line, remove_line, merge, quotes))]
struct Document;

pub(crate) fn routes(carts: Arc<dyn Carts>, replies: Replies) -> Routes {
    let line = "/v1/carts/{id}/lines/{variant}";
    Routes::new("carts")
        .route(Route::post("/v1/carts", open).allow(Policy::Optional))
        .route(Route::get("/v1/carts/{id}", cart).allow(Policy::Shopper))
        .route(Route::put(line, put_line).allow(Policy::Shopper))
        .route(Route::delete(line, remove_line).allow(Policy::Shopper))
        .route(Route::post("/v1/carts/{id}/merge", merge).allow(Policy::Customer))
        .route(Route::get("/v1/carts/{id}/delivery-quotes", quotes).allow(Policy::Shopper))
        .share(Data::from(carts))
        .share(Data::new(replies))
        .document::<Document>()
}

/// Opens a cart, or gives the active one: a shopper has one at a time.
///
/// Whoever sends no token becomes a guest: the answer holds a `guest_token`, this once. Send it as
/// `Guest-Token` from then on. Such a request names nobody, so it is not repeated under its key: each opens a
/// cart of its own.
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
    if who.0.is_none() {
        return open_for_a_guest(&carts, currency).await;
    }
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
    Ok(answer.version(version).replayed(replayed))
}

/// Opens a cart for somebody who is nobody yet.
async fn open_for_a_guest(
    carts: &Data<dyn Carts>,
    currency: Currency,
) -> Result<Answer<Cart>, Problem> {
    let token = GuestToken::fresh();
    let guest = Who(Some(identity::Principal::guest(&token)));
    let cart = carts.open(OpenCart { customer: guest.user()?, currency }).await?;
    let (location, version) = (representation::href(cart.id), cart.version);
    let cart = Cart::try_from(cart)?.known_by(&token);
    Ok(Answer::created(&location, cart).with(CACHE_CONTROL, "no-store").version(version))
}

/// Puts what is in a guest's cart into that of the customer: quantities add up, the newer price wins.
///
/// Doing it twice changes nothing.
#[utoipa::path(post, path = "/v1/carts/{id}/merge", tag = "carts", request_body = GuestCart,
    params(("id" = String, Path, description = "The guest's cart.")),
    responses((status = 200, description = "The customer's cart.", body = Cart), Problem))]
async fn merge(
    carts: Data<dyn Carts>,
    replies: Data<Replies>,
    who: Who,
    id: Param<CartId>,
    wish: Keyed<GuestCart>,
) -> Result<Answer<Cart>, Problem> {
    let token: GuestToken =
        wish.body.guest_token.parse().map_err(|no: identity::InvalidGuestToken| {
            Problem::invalid(Violation::new("/guest_token", "invalid-token", no.to_string()))
        })?;
    let guest = Who(Some(identity::Principal::guest(&token))).user()?;
    let merged = carts.merge(Merge { customer: who.user()?, guest, cart: id.0 });
    let merged = replies.once(&who, "merge a cart", wish.intent, merged).await?;
    Ok(answer(merged.reply)?.replayed(merged.replayed))
}

/// The ways in which what is in the cart can go to a country, cheapest first; none when nothing goes there.
#[utoipa::path(get, path = "/v1/carts/{id}/delivery-quotes", tag = "carts",
    params(("id" = String, Path), Country),
    responses((status = 200, description = "What delivery costs today.", body = Quotes), Problem))]
async fn quotes(
    carts: Data<dyn Carts>,
    who: Who,
    id: Param<CartId>,
    to: Query<Country>,
) -> Result<Answer<Quotes>, Problem> {
    let country = to.0.country;
    if !kernel::is_country(&country) {
        let detail = "give a country as ISO 3166-1 alpha-2, like DE";
        return Err(Problem::invalid(Violation::new("/country", "country", detail)));
    }
    let wish = QuotesFor { customer: who.user()?, cart: id.0, country: country.clone() };
    let quotes = carts.quotes(wish).await?;
    Ok(Answer::ok(Quotes::of(id.0, &country, quotes)))
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
    // By what it says: requirements follow products, whose changes do not count the cart's version on.
    Ok(Answer::ok(Cart::try_from(cart)?))
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
    Ok(Answer::ok(Cart::try_from(cart)?).version(version))
}
