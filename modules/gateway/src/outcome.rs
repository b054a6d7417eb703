//! Answers as they leave.

use actix_web::{
    body::EitherBody,
    dev::ServiceResponse,
    http::header::{HeaderName, HeaderValue},
};
use host::{
    Problem,
    door::{self, TRACEPARENT, value},
};
use ports::Trace;

use crate::{admission::Visit, headers::REQUEST_ID, rate::Allowance};

/// The answer as it leaves: a problem if it is a failure, and with the headers that every answer has.
pub(crate) fn finished<B>(
    mut response: ServiceResponse<EitherBody<B>>,
    visit: &Visit,
    trace: Trace,
) -> ServiceResponse<EitherBody<B>> {
    if let Some(problem) = door::instead(response.response(), &visit.path, trace) {
        response = ServiceResponse::new(response.into_parts().0, problem.map_into_right_body());
    }
    let headers = response.headers_mut();
    for (name, value) in always(visit, trace) {
        headers.insert(name, value);
    }
    response
}

/// A failure that left no answer behind, such as a panic.
pub(crate) fn broken(problem: Problem, visit: &Visit, trace: Trace) -> actix_web::Error {
    let problem = problem.about(&visit.path, trace);
    always(visit, trace).fold(problem, |problem, (name, value)| problem.header(name, value)).into()
}

/// The headers that every answer has.
fn always(visit: &Visit, trace: Trace) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let known =
        [(REQUEST_ID, visit.request_id.clone()), (TRACEPARENT, value(&trace.traceparent()))];
    let allowance = visit.allowance.into_iter().flat_map(Allowance::headers);
    known.into_iter().chain(allowance)
}
