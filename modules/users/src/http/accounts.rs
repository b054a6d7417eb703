//! The account of whoever asks.

use actix_web::{HttpResponse, web::Data};
use host::{Answer, IfMatch, KeyOnly, Keyed, Problem, Who, idempotency::Replies};
use users_api::{ChangeProfile, Erase, SignUp, Status, User, UserId, Users, VerifyEmail};

use super::{
    Discretion, ME, done, refused,
    representation::{Account, MailPromise, NewAccount, Profile, Proof, Verified},
};

/// Opens an account and mails a token to its e-mail address, which proves that it is read.
#[utoipa::path(post, path = "/v1/users", tag = "users", request_body = NewAccount,
    responses((status = 201, description = "The account is open.", body = Account), Problem))]
pub(super) async fn sign_up(
    users: Data<dyn Users>,
    replies: Data<Replies>,
    discretion: Data<Discretion>,
    who: Who,
    wish: Keyed<NewAccount>,
) -> Result<Answer<Account>, Problem> {
    let Keyed { intent, body: NewAccount { email, password, name } } = wish;
    let intent = discretion.intent(intent, &["sign up", &email, &name], &password).await?;
    let work = users.sign_up(SignUp { email, password, name });
    let signed_up = replies.once(&who, "sign up", intent, work).await?;
    Ok(signed_up.answer(|user| {
        let version = user.version;
        Answer::created(ME, user.into()).version(version)
    }))
}

/// Proves that the mail of an account is read, by the token that was sent there. A token works once.
#[utoipa::path(post, path = "/v1/users/verify-email", tag = "users", request_body = Proof,
    responses((status = 200, description = "The e-mail address is verified.", body = Verified), Problem))]
pub(super) async fn verify_email(
    users: Data<dyn Users>,
    replies: Data<Replies>,
    who: Who,
    proof: Keyed<Proof>,
) -> Result<Answer<Verified>, Problem> {
    let Keyed { intent, body: Proof { token } } = proof;
    let work = users.verify_email(VerifyEmail { token });
    let verified = replies.once(&who, "verify an e-mail address", intent, work).await?;
    Ok(verified.answer(|user| Answer::ok(user.into())))
}

/// Mails another token to the e-mail address of whoever asks, unless it is verified.
///
/// After too many comes a 429 with `Retry-After`.
#[utoipa::path(post, path = "/v1/users/me/verification-mails", tag = "users",
    responses((status = 202, description = "The mail will be sent.", body = MailPromise), Problem))]
pub(super) async fn request_verification(
    users: Data<dyn Users>,
    replies: Data<Replies>,
    who: Who,
    key: KeyOnly,
) -> Result<Answer<MailPromise>, Problem> {
    let work = users.request_verification(who.user()?);
    let asked = replies.once(&who, "ask for a verification mail", key.0, work).await?;
    Ok(asked.answer(|()| Answer::accepted(MailPromise::to_verify())))
}

/// Shows the account of whoever asks.
#[utoipa::path(get, path = "/v1/users/me", tag = "users",
    responses((status = 200, description = "The account.", body = Account), Problem))]
pub(super) async fn me(users: Data<dyn Users>, who: Who) -> Result<Answer<Account>, Problem> {
    let user = known(users.user(who.user()?).await?)?;
    let version = user.version;
    Ok(Answer::ok(user.into()).version(version))
}

/// Changes name or phone number of whoever asks. What is absent stays, `null` removes.
#[utoipa::path(patch, path = "/v1/users/me", tag = "users", request_body = Profile,
    params(("If-Match" = String, Header, description = "The `ETag` of the version that the change is based on.")),
    responses((status = 200, description = "The account as it is now.", body = Account), Problem))]
pub(super) async fn change_me(
    users: Data<dyn Users>,
    replies: Data<Replies>,
    who: Who,
    based_on: IfMatch,
    change: Keyed<Profile>,
) -> Result<Answer<Account>, Problem> {
    let Keyed { intent, body: Profile { name, phone } } = change;
    let wish = ChangeProfile { user: who.user()?, version: based_on.version()?, name, phone };
    let work = async { users.change_profile(wish).await.map_err(refused) };
    let changed = replies.once(&who, "change the profile", intent, work).await?;
    Ok(changed.answer(|user| {
        let version = user.version;
        Answer::ok(user.into()).version(version)
    }))
}

/// Forgets who whoever asks was: name, e-mail address, phone number, addresses and log-ins are gone for
/// good. Only the id stays, because orders have to name somebody.
#[utoipa::path(delete, path = "/v1/users/me", tag = "users",
    params(("If-Match" = String, Header, description = "The `ETag` of the version that the wish is based on.")),
    responses((status = 204, description = "The person is forgotten."), Problem))]
pub(super) async fn erase_me(
    users: Data<dyn Users>,
    who: Who,
    based_on: IfMatch,
) -> Result<HttpResponse, Problem> {
    let user: UserId = who.user()?;
    let version = based_on.version()?;
    known(users.user(user).await?)?;
    users.erase(Erase { user, version }).await.map_err(refused)?;
    Ok(done())
}

/// An erased account is not there any more for whom it was.
fn known(user: User) -> Result<User, Problem> {
    if user.status == Status::Erased { Err(Problem::not_found()) } else { Ok(user) }
}
