//! Every failure as a problem document, whoever failed.

use actix_web::{
    HttpResponse, ResponseError,
    body::EitherBody,
    dev::ServiceResponse,
    http::{
        StatusCode,
        header::{CONTENT_TYPE, HeaderValue},
    },
};
use host::Problem;
use kernel::Code;
use ports::Trace;

use crate::{
    admission::Visit,
    headers::{REQUEST_ID, TRACEPARENT, value},
};

/// The answer as it leaves: a problem if it is a failure, and with the headers that every answer has.
pub(crate) fn finished<B>(
    mut response: ServiceResponse<EitherBody<B>>,
    visit: &Visit,
    trace: Trace,
) -> ServiceResponse<EitherBody<B>> {
    if let Some(problem) = as_problem(response.response(), visit, trace) {
        response = ServiceResponse::new(response.into_parts().0, problem.map_into_right_body());
    }
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, visit.request_id.clone());
    headers.insert(TRACEPARENT, value(&trace.traceparent()));
    for (name, value) in visit.allowance.into_iter().flat_map(|allowance| allowance.headers()) {
        headers.insert(name, value);
    }
    response
}

/// A failure that left no answer behind, such as a panic.
pub(crate) fn broken(problem: Problem, visit: &Visit, trace: Trace) -> actix_web::Error {
    problem
        .about(&visit.path, trace)
        .header(REQUEST_ID, visit.request_id.clone())
        .header(TRACEPARENT, value(&trace.traceparent()))
        .into()
}

/// What `error` says to the outside.
pub(crate) fn problem_of(error: &actix_web::Error) -> Problem {
    let status = error.as_response_error().status_code();
    Problem::of(code_of(status), error.to_string())
}

/// The problem to answer with instead, when `response` is a failure that is not one yet, or one that does
/// not say which request it is about.
fn as_problem<B>(response: &HttpResponse<B>, visit: &Visit, trace: Trace) -> Option<HttpResponse> {
    if let Some(error) = response.error() {
        return Some(match error.as_error::<Problem>() {
            Some(problem) => problem.respond(Some(&visit.path)),
            None => problem_of(error).about(&visit.path, trace).error_response(),
        });
    }
    let status = response.status();
    let said = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let documented = said.is_some_and(|said| said.starts_with(b"application/"));
    if documented || !(status.is_client_error() || status.is_server_error()) {
        return None;
    }
    let code = code_of(status);
    Some(Problem::of(code, code.title()).about(&visit.path, trace).error_response())
}

/// The code that is nearest to a status somebody else chose.
fn code_of(status: StatusCode) -> Code {
    let same = |code: &&Code| code.status() == status.as_u16();
    let found = Code::ALL.iter().find(same).copied();
    found.unwrap_or(if status.is_server_error() { Code::Internal } else { Code::MalformedRequest })
}
