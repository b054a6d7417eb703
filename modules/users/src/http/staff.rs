//! The accounts of others, for staff.

use actix_web::web::Data;
use host::{
    Answer, Body, IfMatch, KeyOnly, Listing, Paging, Param, Problem, Query, Who,
    idempotency::Replies,
};
use users_api::{SetLocked, SetRoles, User, UserId, Users, UsersWhere};

use super::{
    refused,
    representation::{Account, People, Roles},
};

/// Lists people, the newest first.
#[utoipa::path(get, path = "/v1/admin/users", tag = "users", params(People),
    responses((status = 200, description = "The people.", body = Listing<Account>), Problem))]
pub(super) async fn users(
    users: Data<dyn Users>,
    who: Who,
    wish: Query<People>,
    paging: Paging,
) -> Result<Answer<Listing<Account>>, Problem> {
    let People { status, role, email } = wish.0;
    let wish = UsersWhere {
        status: status.map(Into::into),
        role: role.map(|role| role.as_str().to_owned()),
        email,
        page: paging.page.clone(),
    };
    let page = users.users(wish).await?;
    Ok(Answer::ok(Listing::new(&paging, page.map(|user| Account::for_staff(user, &who)))))
}

/// Shows a person.
#[utoipa::path(get, path = "/v1/admin/users/{id}", tag = "users",
    params(("id" = String, Path, description = "`usr_…`")),
    responses((status = 200, description = "The person.", body = Account), Problem))]
pub(super) async fn user(
    users: Data<dyn Users>,
    who: Who,
    id: Param<UserId>,
) -> Result<Answer<Account>, Problem> {
    Ok(shown(users.user(id.0).await?, &who))
}

/// Gives and takes roles. Access tokens that were issued before keep theirs for up to ten minutes.
///
/// The last administrator stays one: 409.
#[utoipa::path(put, path = "/v1/admin/users/{id}/roles", tag = "users", request_body = Roles,
    params(
        ("id" = String, Path, description = "`usr_…`"),
        ("If-Match" = String, Header, description = "The `ETag` of the version that the change is based on."),
    ),
    responses((status = 200, description = "The person as it is now.", body = Account), Problem))]
pub(super) async fn set_roles(
    users: Data<dyn Users>,
    who: Who,
    id: Param<UserId>,
    based_on: IfMatch,
    wish: Body<Roles>,
) -> Result<Answer<Account>, Problem> {
    let wish = SetRoles { user: id.0, version: based_on.version()?, roles: wish.0.roles };
    Ok(shown(users.set_roles(wish).await.map_err(refused)?, &who))
}

/// Locks an account: it cannot log in, and its sessions end. Access tokens that were issued before are
/// believed for up to ten minutes.
#[utoipa::path(post, path = "/v1/admin/users/{id}/lock", tag = "users",
    params(("id" = String, Path, description = "`usr_…`")),
    responses((status = 200, description = "The account is locked.", body = Account), Problem))]
pub(super) async fn lock(
    users: Data<dyn Users>,
    replies: Data<Replies>,
    who: Who,
    id: Param<UserId>,
    key: KeyOnly,
) -> Result<Answer<Account>, Problem> {
    let work = users.set_locked(SetLocked { user: id.0, locked: true });
    let locked = replies.once(&who, "lock an account", key.0, work).await?;
    Ok(locked.answer(|user| shown(user, &who)))
}

/// Unlocks an account.
#[utoipa::path(post, path = "/v1/admin/users/{id}/unlock", tag = "users",
    params(("id" = String, Path, description = "`usr_…`")),
    responses((status = 200, description = "The account can be used.", body = Account), Problem))]
pub(super) async fn unlock(
    users: Data<dyn Users>,
    replies: Data<Replies>,
    who: Who,
    id: Param<UserId>,
    key: KeyOnly,
) -> Result<Answer<Account>, Problem> {
    let work = users.set_locked(SetLocked { user: id.0, locked: false });
    let unlocked = replies.once(&who, "unlock an account", key.0, work).await?;
    Ok(unlocked.answer(|user| shown(user, &who)))
}

fn shown(user: User, who: &Who) -> Answer<Account> {
    let version = user.version;
    Answer::ok(Account::for_staff(user, who)).version(version)
}
