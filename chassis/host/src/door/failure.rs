//! Every failure as a problem document, whoever failed.

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{CONTENT_TYPE, HeaderValue},
    },
};
use kernel::Code;
use ports::Trace;

use crate::Problem;

/// What `error` says to the outside.
pub fn problem_of(error: &actix_web::Error) -> Problem {
    let status = error.as_response_error().status_code();
    Problem::of(code_of(status), error.to_string())
}

/// The problem to answer with instead, when `response` is a failure that is not one yet, or one that does
/// not say that it is about `path`.
pub fn instead<B>(response: &HttpResponse<B>, path: &str, trace: Trace) -> Option<HttpResponse> {
    if let Some(error) = response.error() {
        return Some(match error.as_error::<Problem>() {
            Some(problem) => problem.respond(Some(path)),
            None => problem_of(error).about(path, trace).error_response(),
        });
    }
    let status = response.status();
    let said = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let documented = said.is_some_and(|said| said.starts_with(b"application/"));
    if documented || !(status.is_client_error() || status.is_server_error()) {
        return None;
    }
    let code = code_of(status);
    Some(Problem::of(code, code.title()).about(path, trace).error_response())
}

/// The code that is nearest to a status somebody else chose.
fn code_of(status: StatusCode) -> Code {
    let same = |code: &&Code| code.status() == status.as_u16();
    let found = Code::ALL.iter().find(same).copied();
    found.unwrap_or(if status.is_server_error() { Code::Internal } else { Code::MalformedRequest })
}
