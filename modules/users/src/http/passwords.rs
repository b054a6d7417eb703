//! Passwords that are changed, and passwords that were forgotten.

use actix_web::{HttpResponse, web::Data};
use host::{Answer, Body, Keyed, Param, Peer, Problem, Who, idempotency::Replies};
use users_api::{ChangePassword, OneTimeToken, RequestReset, ResetPassword, Users};

use super::{
    current_session, done,
    representation::{Forgotten, MailPromise, NewPassword, PasswordChange},
};

/// Replaces the password of whoever asks, and ends all other log-ins.
///
/// A wrong `current_password` is a 422; after too many comes a 429 with `Retry-After`.
#[utoipa::path(put, path = "/v1/users/me/password", tag = "users", request_body = PasswordChange,
    responses((status = 204, description = "The password is another one."), Problem))]
pub(super) async fn change_password(
    users: Data<dyn Users>,
    who: Who,
    wish: Body<PasswordChange>,
) -> Result<HttpResponse, Problem> {
    let PasswordChange { current_password, new_password } = wish.0;
    let wish = ChangePassword {
        user: who.user()?,
        session: current_session(&who),
        current: current_password,
        new: new_password,
    };
    users.change_password(wish).await?;
    Ok(done())
}

/// Mails a token to set a new password with, if the e-mail address has an account.
///
/// The answer is the same whether it has one. After too many comes a 429 with `Retry-After`.
#[utoipa::path(post, path = "/v1/password-resets", tag = "users", request_body = Forgotten,
    responses((status = 202, description = "If there is an account, the mail will be sent.", body = MailPromise), Problem))]
pub(super) async fn request_reset(
    users: Data<dyn Users>,
    replies: Data<Replies>,
    peer: Peer,
    who: Who,
    wish: Keyed<Forgotten>,
) -> Result<Answer<MailPromise>, Problem> {
    let Keyed { intent, body: Forgotten { email } } = wish;
    let work = users.request_reset(RequestReset { email, ip: peer.text() });
    let asked = replies.once(&who, "forget a password", intent, work).await?;
    Ok(asked.answer(|()| Answer::accepted(MailPromise::to_reset())))
}

/// Sets a new password by the token that was mailed, and ends all log-ins. A token works once.
#[utoipa::path(put, path = "/v1/password-resets/{token}", tag = "users", request_body = NewPassword,
    params(("token" = String, Path, description = "As it was mailed.")),
    responses((status = 204, description = "The password is another one."), Problem))]
pub(super) async fn reset_password(
    users: Data<dyn Users>,
    token: Param<String>,
    wish: Body<NewPassword>,
) -> Result<HttpResponse, Problem> {
    let token = OneTimeToken::new(token.0);
    users.reset_password(ResetPassword { token, password: wish.0.password }).await?;
    Ok(done())
}
