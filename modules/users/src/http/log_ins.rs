//! Log-ins: opened, continued, listed, ended.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{CACHE_CONTROL, USER_AGENT},
    },
    web::Data,
};
use host::{Answer, Keyed, Listing, Paging, Param, Peer, Problem, Who, idempotency::Replies};
use kernel::Code;
use users_api::{
    EndSessions, Error, LogIn, Refresh, SessionId, SessionOf, SessionsOf, Tokens, Users,
};

use super::{
    SESSIONS, current_session, done,
    representation::{ActiveSession, Continuation, Credentials, Session},
};
use crate::sealed::{SealKey, Unsealable};

/// Tokens are for their owner only (RFC 6749, 5.1).
const NEVER_CACHED: &str = "no-store";

/// Logs in.
///
/// A wrong password and an unknown e-mail address are answered alike. After too many failures comes a
/// 429 with `Retry-After`.
#[utoipa::path(post, path = "/v1/sessions", tag = "users", request_body = Credentials,
    responses((status = 201, description = "The session is open.", body = Session), Problem))]
pub(super) async fn log_in(
    users: Data<dyn Users>,
    request: HttpRequest,
    peer: Peer,
    credentials: Keyed<Credentials>,
) -> Result<Answer<Session>, Problem> {
    let Keyed { intent, body: Credentials { email, password } } = credentials;
    let (user_agent, ip) = (user_agent(&request), peer.text());
    let key = intent.map(|intent| intent.key.as_str().to_owned());
    let tokens = users.log_in(LogIn { email, password, user_agent, ip, key }).await?;
    let (replayed, location) = (tokens.replayed, format!("{SESSIONS}/{}", tokens.session));
    let answer = Answer::created(&location, Session::from(tokens)).replayed(replayed);
    Ok(answer.with(CACHE_CONTROL, NEVER_CACHED))
}

/// Continues a session: gives new tokens for the newest refresh token.
///
/// A refresh token is used once. Within ten seconds it gives the same successor again, to a second tab or to
/// whoever lost the answer; later it is taken for stolen, and the session ends.
#[utoipa::path(post, path = "/v1/sessions/refresh", tag = "users", request_body = Continuation,
    responses((status = 200, description = "The session goes on.", body = Session), Problem))]
pub(super) async fn refresh(
    users: Data<dyn Users>,
    replies: Data<Replies>,
    request: HttpRequest,
    peer: Peer,
    who: Who,
    wish: Keyed<Continuation>,
) -> Result<Answer<Session>, Problem> {
    let Keyed { intent, body: Continuation { refresh_token: token } } = wish;
    let seal = SealKey::of(&token);
    let (user_agent, ip) = (user_agent(&request), peer.text());
    // What is recorded opens only for who has the token.
    let work = async {
        let tokens = users.refresh(Refresh { token, user_agent, ip }).await?;
        seal.seal(&tokens).map_err(broken)
    };
    let refreshed = replies.once(&who, "refresh a session", intent, work).await?;
    let tokens: Tokens = seal.open(&refreshed.reply).map_err(broken)?;
    let answer = Answer::ok(Session::from(tokens)).replayed(refreshed.replayed);
    Ok(answer.with(CACHE_CONTROL, NEVER_CACHED))
}

/// Logs out: the session cannot be continued any more. Its access token ends by itself.
#[utoipa::path(delete, path = "/v1/sessions/current", tag = "users",
    responses((status = 204, description = "The session is over."), Problem))]
pub(super) async fn log_out(users: Data<dyn Users>, who: Who) -> Result<HttpResponse, Problem> {
    let user = who.user()?;
    let Some(session) = current_session(&who) else { return Err(Problem::not_found()) };
    match users.end_session(SessionOf { user, session }).await {
        Ok(()) | Err(Error::UnknownSession(_)) => Ok(done()),
        Err(no) => Err(no.into()),
    }
}

/// Lists the sessions of whoever asks that can be continued, the newest first.
#[utoipa::path(get, path = "/v1/users/me/sessions", tag = "users",
    responses((status = 200, description = "The sessions.", body = Listing<ActiveSession>), Problem))]
pub(super) async fn sessions(
    users: Data<dyn Users>,
    who: Who,
    paging: Paging,
) -> Result<Answer<Listing<ActiveSession>>, Problem> {
    let page = users.sessions(SessionsOf { user: who.user()?, page: paging.page.clone() }).await?;
    let current = current_session(&who);
    let mut list = Listing::new(&paging, page.map(|session| ActiveSession::of(session, current)));
    list.links = list.links.action(true, "end-others", Method::DELETE, SESSIONS);
    Ok(Answer::ok(list))
}

/// Ends all sessions of whoever asks but the current one.
#[utoipa::path(delete, path = "/v1/users/me/sessions", tag = "users",
    responses((status = 204, description = "There is one session left at most."), Problem))]
pub(super) async fn end_sessions(
    users: Data<dyn Users>,
    who: Who,
) -> Result<HttpResponse, Problem> {
    users.end_sessions(EndSessions { user: who.user()?, but: current_session(&who) }).await?;
    Ok(done())
}

/// Shows a session of whoever asks.
#[utoipa::path(get, path = "/v1/users/me/sessions/{id}", tag = "users",
    params(("id" = String, Path, description = "`ses_…`")),
    responses((status = 200, description = "The session.", body = ActiveSession), Problem))]
pub(super) async fn session(
    users: Data<dyn Users>,
    who: Who,
    id: Param<SessionId>,
) -> Result<Answer<ActiveSession>, Problem> {
    let session = users.session(SessionOf { user: who.user()?, session: id.0 }).await?;
    Ok(Answer::ok(ActiveSession::of(session, current_session(&who))))
}

/// Ends a session of whoever asks: it cannot be continued any more. Its access token ends by itself,
/// within ten minutes.
#[utoipa::path(delete, path = "/v1/users/me/sessions/{id}", tag = "users",
    params(("id" = String, Path, description = "`ses_…`")),
    responses((status = 204, description = "The session is over."), Problem))]
pub(super) async fn end_session(
    users: Data<dyn Users>,
    who: Who,
    id: Param<SessionId>,
) -> Result<HttpResponse, Problem> {
    users.end_session(SessionOf { user: who.user()?, session: id.0 }).await?;
    Ok(done())
}

fn user_agent(request: &HttpRequest) -> Option<String> {
    let value = request.headers().get(USER_AGENT)?;
    value.to_str().ok().map(str::to_owned)
}

fn broken(cause: Unsealable) -> Problem {
    Problem::of(Code::Internal, cause.to_string())
}
