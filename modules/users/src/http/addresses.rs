//! The address book of whoever asks.

use actix_web::{HttpResponse, http::Method, web::Data};
use host::{
    Answer, Body, IfMatch, Keyed, Listing, Paging, Param, Problem, Who, idempotency::Replies,
};
use users_api::{
    AddAddress, AddressBook, AddressId, AddressOf, AddressesOf, Defaults, RemoveAddress,
    ReplaceAddress, Users,
};

use super::{
    ADDRESSES, done, refused,
    representation::{Address, NewAddress},
};

/// Adds an address to the address book of whoever asks; it holds at most 50.
#[utoipa::path(post, path = "/v1/users/me/addresses", tag = "users", request_body = NewAddress,
    responses((status = 201, description = "The address is in the book.", body = Address), Problem))]
pub(super) async fn add_address(
    users: Data<dyn Users>,
    replies: Data<Replies>,
    who: Who,
    wish: Keyed<NewAddress>,
) -> Result<Answer<Address>, Problem> {
    let Keyed { intent, body: wish } = wish;
    let wish = AddAddress {
        owner: who.user()?,
        label: wish.label,
        address: wish.address.into(),
        defaults: Defaults { shipping: wish.default_shipping, billing: wish.default_billing },
    };
    let added = replies.once(&who, "add an address", intent, users.add_address(wish)).await?;
    Ok(added.answer(|address| {
        let (location, version) = (format!("{ADDRESSES}/{}", address.id), address.version);
        Answer::created(&location, address.into()).version(version)
    }))
}

/// Shows the address book of whoever asks, oldest first.
#[utoipa::path(get, path = "/v1/users/me/addresses", tag = "users",
    responses((status = 200, description = "The address book.", body = Listing<Address>), Problem))]
pub(super) async fn addresses(
    users: Data<dyn Users>,
    who: Who,
    paging: Paging,
) -> Result<Answer<Listing<Address>>, Problem> {
    let whose = AddressesOf { owner: who.user()?, page: paging.page.clone() };
    let AddressBook { page, has_room } = users.addresses(whose).await?;
    let mut list = Listing::new(&paging, page.map(Address::from));
    list.links = list.links.action(has_room, "add", Method::POST, ADDRESSES);
    Ok(Answer::ok(list))
}

/// Shows one address of whoever asks.
#[utoipa::path(get, path = "/v1/users/me/addresses/{id}", tag = "users",
    params(("id" = String, Path, description = "`adr_…`")),
    responses((status = 200, description = "The address.", body = Address), Problem))]
pub(super) async fn address(
    users: Data<dyn Users>,
    who: Who,
    id: Param<AddressId>,
) -> Result<Answer<Address>, Problem> {
    let address = users.address(AddressOf { owner: who.user()?, address: id.0 }).await?;
    let version = address.version;
    Ok(Answer::ok(address.into()).version(version))
}

/// Replaces an address of whoever asks. One that becomes a default takes that from the one that was.
#[utoipa::path(put, path = "/v1/users/me/addresses/{id}", tag = "users", request_body = NewAddress,
    params(
        ("id" = String, Path, description = "`adr_…`"),
        ("If-Match" = String, Header, description = "The `ETag` of the version that the change is based on."),
    ),
    responses((status = 200, description = "The address as it is now.", body = Address), Problem))]
pub(super) async fn replace_address(
    users: Data<dyn Users>,
    who: Who,
    id: Param<AddressId>,
    based_on: IfMatch,
    wish: Body<NewAddress>,
) -> Result<Answer<Address>, Problem> {
    let wish = wish.0;
    let wish = ReplaceAddress {
        which: AddressOf { owner: who.user()?, address: id.0 },
        version: based_on.version()?,
        label: wish.label,
        address: wish.address.into(),
        defaults: Defaults { shipping: wish.default_shipping, billing: wish.default_billing },
    };
    let address = users.replace_address(wish).await.map_err(refused)?;
    let version = address.version;
    Ok(Answer::ok(address.into()).version(version))
}

/// Removes an address of whoever asks. Orders keep their own copies.
#[utoipa::path(delete, path = "/v1/users/me/addresses/{id}", tag = "users",
    params(
        ("id" = String, Path, description = "`adr_…`"),
        ("If-Match" = String, Header, description = "The `ETag` of the version that the wish is based on."),
    ),
    responses((status = 204, description = "The address is gone."), Problem))]
pub(super) async fn remove_address(
    users: Data<dyn Users>,
    who: Who,
    id: Param<AddressId>,
    based_on: IfMatch,
) -> Result<HttpResponse, Problem> {
    let which = AddressOf { owner: who.user()?, address: id.0 };
    let version = based_on.version()?;
    users.remove_address(RemoveAddress { which, version }).await.map_err(refused)?;
    Ok(done())
}
